// Policies by name. A policy is one folder or file and one entry; rooms further up (scx_port) bring entries of their
// own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/tunables.h"
#include "sim/kernel_params.h"
#include "sim/sched_class.h"
#include "topology/machine.h"

namespace simsched {

class FairClass;

using ClassStack = std::vector<std::unique_ptr<SchedClass>>;  // from the highest class to the lowest

// What a policy is made from; `tunables` is null when only their names are asked for.
struct PolicyRequest {
  const Tunables* tunables;
  const KernelParams& kernel;
  const Machine& machine;
  std::string policy, where;
  std::vector<TunableReader::Info> infos;

  // Keeps the names and reads the values. Throws Error for those that the reader does not know.
  void read(const TunableReader& reader) {
    infos = reader.infos();
    if (tunables) reader.read(*tunables, policy);
  }
};

struct PolicyEntry {
  std::string name, summary;
  std::function<ClassStack(PolicyRequest&)> make;
  bool listed = true;  // else it is not a name to write in a config, but another way to name a policy
};

struct PolicyInfo {
  std::string name, summary;
  std::vector<TunableReader::Info> tunables;
};

class PolicyRegistry {
 public:
  explicit PolicyRegistry(std::vector<PolicyEntry> entries);
  const std::vector<PolicyInfo>& infos() const { return infos_; }
  std::vector<std::string> names() const;
  // Throws Error for an unknown name or tunable; `where` is where the config names it.
  ClassStack make(const std::string& name, const Tunables& tunables, const KernelParams& kernel, const Machine& machine,
                  const std::string& where = {}) const;

 private:
  std::vector<PolicyEntry> entries_;
  std::vector<PolicyInfo> infos_;
};

// The kernel's own: eevdf, cfs.
std::vector<PolicyEntry> kernel_policies();
// A policy of these by name.
ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where = {});
// stop, rt and the kernel's default fair class, which `fair` is set to.
ClassStack default_classes(const KernelParams& kernel, const Machine& machine, FairClass** fair);

}  // namespace simsched
