// Durations as people write them, wherever they write one: a whole number of nanoseconds, or a number with a unit, as
// "700000", "700us", "1.4ms", "2s". No sign, no space, nothing finer than a nanosecond.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace simsched {

// None where it is not one.
std::optional<Nanos> parse_duration(std::string_view text);

// In the largest unit that holds it exactly: "10ms", "1400us", "0".
std::string duration_text(Nanos value);

// Nanoseconds in "ns", "us", "ms" or "s"; 0: no unit of time.
int64_t nanos_in(std::string_view unit);

// One in [low, high]. Throws Error (where: `where`) that calls it `what`.
Nanos read_duration(const std::string& text, const std::string& what, Nanos low, Nanos high, const std::string& where);

}  // namespace simsched
