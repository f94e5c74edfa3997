// Results as one HTML page that needs nothing else: no network, no other file.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/page/timeline.h"
#include "sim/results.h"

namespace simsched {

struct PageTimeline {
  std::string machine, policy;
  uint64_t seed = 0;
  Timeline timeline;
};

struct Page {
  std::string title;
  std::span<const RunResult> results;
  std::vector<std::string> metrics;                           // of the first table, in order
  std::vector<std::pair<std::string, std::string>> drawings;  // SVG by machine
  std::vector<PageTimeline> timelines;
  std::string config;   // its text; may be empty
  std::string version;  // of simsched
};

constexpr size_t kMostTimelineRuns = 200'000;  // a page; a browser draws that many at once

// The same results give the same bytes.
std::string results_page(const Page& page);

}  // namespace simsched
