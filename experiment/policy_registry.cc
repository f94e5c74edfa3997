#include "experiment/policy_registry.h"

#include "scx_port/host/policies.h"

namespace simsched {

const PolicyRegistry& policy_registry() {
  static const PolicyRegistry registry = [] {
    std::vector<PolicyEntry> entries = kernel_policies();
    for (PolicyEntry& entry : scx_policies()) entries.push_back(std::move(entry));
    return PolicyRegistry(std::move(entries));
  }();
  return registry;
}

}  // namespace simsched
