#include "base/duration.h"

#include <array>
#include <charconv>

#include "base/error.h"

namespace simsched {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanos;
};
constexpr std::array kUnits{Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000}, Unit{"us", 1'000}, Unit{"ns", 1}};

}  // namespace

int64_t nanos_in(std::string_view unit) {
  for (const Unit& known : kUnits)
    if (known.name == unit) return known.nanos;
  return 0;
}

std::optional<Nanos> parse_duration(std::string_view text) {
  const char *at = text.data(), *end = at + text.size();
  int64_t whole = 0, fraction = 0, scale = 1;
  auto [rest, failed] = std::from_chars(at, end, whole);
  if (failed != std::errc() || whole < 0 || text.front() == '-') return std::nullopt;
  at = rest;
  if (at != end && *at == '.') {
    const char* first = ++at;
    for (; at != end && *at >= '0' && *at <= '9' && scale < 1'000'000'000; ++at) {
      fraction = fraction * 10 + (*at - '0');
      scale *= 10;
    }
    if (at == first) return std::nullopt;
  }
  const std::string_view unit(at, static_cast<size_t>(end - at));
  const int64_t factor = unit.empty() ? 1 : nanos_in(unit);
  if (factor == 0 || whole > INT64_MAX / factor - 1) return std::nullopt;
  if (fraction * factor % scale != 0) return std::nullopt;  // not a whole number of nanoseconds
  return Nanos(whole * factor + fraction * factor / scale);
}

std::string duration_text(Nanos value) {
  if (value == Nanos(0)) return "0";
  const Unit* unit = kUnits.begin();
  while (value.count() % unit->nanos != 0) ++unit;
  return std::to_string(value.count() / unit->nanos) + std::string(unit->name);
}

Nanos read_duration(const std::string& text, const std::string& what, Nanos low, Nanos high, const std::string& where) {
  const std::string range = duration_text(low) + " to " + duration_text(high);
  const std::optional<Nanos> value = parse_duration(text);
  if (!value)
    throw Error(where, what + " is '" + text + "', not a duration", "write it as 3ms, 250us or 10s: " + range);
  if (*value < low || *value > high) throw Error(where, what + " is " + text, "take " + range);
  return *value;
}

}  // namespace simsched
