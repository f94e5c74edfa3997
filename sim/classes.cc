// Which class a task belongs to, and how it goes from one to another.
#include "base/error.h"
#include "sim/kernel.h"

namespace simsched {

void SchedClass::assign(const SchedClass&) { SIMSCHED_CHECK(false, std::string(name()) + " cannot be copied"); }

void Kernel::set_class(Task& task) {
  for (size_t i = 0; i < classes_.size(); ++i)
    if (classes_[i]->takes(task.policy)) {
      task.sched_class = static_cast<uint8_t>(i);
      return;
    }
  SIMSCHED_CHECK(false, "no scheduling class takes policy " + std::to_string(static_cast<int>(task.policy)));
}

uint8_t Kernel::class_index(const SchedClass& cls) const {
  for (size_t i = 0; i < classes_.size(); ++i)
    if (classes_[i].get() == &cls) return static_cast<uint8_t>(i);
  SIMSCHED_CHECK(false, "a scheduling class that is not part of this simulation");
  return 0;
}

void Kernel::set_policy(TaskId id, SchedPolicy policy) {
  Task& task = tasks_[id.index()];
  SIMSCHED_CHECK(task.state == TaskState::kNew, describe(id) + " has started already");
  task.policy = policy;
  set_class(task);
}

void Kernel::reclassify_tasks() {
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    Task& task = tasks_[i];
    if (task.state != TaskState::kDead) reclassify(TaskId(i));
  }
}

void Kernel::reclassify(TaskId id) {
  Task& task = tasks_[id.index()];
  uint8_t before = task.sched_class;
  set_class(task);
  uint8_t after = task.sched_class;
  if (before == after || task.state == TaskState::kNew) return;
  task.sched_class = before;
  bool runs = task.state == TaskState::kRunning, queued = task.on_rq;
  CpuId cpu = task.cpu;
  if (runs) settle(cpu);
  if (queued && task.state == TaskState::kBlocked) {
    end_delayed_sleep(id);
    queued = false;
  }
  if (queued) deactivate_task(cpu, id, kDequeueSave | kDequeueMove);
  if (runs) classes_[before]->put_prev_task(cpu, id, TaskId());
  classes_[before]->switched_from(id);
  task.sched_class = after;
  classes_[after]->switched_to(id);
  if (!queued) return;
  activate_task(cpu, id, kEnqueueRestore | kEnqueueMove);
  if (runs) classes_[after]->set_next_task(cpu, id);
  resched_curr(cpu);
}

}  // namespace simsched
