// CPUs that go and come back.
#include "sim/engine.h"

namespace simsched {

// sched_cpu_deactivate() and sched_cpu_activate().
void Engine::change_hotplug(const HotplugEvent& change) {
  CpuId cpu = change.cpu;
  if (cpu_online(cpu) == change.online || (!change.online && online_cpus().size() == 1)) return;
  if (change.online)
    affinities_[0].add(cpu);
  else
    affinities_[0].remove(cpu);
  update_online();
  masks_changed();
  if (!change.online && !softirqs_.empty()) adopt_rings(cpu);
  for (SchedClass* watcher : watchers_.online) watcher->cpu_online(cpu, change.online);
  if (change.online) resched_curr(cpu);
  // Everything leaves a CPU that goes, and tasks whose own CPU is back go home: what is queued at once, what runs
  // through the stopper.
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    Task& task = tasks_[i];
    TaskId id(i);
    if (!task.on_rq || cpu_allowed(id, task.cpu)) continue;
    if (task.state == TaskState::kRunning) {
      queue_stop_work(task.cpu, {0, true, MigrationKind::kAffinity, id, fallback_cpu(id)});
    } else if (task.state == TaskState::kRunnable) {
      move_queued_task(id, fallback_cpu(id), MigrationKind::kAffinity);
    } else {
      end_delayed_sleep(id);
    }
  }
}

void Engine::update_online() {
  const CpuSet online = affinities_[0];
  all_online_ = online == machine_.cpus();
  for (size_t i = 1; i < affinities_.size(); ++i) {
    affinities_[i] = wanted_affinities_[i] & online;
    bool stopper = i - workload_.affinities.size() < rqs_.size();
    if (stopper)
      affinities_[i] = wanted_affinities_[i];
    else if (affinities_[i].empty())
      affinities_[i] = online;
  }
}

}  // namespace simsched
