// Utilisation clamps: sched_util_min and sched_util_max of sched_setattr(), for the frequency and for what fits where
// (util_fits_cpu() of kernel/sched/fair.c, 6.12; a run queue's clamps are the largest of its tasks').
#include <algorithm>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

Clamp FairClass::clamp_of(TaskId task) const {
  if (!uclamp_) return {};
  return {kernel_->spec(task).uclamp_min, kernel_->spec(task).uclamp_max};
}

Clamp FairClass::clamp_of(CpuId cpu) const {
  if (!uclamp_ || !cpus_[cpu.index()].newest.valid()) return {};
  Clamp all{0, 0};
  for (TaskId task = cpus_[cpu.index()].newest; task.valid(); task = entity(task).older) {
    const Clamp one = clamp_of(task);
    all = {std::max(all.min, one.min), std::max(all.max, one.max)};
  }
  return all;
}

Clamp FairClass::clamp_with(CpuId cpu, TaskId task) const {
  const Clamp own = clamp_of(task);
  if (!uclamp_ || !cpus_[cpu.index()].newest.valid()) return own;
  const Clamp queued = clamp_of(cpu);
  return {std::max(queued.min, own.min), std::max(queued.max, own.max)};
}

Fit FairClass::util_fits_cpu(int64_t util, Clamp clamp, CpuId cpu) {
  const int64_t whole = capacity(cpu);
  bool fits = util * 1280 < capacity_of(cpu) * kCapacityScale;  // with 20 % to spare
  if (!uclamp_) return fits ? Fit::kFits : Fit::kNot;
  const bool unbounded = whole == kCapacityScale && clamp.max == kCapacityScale;
  fits |= !unbounded && clamp.max <= whole;
  const int64_t boost = std::min(clamp.min, clamp.max);
  if (fits && util < boost && boost > whole) return Fit::kButForBoost;
  return fits ? Fit::kFits : Fit::kNot;
}

}  // namespace simsched
