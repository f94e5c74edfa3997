#include "base/yaml/yaml_amount.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace simsched {
namespace {

constexpr int64_t kLargest = int64_t{1} << 52;

}  // namespace

Amount read_amount(const YamlMap& map, const std::string& key) {
  const std::string text = map.text(key);
  Amount amount;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, amount.number);
  amount.unit.assign(rest, end);
  if (failed != std::errc() || amount.number < 0 || amount.number > kLargest ||
      !std::ranges::all_of(amount.unit, [](unsigned char c) { return std::isalpha(c) != 0 || c == '%'; }))
    throw Error(map.where(key), key + " is '" + text + "'",
                "write a whole number from 0 on, with a unit or without: 5ms");
  return amount;
}

std::pair<Amount, Amount> read_amounts(const YamlMap& map, const std::string& what) {
  for (const char* key : {"from", "to"})
    if (!map.has(key)) throw Error(map.where(), what + " has no '" + key + "'", "write {from: 2, to: 8}");
  Amount from = read_amount(map, "from"), to = read_amount(map, "to");
  if (from.unit != to.unit)
    throw Error(map.where("to"), what + " goes from '" + map.text("from") + "' to '" + map.text("to") + "'",
                "give both the same unit");
  if (from.number > to.number)
    throw Error(map.where("from"), what + " goes from " + map.text("from") + " down to " + map.text("to"), "swap them");
  return {std::move(from), std::move(to)};
}

}  // namespace simsched
