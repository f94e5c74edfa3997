// A model beside baselines and controls on scenarios of families that the search has not seen, each pair on the same
// scenario. Logarithms of ratios are averaged; their 95 % intervals are those of a bootstrap over scenarios.
#pragma once

#include <string>
#include <vector>

#include "ml/search/search_config.h"

namespace simsched::search {

// A geometric mean and where it lies with 95 % confidence.
struct Ratio {
  double mean = 1, low = 1, high = 1;
};

// The model against one of them.
struct Duel {
  std::string opponent;
  Ratio makespan;                                        // below 1: the model's is shorter
  Ratio migrations;                                      // of 1 + migrations
  Ratio wake;                                            // of the 99th percentile of wake-up latency, and 1 us
  double worst = 1;                                      // makespan ratio
  size_t wins = 0;                                       // scenarios in which the model's makespan is shorter
  std::vector<std::pair<std::string, double>> families;  // makespan by family
};

struct HeldOut {
  std::vector<std::string> policies;  // baselines, controls, and at last the model
  std::vector<Scenario> scenarios;
  FiguresTable table;
  std::vector<Duel> duels;  // with each of the others

  // Against each of them the whole interval lies below 1.
  bool accepted() const;
};

// Of what was found, SearchConfig::candidate(); empty when `stop` said so. Throws Error for a model that the policy
// does not take.
HeldOut held_out(const SearchConfig& config, const PolicyConfig& found, const PolicyRegistry& registry, int jobs,
                 const std::function<bool()>& stop = {}, const Progress& progress = {});

// Of logarithms: e to their mean, and the interval; the same for the same seed.
Ratio bootstrap(const std::vector<double>& logs, uint64_t seed);

std::string held_out_json(const HeldOut& result);

}  // namespace simsched::search
