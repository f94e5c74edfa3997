// Where tasks may run: of what they ask for, what their group has, and what can execute them.
#include "sim/kernel.h"

namespace simsched {

// `wanted` as far as `cpus` has it; all of them when that is nothing.
AffinityId Kernel::within(AffinityId wanted, const CpuSet& cpus) {
  const CpuSet both = wanted_affinities_[wanted.index()] & cpus, got = both.empty() ? cpus : both;
  if (got == wanted_affinities_[wanted.index()]) return wanted;
  const size_t stoppers = workload_.affinities.size();
  for (size_t i = 0; i < wanted_affinities_.size(); ++i)
    if ((i < stoppers || i >= stoppers + rqs_.size()) && wanted_affinities_[i] == got) return AffinityId(i);
  wanted_affinities_.push_back(got);
  affinities_.push_back(got & online_cpus());
  if (affinities_.back().empty()) affinities_.back() = online_cpus();
  masks_changed();
  return AffinityId(wanted_affinities_.size() - 1);
}

// kernel/cgroup/cpuset.c, cpuset_cpus_allowed(), and arch/arm64/kernel/cpufeature.c, task_cpu_possible_mask(), 6.12.
AffinityId Kernel::affinity_for(TaskId task, AffinityId wanted) {
  const AffinityId of_group = group_cpus_[group(task).index()];
  if (of_group.value() != 0) wanted = within(wanted, wanted_affinities_[of_group.index()]);
  if (!isa_matters_ || !machine_.spec().isa_affinity || spec(task).isa == 0) return wanted;
  CpuSet able;
  for (CpuId cpu : machine_.cpus())
    if (isa_lacking(task, cpu) == 0) able.add(cpu);
  return able.empty() || able == machine_.cpus() ? wanted : within(wanted, able);
}

// cpuset.cpus.effective: a group has what its parent has when none of that is in its own.
void Kernel::update_group_cpus() {
  group_cpus_.assign(nr_groups(), AffinityId(0));
  for (size_t i = 1; i < group_cpus_.size(); ++i) {
    const AffinityId above = group_cpus_[parent(GroupId(i)).index()], own = group_spec(GroupId(i)).cpus;
    const CpuSet& cpus = wanted_affinities_[own.index()];
    group_cpus_[i] = cpus.intersects(wanted_affinities_[above.index()]) ? within(above, cpus) : above;
  }
}

}  // namespace simsched
