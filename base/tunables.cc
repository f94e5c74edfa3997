#include "base/tunables.h"

#include <algorithm>
#include <charconv>

#include "base/duration.h"
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

Error wrong(const Tunable& tunable, const std::string& remedy) {
  return Error(tunable.where, "'" + tunable.value.str() + "' is not a value of " + tunable.key, remedy);
}

void add_settings(const Tunables& tunables, const std::string& group, std::string* text) {
  for (const Tunable& tunable : tunables) {
    if (const Tunables* members = tunable.value.map()) {
      add_settings(*members, group + tunable.key + ".", text);
    } else {
      text->append(text->empty() ? "" : " ").append(group).append(tunable.key).append("=").append(tunable.value.str());
    }
  }
}

}  // namespace

TunableValue::TunableValue(std::string text) : value_(std::move(text)) {}
TunableValue::TunableValue(const char* text) : value_(std::string(text)) {}
TunableValue::TunableValue(List items) : value_(std::move(items)) {}
TunableValue::TunableValue(Tunables members) : value_(std::move(members)) {}

std::string TunableValue::str() const {
  std::vector<std::string> parts;
  if (text()) return *text();
  if (list()) {
    for (const TunableValue& item : *list()) parts.push_back(item.str());
    return "[" + join(parts) + "]";
  }
  for (const Tunable& member : *map()) parts.push_back(member.key + ": " + member.value.str());
  return "{" + join(parts) + "}";
}

std::string settings_text(const Tunables& tunables) {
  std::string text;
  add_settings(tunables, "", &text);
  return text;
}

void TunableReader::bind_text(Info info, std::function<void(const std::string&, const Tunable&)> read,
                              std::function<std::string()> value) {
  auto read_word = [read = std::move(read)](const Tunable& tunable, const std::string&) {
    if (!tunable.value.text())
      throw Error(tunable.where, tunable.key + " is not one value", "write '" + tunable.key + ": VALUE'");
    read(*tunable.value.text(), tunable);
  };
  bindings_.push_back({std::move(info), std::move(read_word), std::move(value)});
}

void TunableReader::bind(std::string key, int64_t* variable, int64_t low, int64_t high, std::string help) {
  auto read = [=](const std::string& text, const Tunable& tunable) {
    int64_t value = 0;
    if (!parse_int(text, &value) || value < low || value > high)
      throw wrong(tunable, "give it a number from " + std::to_string(low) + " to " + std::to_string(high));
    *variable = value;
  };
  bind_text({std::move(key), {}, std::move(help), false, {}}, read, [=] { return std::to_string(*variable); });
}

void TunableReader::bind(std::string key, Nanos* variable, Nanos low, Nanos high, std::string help) {
  auto read = [=](const std::string& text, const Tunable& tunable) {
    *variable = read_duration(text, tunable.key, low, high, tunable.where);
  };
  bind_text({std::move(key), {}, std::move(help), false, {}}, read, [=] { return std::to_string(variable->count()); });
}

void TunableReader::bind(std::string key, bool* variable, std::string help) {
  auto read = [=](const std::string& text, const Tunable& tunable) {
    if (!parse_bool(text, variable)) throw wrong(tunable, "write true or false");
  };
  bind_text({std::move(key), {}, std::move(help), false, {}}, read, [=] { return *variable ? "true" : "false"; });
}

void TunableReader::bind(std::string key, std::string* variable, std::vector<std::string> choices, std::string help) {
  auto read = [=](const std::string& text, const Tunable& tunable) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
      throw wrong(tunable, "one of " + join(choices));
    *variable = text;
  };
  bind_text({std::move(key), {}, std::move(help), false, {}}, read, [=] { return *variable; });
}

void TunableReader::bind(std::string key, std::string* variable, std::string help) {
  bind_path(std::move(key), variable, {}, std::move(help));
  bindings_.back().info.is_path = false;
}

void TunableReader::bind_path(std::string key, std::string* variable, std::vector<std::string> words,
                              std::string help) {
  auto read = [=](const std::string& text, const Tunable& tunable) {
    if (text.empty()) throw wrong(tunable, "write some text");
    *variable = text;
  };
  bind_text({std::move(key), {}, std::move(help), true, std::move(words)}, read, [=] { return *variable; });
}

void TunableReader::bind_paths(std::string key, std::vector<std::string>* variable, std::string help) {
  auto read = [=](const Tunable& tunable, const std::string&) {
    variable->clear();
    const TunableValue::List one = {tunable.value};
    if (tunable.value.list() && tunable.value.list()->empty()) throw wrong(tunable, "write a list of paths, [A, B]");
    for (const TunableValue& item : tunable.value.list() ? *tunable.value.list() : one) {
      if (!item.text() || item.text()->empty()) throw wrong(tunable, "write a list of paths, [A, B]");
      variable->push_back(*item.text());
    }
  };
  bindings_.push_back({{std::move(key), {}, std::move(help), true, {}}, read, [=] { return join(*variable); }});
}

void TunableReader::bind_map(std::string key, TunableReader members, std::string shown, std::string help) {
  members.group_ = group_ + key + ".";
  auto read = [members = std::move(members), shown](const Tunable& tunable, const std::string& policy) {
    if (!tunable.value.map()) throw wrong(tunable, "write it as '" + tunable.key + ": " + shown + "'");
    members.read(*tunable.value.map(), policy);
  };
  bindings_.push_back({{std::move(key), {}, std::move(help), false, {}}, read, [=] { return shown; }});
}

void TunableReader::read(const Tunables& tunables, const std::string& policy) const {
  for (const Tunable& tunable : tunables) {
    auto found =
        std::find_if(bindings_.begin(), bindings_.end(), [&](const Binding& b) { return b.info.key == tunable.key; });
    if (found != bindings_.end()) {
      found->read(tunable, policy);
    } else if (rest_) {
      rest_->push_back(tunable);
    } else {
      std::vector<std::string> keys;
      for (const Binding& b : bindings_) keys.push_back(group_ + b.info.key);
      const std::string key = group_ + tunable.key;
      throw Error(tunable.where, "policy " + policy + " has no tunable '" + key + "'", suggest(key, keys));
    }
  }
}

std::vector<TunableReader::Info> TunableReader::infos() const {
  std::vector<Info> infos;
  for (const Binding& binding : bindings_) {
    infos.push_back(binding.info);
    infos.back().value = binding.value();
  }
  return infos;
}

}  // namespace simsched
