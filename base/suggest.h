// "did you mean": the known name nearest to a mistyped one, for error messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace simsched {

// The candidate with the smallest edit distance, or "" when none is near (over a third of its length).
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// A remedy for an Error: "did you mean 'x'?" or "one of a, b, c".
std::string suggest(std::string_view name, std::span<const std::string> candidates);

}  // namespace simsched
