// What must hold after every event, and what to say of a simulation that cannot go on.
#include <algorithm>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {

void Engine::report_deadlock() const {
  std::string names;
  size_t left = 0;
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    const Task& task = tasks_[i];
    if (workload_.tasks[i].background || task.state == TaskState::kDead) continue;
    if (++left <= 3)
      names += (names.empty() ? "" : ", ") + describe(TaskId(i)) +
               (task.state == TaskState::kNew ? " (never started)" : " (at op " + std::to_string(task.pc) + ")");
  }
  throw Error(workload_.name, std::to_string(left) + " tasks wait for something that never comes: " + names,
              "check the workload's tokens and forks");
}

void Engine::check_invariants() const {
  std::vector<uint32_t> queued(rqs_.size());
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const Task& task = tasks_[i];
    TaskId id(i);
    if (task.on_rq && !task.throttled) ++queued[task.cpu.index()];
    bool runs = curr(task.cpu) == id;
    SIMSCHED_CHECK(runs == (task.state == TaskState::kRunning), describe(id) + " runs where it should not");
    SIMSCHED_CHECK(task.state != TaskState::kRunnable || task.on_rq, describe(id) + " is runnable but on no queue");
    bool leaving = !stop_work_[task.cpu.index()].empty();
    SIMSCHED_CHECK(!runs || leaving || allowed(id).contains(task.cpu), describe(id) + " runs where it is not allowed");
  }
  for (size_t c = 0; c < rqs_.size(); ++c) {
    SIMSCHED_CHECK(queued[c] == occupancy_[c].nr_running, "cpu " + std::to_string(c) + " has lost count of its tasks");
    SIMSCHED_CHECK(
        occupancy_[c].curr.valid() || occupancy_[c].nr_running == 0 || rqs_[c].need_resched || !has_runnable(CpuId(c)),
        "cpu " + std::to_string(c) + " idles with work queued");
  }
  for (size_t c = 0; c < rqs_.size(); ++c)
    SIMSCHED_CHECK(!rqs_[c].irq || agenda_.planned(CpuId(c), EventKind::kDone),
                   "cpu " + std::to_string(c) + " never comes back from its interrupt");
  WastedIdle anew;
  recount_wasted(anew);
  SIMSCHED_CHECK(anew == wasted_, "idle CPUs and waiting tasks are counted wrongly");
}

bool Engine::has_runnable(CpuId cpu) const {
  return std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
    return task.cpu == cpu && task.state == TaskState::kRunnable && !task.throttled &&
           !classes_[task.sched_class]->may_idle_with_work();
  });
}

}  // namespace simsched
