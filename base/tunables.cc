#include "base/tunables.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

bool parse_int(const std::string& text, int64_t* value) {
  const char* end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data(), end, *value);
  return failed == std::errc() && rest == end && !text.empty();
}

bool parse_bool(const std::string& text, bool* value) {
  static const std::vector<std::string> yes{"true", "yes", "on", "1"}, no{"false", "no", "off", "0"};
  *value = std::find(yes.begin(), yes.end(), text) != yes.end();
  return *value || std::find(no.begin(), no.end(), text) != no.end();
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

bool parse_nanos(const std::string& text, Nanos* value) {
  const char *at = text.data(), *end = at + text.size();
  int64_t whole = 0, fraction = 0, scale = 1;
  auto [rest, failed] = std::from_chars(at, end, whole);
  if (failed != std::errc() || whole < 0) return false;
  at = rest;
  if (at != end && *at == '.') {
    const char* first = ++at;
    for (; at != end && *at >= '0' && *at <= '9' && scale < 1000000000; ++at) {
      fraction = fraction * 10 + (*at - '0');
      scale *= 10;
    }
    if (at == first) return false;
  }
  std::string unit(at, end);
  int64_t factor = unit == "s"                    ? 1000000000
                   : unit == "ms"                 ? 1000000
                   : unit == "us"                 ? 1000
                   : unit == "ns" || unit.empty() ? 1
                                                  : 0;
  if (factor == 0 || whole > INT64_MAX / factor - 1) return false;
  if (fraction * factor % scale != 0) return false;  // not a whole number of ns
  *value = Nanos(whole * factor + fraction * factor / scale);
  return true;
}

void TunableReader::bind(std::string key, int64_t* variable, int64_t low, int64_t high, std::string help) {
  bindings_.push_back({Binding::Kind::kInt, std::move(key), std::move(help), variable, low, high, {}});
}
void TunableReader::bind(std::string key, Nanos* variable, Nanos low, Nanos high, std::string help) {
  bindings_.push_back(
      {Binding::Kind::kNanos, std::move(key), std::move(help), variable, low.count(), high.count(), {}});
}
void TunableReader::bind(std::string key, bool* variable, std::string help) {
  bindings_.push_back({Binding::Kind::kBool, std::move(key), std::move(help), variable, 0, 1, {}});
}
void TunableReader::bind(std::string key, std::string* variable, std::vector<std::string> choices, std::string help) {
  bindings_.push_back({Binding::Kind::kChoice, std::move(key), std::move(help), variable, 0, 0, std::move(choices)});
}
void TunableReader::bind(std::string key, std::string* variable, std::string help) {
  bindings_.push_back({Binding::Kind::kText, std::move(key), std::move(help), variable, 0, 0, {}});
}

void TunableReader::read(const Tunables& tunables, const std::string& policy) const {
  for (const Tunable& t : tunables) {
    auto found = std::find_if(bindings_.begin(), bindings_.end(), [&](const Binding& b) { return b.key == t.key; });
    if (found == bindings_.end()) {
      std::vector<std::string> keys;
      for (const Binding& b : bindings_) keys.push_back(b.key);
      throw Error(t.where, "policy " + policy + " has no tunable '" + t.key + "'", suggest(t.key, keys));
    }
    auto wrong = [&](const std::string& remedy) {
      return Error(t.where, "'" + t.value + "' is not a value of " + t.key, remedy);
    };
    auto range = [&](const std::string& unit) {
      return "give it a number from " + std::to_string(found->low) + " to " + std::to_string(found->high) + unit;
    };
    switch (found->kind) {
      case Binding::Kind::kInt: {
        int64_t value = 0;
        if (!parse_int(t.value, &value) || value < found->low || value > found->high) throw wrong(range(""));
        *static_cast<int64_t*>(found->variable) = value;
        break;
      }
      case Binding::Kind::kNanos: {
        Nanos value;
        if (!parse_nanos(t.value, &value) || value.count() < found->low || value.count() > found->high)
          throw wrong(range(" ns, or with a unit like 3ms, 20us"));
        *static_cast<Nanos*>(found->variable) = value;
        break;
      }
      case Binding::Kind::kBool:
        if (bool value; parse_bool(t.value, &value)) *static_cast<bool*>(found->variable) = value;
        else throw wrong("write true or false");
        break;
      case Binding::Kind::kChoice:
        if (std::find(found->choices.begin(), found->choices.end(), t.value) == found->choices.end())
          throw wrong("one of " + join(found->choices));
        *static_cast<std::string*>(found->variable) = t.value;
        break;
      case Binding::Kind::kText:
        if (t.value.empty()) throw wrong("write some text");
        *static_cast<std::string*>(found->variable) = t.value;
        break;
    }
  }
}

std::vector<TunableReader::Info> TunableReader::infos() const {
  std::vector<Info> infos;
  for (const Binding& b : bindings_) {
    std::string value;
    switch (b.kind) {
      case Binding::Kind::kInt: value = std::to_string(*static_cast<const int64_t*>(b.variable)); break;
      case Binding::Kind::kNanos: value = std::to_string(static_cast<const Nanos*>(b.variable)->count()); break;
      case Binding::Kind::kBool: value = *static_cast<const bool*>(b.variable) ? "true" : "false"; break;
      case Binding::Kind::kText:
      case Binding::Kind::kChoice: value = *static_cast<const std::string*>(b.variable); break;
    }
    infos.push_back({b.key, value, b.help});
  }
  return infos;
}

}  // namespace simsched
