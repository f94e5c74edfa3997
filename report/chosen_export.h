// Which policy is exported, and as what: of an experiment the winner, with the results that say so.
#pragma once

#include <string>
#include <vector>

#include "experiment/config.h"
#include "experiment/inputs.h"
#include "scx_port/export/exporter.h"
#include "sim/results.h"

namespace simsched {

// A request that holds what it refers to.
struct ChosenExport {
  HostedPolicy hosted;
  Machine machine;
  std::string policy, where, results;
  ExportRequest request(const std::string& version) const { return {policy, hosted, machine, where, results, version}; }
};

// Of an experiment: the policy labelled `wanted`, or the best by the first metric of those that can be exported, did
// all the work and starved nobody. Throws Error (where: the config, or "--policy") where there is none, and for one
// whose simulation failed.
ChosenExport choose_export(const Config& config, const Inputs& inputs, const std::string& wanted,
                           const std::vector<RunResult>& results);
// What of that can be known before anything is simulated.
void check_export(const Config& config, const std::string& wanted);

// A shipped policy or a source, with nothing simulated, for this computer. Throws Error for what is neither.
ChosenExport plain_export(const std::string& subject, const PolicyRegistry& registry);

}  // namespace simsched
