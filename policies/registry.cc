#include "policies/registry.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "policies/dl_server.h"
#include "policies/fair/fair.h"
#include "policies/rt.h"
#include "policies/stop.h"

namespace simsched {
namespace {

ClassStack classes_with(const fair::Params& params, const KernelParams& kernel) {
  ClassStack stack;
  stack.push_back(std::make_unique<StopClass>());
  auto rt = std::make_unique<RtClass>();
  auto fair = std::make_unique<FairClass>(params);
  if (kernel.at_least(6, 12)) {
    auto has_tasks = [&fair = *fair](CpuId cpu) { return fair.root(cpu).h_nr_runnable > 0; };
    stack.push_back(std::make_unique<DlServer>(*fair, has_tasks, std::vector<const SchedClass*>{rt.get()}));
  }
  stack.push_back(std::move(rt));
  stack.push_back(std::move(fair));
  return stack;
}

ClassStack with_fair(PolicyRequest& request, fair::Discipline discipline) {
  fair::Params params(discipline, request.kernel, request.machine.nr_cpus());
  TunableReader reader;
  params.bind(reader);
  request.read(reader);
  return classes_with(params, request.kernel);
}

// For the names and defaults of tunables, which no machine changes but in scale.
Machine any_machine() {
  MachineSpec spec;
  spec.name = "any";
  for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i), LlcId(0), NodeId(0)});
  return Machine(std::move(spec));
}

}  // namespace

PolicyRegistry::PolicyRegistry(std::vector<PolicyEntry> entries) : entries_(std::move(entries)) {
  const Machine machine = any_machine();
  for (const PolicyEntry& entry : entries_) {
    if (!entry.listed) continue;
    KernelParams kernel;
    PolicyRequest request{nullptr, kernel, machine, entry.name, {}, {}};
    entry.make(request);
    infos_.push_back({entry.name, entry.summary, request.infos});
  }
}

std::vector<std::string> PolicyRegistry::names() const {
  std::vector<std::string> list;
  for (const PolicyInfo& info : infos_) list.push_back(info.name);
  return list;
}

ClassStack PolicyRegistry::make(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                                const Machine& machine, const std::string& where) const {
  for (const PolicyEntry& entry : entries_) {
    if (name != entry.name) continue;
    PolicyRequest request{&tunables, kernel, machine, name, where, {}};
    return entry.make(request);
  }
  throw Error(where, "no policy is called '" + name + "'", suggest(name, names()));
}

std::vector<PolicyEntry> kernel_policies() {
  return {
      {"eevdf", "the kernel's own since 6.6: earliest eligible virtual deadline first",
       [](PolicyRequest& r) { return with_fair(r, fair::Discipline::kEevdf); }},
      {"cfs", "the kernel's own until 6.5: completely fair, least virtual run time first",
       [](PolicyRequest& r) { return with_fair(r, fair::Discipline::kCfs); }},
  };
}

ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where) {
  return PolicyRegistry(kernel_policies()).make(name, tunables, kernel, machine, where);
}

ClassStack default_classes(const KernelParams& kernel, const Machine& machine, FairClass** fair) {
  fair::Discipline discipline = kernel.at_least(6, 6) ? fair::Discipline::kEevdf : fair::Discipline::kCfs;
  ClassStack stack = classes_with(fair::Params(discipline, kernel, machine.nr_cpus()), kernel);
  *fair = static_cast<FairClass*>(stack.back().get());
  return stack;
}

}  // namespace simsched
