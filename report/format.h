// Numbers as people read them. Only for display: results.json and the CSV carry the exact integers.
#pragma once

#include <string>

namespace simsched {

// Four significant digits in the largest unit that keeps the number at 1 or more: "812 ns", "14.20 us", "95.42 s".
std::string format_ns(double nanos);

// Whole numbers with thousands separators ("107,879"), small fractions with two decimals ("0.33").
std::string format_count(double value);

// By the unit of a Metric: "ns", "uj", "ppm" (shown in percent), or anything else as a count.
std::string format_value(double value, const std::string& unit);

// "+1.6%", "-12.3%", "0.0%"; past 1000 % as a factor ("x24").
std::string format_percent(double percent);

}  // namespace simsched
