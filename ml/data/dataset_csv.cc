#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "ml/data/dataset_file.h"

namespace simsched::ml {
namespace {

constexpr std::string_view kComment = "# simsched decisions, encoding ";

std::string heading(bool outcomes) {
  std::string text;
  for (size_t f = 0; f < FEATURES; ++f) text += std::string(feature_name(f)) + ',';
  return text + "moves," + (outcomes ? "outcome," : "") + "recording,machine,policy,seed";
}

// A name in a table of commas and lines.
std::string plain(std::string name) {
  for (char& c : name)
    if (c == ',' || static_cast<unsigned char>(c) < 0x20) c = ' ';
  return name;
}

std::string_view take(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return head;
}

template <class Number>
Number number(std::string_view text, Number most, const char* what, const std::string& where) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value <= most) ||
      !std::isfinite(static_cast<double>(value)))
    throw Error(where, std::string(what) + " is '" + std::string(text.substr(0, 40)) + "'",
                "each is a finite number within its range");
  return value;
}

}  // namespace

std::string dataset_csv(const Dataset& dataset) {
  const bool outcomes = !dataset.outcome.empty();
  std::string text = std::string(kComment) + std::to_string(FEATURES_ENCODING) + '\n' + heading(outcomes) + '\n';
  std::vector<std::string> origins;
  for (const Origin& o : dataset.origins)
    origins.push_back(plain(o.recording) + ',' + plain(o.machine) + ',' + plain(o.policy) + ',' +
                      std::to_string(o.seed) + '\n');
  for (size_t i = 0; i < dataset.rows(); ++i) {
    for (const auto& column : dataset.inputs) text += std::to_string(column[i]) + ',';
    text += dataset.moves[i] ? "1," : "0,";
    if (outcomes) {
      char digits[32];
      text.append(digits, std::to_chars(digits, std::end(digits), dataset.outcome[i]).ptr) += ',';
    }
    text += origins[dataset.origin[i]];
  }
  return text;
}

Dataset parse_dataset_csv(std::string_view text, const std::string& file) {
  std::string_view line = take(text, '\n');
  if (!line.starts_with(kComment))
    throw Error(file + ":1", "not a table of decisions", "its first line would be '" + std::string(kComment) + "N'");
  line.remove_prefix(kComment.size());
  if (line != std::to_string(FEATURES_ENCODING))
    throw Error(
        file + ":1",
        "its inputs are of encoding " + std::string(line.substr(0, 20)) + ", not " + std::to_string(FEATURES_ENCODING),
        "collect it again");
  line = take(text, '\n');
  const bool outcomes = line == heading(true);
  if (!outcomes && line != heading(false))
    throw Error(file + ":2", "the heading is another one", "it would be '" + heading(false) + "'");
  Dataset dataset;
  std::map<Origin, size_t> known;
  for (size_t number_of_line = 3; !text.empty(); ++number_of_line) {
    const std::string where = file + ':' + std::to_string(number_of_line);
    line = take(text, '\n');
    mlp::Features features;
    for (size_t f = 0; f < FEATURES; ++f)
      features[f] = number<uint16_t>(take(line, ','), 65535, feature_name(f), where);
    const bool moves = number<uint16_t>(take(line, ','), 1, "moves", where) != 0;
    if (outcomes) dataset.outcome.push_back(number<float>(take(line, ','), HUGE_VALF, "outcome", where));
    Origin origin;
    for (std::string* name : {&origin.recording, &origin.machine, &origin.policy}) *name = take(line, ',');
    origin.seed = number<uint64_t>(line, UINT64_MAX, "seed", where);
    const auto [it, is_new] = known.try_emplace(origin, dataset.origins.size());
    if (is_new) dataset.origins.push_back(origin);
    if (dataset.origins.size() > kMaxOrigins || dataset.rows() >= kMaxRows)
      throw Error(where, "more decisions than a dataset holds", "take fewer");
    dataset.add(features, moves, it->second);
  }
  return dataset;
}

}  // namespace simsched::ml
