// Policies by name. A registry is passed to whoever reads a config; who has policies of its own adds them.
#pragma once

#include <string>
#include <vector>

#include "policies/policy.h"

namespace simsched {

class PolicyRegistry {
 public:
  explicit PolicyRegistry(Policies policies = {});

  // Throws Error when there is one of that name.
  void add(std::unique_ptr<Policy> policy);
  void add(Policies policies);

  const Policies& policies() const { return policies_; }
  std::vector<std::string> names() const;             // those that a config may choose: no files
  const Policy* find(const std::string& name) const;  // null: none
  // Throws Error (where: `where`) that suggests the nearest.
  const Policy& get(const std::string& name, const std::string& where) const;

  // On any machine, with the default kernel: for help texts, and to know which are paths.
  std::vector<TunableReader::Info> tunables(const Policy& policy) const;
  // Throws Error for an unknown name or tunable; `where` is where the config names it.
  ClassStack make(const std::string& name, const Tunables& tunables, const KernelParams& kernel, const Machine& machine,
                  const std::string& where = {}) const;

 private:
  Policies policies_;
};

// Those in C++: every folder of policies/ with a policy.cc.
Policies cpp_policies();
// A policy of these by name.
ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where = {});

}  // namespace simsched
