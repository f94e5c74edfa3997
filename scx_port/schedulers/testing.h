// For tests of schedulers: one simulated, and what it counted.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "policies/registry.h"
#include "scx_port/host/policies.h"
#include "sim/engine.h"

namespace simsched::testing {

using Counters = std::map<std::string, int64_t>;

// Every figure of a run that ends well.
inline Counters simulate_policy(const std::string& policy, const Tunables& tunables, const Machine& machine,
                                const Workload& workload) {
  EngineOptions options;
  options.check_invariants = true;
  PolicyRegistry registry(scx_policies());
  Engine engine(machine, workload, options, registry.make(policy, tunables, options.kernel, machine));
  engine.run();
  const RunResult result = engine.result();
  EXPECT_EQ(result.status, "ok");
  Counters counters;
  for (const auto& [name, value] : result.figures()) counters[name] = value;
  return counters;
}

}  // namespace simsched::testing
