#include "policies/registry.h"

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

// For the names and defaults of tunables, which no machine changes but in scale.
Machine any_machine() {
  MachineSpec spec;
  spec.name = "any";
  for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i), LlcId(0), NodeId(0)});
  return Machine(std::move(spec));
}

}  // namespace

PolicyRegistry::PolicyRegistry(Policies policies) { add(std::move(policies)); }

void PolicyRegistry::add(std::unique_ptr<Policy> policy) {
  if (find(policy->name())) throw Error("", "there are two policies '" + policy->name() + "'", "rename one");
  policies_.push_back(std::move(policy));
}

void PolicyRegistry::add(Policies policies) {
  for (std::unique_ptr<Policy>& policy : policies) add(std::move(policy));
}

std::vector<std::string> PolicyRegistry::names() const {
  std::vector<std::string> list;
  for (const auto& policy : policies_)
    if (!policy->is_file()) list.push_back(policy->name());
  return list;
}

const Policy* PolicyRegistry::find(const std::string& name) const {
  for (const auto& policy : policies_)
    if (policy->name() == name) return policy.get();
  return nullptr;
}

const Policy& PolicyRegistry::get(const std::string& name, const std::string& where) const {
  if (const Policy* policy = find(name)) return *policy;
  throw Error(where, "no policy is called '" + name + "'", suggest(name, names()));
}

std::vector<TunableReader::Info> PolicyRegistry::tunables(const Policy& policy) const {
  const KernelParams kernel;
  const Machine machine = any_machine();
  return policy.tunables({kernel, machine});
}

ClassStack PolicyRegistry::make(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                                const Machine& machine, const std::string& where) const {
  return get(name, where).make({kernel, machine, where}, tunables);
}

ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where) {
  return PolicyRegistry(cpp_policies()).make(name, tunables, kernel, machine, where);
}

}  // namespace simsched
