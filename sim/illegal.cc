// Tasks that need an instruction set which not every core has (CoreType::isa). As the platform does, one that comes to
// a core without it is ended there (SIGILL), or it is kept from such cores (MachineSpec::isa_affinity).
#include "sim/engine.h"

namespace simsched {

// Where none of the CPUs that it asks for will do, all that do: arch/arm64/kernel/cpufeature.c,
// task_cpu_possible_mask() and force_compatible_cpus_allowed_ptr() of kernel/sched/core.c, 6.12.
AffinityId Kernel::affinity_for(TaskId task, AffinityId wanted) {
  if (!isa_matters_ || !machine_.spec().isa_affinity || spec(task).isa == 0) return wanted;
  CpuSet able;
  for (CpuId cpu : machine_.cpus())
    if (isa_lacking(task, cpu) == 0) able.add(cpu);
  if (able.empty() || able == machine_.cpus()) return wanted;
  const CpuSet both = wanted_affinities_[wanted.index()] & able, &cpus = both.empty() ? able : both;
  const size_t first = workload_.affinities.size() + rqs_.size();
  for (size_t i = first; i < wanted_affinities_.size(); ++i)
    if (wanted_affinities_[i] == cpus) return AffinityId(i);
  wanted_affinities_.push_back(cpus);
  affinities_.push_back(cpus & online_cpus());
  return AffinityId(wanted_affinities_.size() - 1);
}

// Whom it would have forked will never be.
void Engine::end_illegal(CpuId cpu, TaskId id) {
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    TaskId ancestor(i);
    while (ancestor.valid() && tasks_[ancestor.index()].state == TaskState::kNew) ancestor = spec(ancestor).parent;
    if (tasks_[i].state == TaskState::kNew && ancestor == id && !spec(TaskId(i)).background) --foreground_left_;
  }
  exit_task(cpu, id, &Metrics::illegal);
}

}  // namespace simsched
