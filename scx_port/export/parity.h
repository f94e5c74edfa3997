// Whether a policy decides here as it did in a kernel: decisions that a loader logged there (--decisions; see
// scx_port/include/simsched/decision.bpf.h) are decided again by the simulator's build of the same object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "scx_port/manifest/manifest.h"

namespace simsched {

struct ParityResult {
  uint64_t decisions = 0, different = 0;
  std::map<uint32_t, uint64_t> by_kind;  // decisions of each kind
  std::string first_difference;          // empty: none
};

// `log`: records of struct decision, one after another; `name` stands for it in messages. Throws Error: the policy has no
// decisions, or the log is no whole number of records.
ParityResult check_parity(const ExportedFolder& folder, std::span<const std::byte> log, const std::string& name);

}  // namespace simsched
