#include "policies/stack.h"

#include "policies/dl.h"
#include "policies/dl_server.h"
#include "policies/rt.h"
#include "policies/stop.h"

namespace simsched {

ClassStack stack_above(std::unique_ptr<SchedClass> ordinary, std::function<bool(CpuId)> has_tasks,
                       const KernelParams& kernel) {
  ClassStack stack;
  stack.push_back(std::make_unique<StopClass>());
  stack.push_back(std::make_unique<DlClass>());
  auto rt = std::make_unique<RtClass>();
  if (kernel.at_least(6, 12)) {
    const std::vector<const SchedClass*> above{stack.back().get(), rt.get()};
    stack.push_back(std::make_unique<DlServer>(*ordinary, std::move(has_tasks), above));
  }
  stack.push_back(std::move(rt));
  stack.push_back(std::move(ordinary));
  return stack;
}

ClassStack fair_stack(const fair::Params& params, const KernelParams& kernel) {
  auto fair = std::make_unique<FairClass>(params);
  auto has_tasks = [&fair = *fair](CpuId cpu) { return fair.root(cpu).h_nr_runnable > 0; };
  return stack_above(std::move(fair), has_tasks, kernel);
}

ClassStack default_classes(const KernelParams& kernel, const Machine& machine, FairClass** fair) {
  fair::Discipline discipline = kernel.at_least(6, 6) ? fair::Discipline::kEevdf : fair::Discipline::kCfs;
  ClassStack stack = fair_stack(fair::Params(discipline, kernel, machine.nr_cpus()), kernel);
  *fair = static_cast<FairClass*>(stack.back().get());
  return stack;
}

}  // namespace simsched
