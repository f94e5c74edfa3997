// The proof of an exported scheduler: boots, and what is to be read in what they left.
#pragma once

#include <string>
#include <vector>

#include "scx_port/manifest/manifest.h"
#include "scx_port/proof/boot.h"

namespace simsched {

// One boot, or two that must be the same.
struct ProofStep {
  std::string title;  // "6.19.14, 8 CPUs on 2 nodes"
  BootOptions boot;
  bool twice = false;
};

// `quick`: one boot a kernel, without the schedulers with a fault and the boots of other shapes.
std::vector<ProofStep> plan_proof(const ExportedFolder& folder, const std::vector<std::string>& kernels, bool quick);
// The boot that says what callbacks cost: one CPU, whose clock counts instructions.
ProofStep plan_costs(const ExportedFolder& folder, const std::string& kernel);

// What the boot left; the checks are the guest's and those made here: parity, statistics, repetition.
struct ProofResult : BootResult {
  std::string statistics;  // JSON, the last line of the loader's
  std::string costs;       // JSON, of plan_costs()
  std::string trace;       // ftrace text
};

ProofResult run_step(const ProofStep& step, const ExportedFolder& folder);

}  // namespace simsched
