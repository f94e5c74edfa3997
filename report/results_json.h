// results.json: what a run found, for other programs. docs/results.md has the schema.
//
// The same results give the same bytes: no time stamps, no paths, integers only, a fixed order of keys.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/results.h"

namespace simsched {

inline constexpr const char* kResultsSchema = "simsched-results/2";

std::string results_to_json(std::span<const RunResult> results, const std::string& version);

// Reads schema 1 too, where the metrics stand in the result itself, and the counters among them. Throws Error with
// `name` and the line for anything that is not such a file.
std::vector<RunResult> results_from_json(std::string_view text, const std::string& name);

// One run as one line without its end, and back from JSON that may have more members.
std::string result_to_line(const RunResult& result);
RunResult result_from_line(std::string_view line, const std::string& where);

}  // namespace simsched
