// Policy `itd`: Thread Director's classes of instructions per cycle, as the patches "sched: Introduce IPC classes for
// load balance" (v1 to v4, 2022 and 2023, R. Neri) use them. The processor tells of which class what runs is, and how
// well each CPU does with each class; where the fair class has found several places to pull from that are as good as
// each other, it takes the task that gains the most.
#include <algorithm>

#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

namespace {

constexpr uint8_t kSure = 4;            // ticks until a class is believed
constexpr int64_t kHighestScore = 255;  // of the hardware feedback interface

}  // namespace

void FairClass::attach_ipc_classes() {
  const Machine& machine = kernel_->machine();
  if (!params_.ipc_classes || machine.spec().core_types.size() < 2)
    return;  // processors of one kind have no such thing
  ipc_classes_.resize(kernel_->workload().tasks.size());
  for (CpuId cpu : machine.cpus())
    for (size_t kind = 0; kind < kNrWorkClasses; ++kind)
      ipc_scores_.push_back(static_cast<int64_t>(machine.cpu(cpu).capacity) * machine.core_type(cpu).class_speed[kind] *
                            kHighestScore / (kCapacityScale * kCapacityScale));
}

// intel_update_ipcc(): at a tick. Beside a busy sibling only some classes can be told.
void FairClass::ipc_tick(CpuId cpu, TaskId task) {
  IpcClass& known = ipc_classes_[task.index()];
  const WorkClass now_is = kernel_->spec(task).work_class;
  if (now_is != WorkClass::kDot && now_is != WorkClass::kPause && !core_idle(cpu)) return;
  if (known.ticks < kSure) ++known.ticks;
  if (known.ticks == kSure) known.kind = now_is;
}

// Whether a tick of `cpu` may tell something new.
bool FairClass::ipc_unsure(CpuId cpu) const {
  const TaskId task = kernel_->curr(cpu);
  return task.valid() && is_fair(task) && ipc_classes_[task.index()].ticks < kSure;
}

int64_t FairClass::ipc_score(TaskId task, CpuId cpu) const {
  return ipc_scores_[cpu.index() * kNrWorkClasses + static_cast<size_t>(ipc_classes_[task.index()].kind)];
}

// What `dst` does more for the task that runs on `src`, which shares its core with others.
int64_t FairClass::ipc_gain(CpuId src, CpuId dst) const {
  const TaskId task = kernel_->curr(src);
  if (!task.valid() || !is_fair(task)) return 0;
  int64_t busy = 0;
  for (CpuId thread : kernel_->machine().smt_cpus(src)) busy += !kernel_->idle_cpu(thread);
  return ipc_score(task, dst) - ipc_score(task, src) / std::max<int64_t>(1, busy);
}

}  // namespace simsched
