#include "workloads/rates.h"

#include "workloads/packet_lines.h"

namespace simsched {

std::vector<RateStep> parse_rates(std::string_view text, const std::string& file) {
  constexpr int64_t kYearMs = int64_t{86400} * 365 * 1000;
  std::vector<RateStep> steps;
  FieldLines lines(text, file, ',');
  while (lines.next()) {
    if (lines.fields().size() != 2)
      throw Error(lines.where(), "has " + std::to_string(lines.fields().size()) + " fields",
                  "write a time in ms and packets a second, as 250,12000");
    const Nanos at(lines.integer(0, "the time", 0, kYearMs) * 1'000'000);
    if (!steps.empty() && at <= steps.back().at)
      throw Error(lines.where(), "its time is not after that of the line before", "sort the lines by time");
    steps.push_back({at, lines.integer(1, "the rate", 0, kMostPacketRate)});
  }
  if (steps.empty()) throw Error(file, "has no rates", "write lines of a time in ms and packets a second: 0,12000");
  return steps;
}

}  // namespace simsched
