// Recorded rates of packets: how many a second, by time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workloads/packets.h"

namespace simsched {

// Lines `ms,packets a second` in order of time, the rate from then until the next line's time; comments after '#'. The
// last rate lasts. Throws Error with file and line.
std::vector<RateStep> parse_rates(std::string_view text, const std::string& file);

}  // namespace simsched
