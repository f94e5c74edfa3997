// The file of `simsched search`, as written. docs/learning.md describes every key.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiment/policy_config.h"
#include "ml/search/candidate.h"
#include "ml/search/scenario.h"
#include "ml/search/tuned.h"
#include "ml/search/worth.h"

namespace simsched::search {

struct SearchConfig {
  std::string file;
  PolicyConfig policy{};  // without its model
  Shape shape;
  std::vector<Tuned> tuned;  // the last coordinates of a point
  Point start;
  bool start_rollouts = false;          // it is fitted to rollouts first
  std::vector<PolicyConfig> baselines;  // the first is what latency, waits and energy are compared to
  std::vector<PolicyConfig> controls;   // what the model has to beat, too
  Method method;
  uint64_t generations = 100;
  size_t scenarios = 8;         // a generation
  uint64_t validate_every = 5;  // generations
  Objective objective;
  std::vector<Family> train, validation, test;
  size_t validation_scenarios = 16, test_scenarios = 60;
  std::string digest;  // of all that the course of a search follows from

  bool has_model() const { return shape.kind != ModelKind::kNone; }
  // The policy as a point has it. Its model, where it has one, is in the file `model`.
  PolicyConfig candidate(const Point& point, const std::string& model, const std::string& label = "model") const;
  // Of its tunables: name and value.
  std::vector<std::pair<std::string, std::string>> values_of(const Point& point) const;
};

// Throws Error with file and line; what can only be seen once it is drawn, Search says.
SearchConfig load_search_config(const std::string& path, const PolicyRegistry& registry);
SearchConfig parse_search_config(const std::string& text, const std::string& file, const PolicyRegistry& registry);

}  // namespace simsched::search
