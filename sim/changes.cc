// What is changed of tasks and groups while they run, wait or sleep: kernel/sched/syscalls.c and core.c of Linux 6.12.
#include "base/error.h"
#include "sim/kernel.h"

namespace simsched {

// sched_change_begin() of 6.18: off its queue and, when it runs, put; whatever is changed then is not counted anywhere.
Kernel::Change Kernel::begin_change(TaskId id, uint32_t dequeue_flags) {
  const Task& task = tasks_[id.index()];
  const Change change{id, task.on_rq, task.state == TaskState::kRunning};
  if (change.runs) settle(task.cpu);
  if (change.queued) deactivate_task(task.cpu, id, dequeue_flags);
  if (change.runs) class_of(id).put_prev_task(task.cpu, id, TaskId());
  return change;
}

// sched_change_end()
void Kernel::end_change(const Change& change, uint32_t enqueue_flags) {
  const TaskId id = change.task;
  const CpuId cpu = task_cpu(id);
  if (change.queued) activate_task(cpu, id, enqueue_flags);
  if (change.runs) {
    class_of(id).set_next_task(cpu, id);
    resched_curr(cpu);
  } else if (task_state(id) == TaskState::kRunnable) {
    wakeup_preempt(cpu, id, 0);
  }
}

// set_user_nice(): the same again does nothing.
void Kernel::set_nice(TaskId id, int nice) {
  if (tasks_[id.index()].nice == nice) return;
  const Change change = begin_change(id, kDequeueSave);
  tasks_[id.index()].nice = static_cast<int8_t>(nice);
  class_of(id).reweight_task(id);
  if (recorder_) recorder_->set_priority(id, tasks_[id.index()].policy, tasks_[id.index()].rt_priority, nice);
  end_change(change, kEnqueueRestore);
}

// sched_setscheduler(). `parameter`: a real-time priority, 0: as it is; of SCHED_DEADLINE the number of its
// reservation.
void Kernel::set_scheduler(TaskId id, SchedPolicy policy, uint16_t parameter) {
  Task& task = tasks_[id.index()];
  const uint8_t before = task.sched_class;
  const SchedPolicy old_policy = task.policy;
  task.policy = policy;
  set_class(task);
  const uint8_t after = task.sched_class;
  task.policy = old_policy;
  task.sched_class = before;
  if (before != after && task.on_rq && task.state == TaskState::kBlocked) end_delayed_sleep(id);
  const Change change = begin_change(id, kDequeueSave);
  task.policy = policy;
  task.sched_class = after;
  if (policy == SchedPolicy::kDeadline)
    task.reservation = parameter;
  else if (parameter != 0)
    task.rt_priority = static_cast<uint8_t>(parameter);
  if (before != after && task.state != TaskState::kNew) {
    classes_[before]->switched_from(id);
    class_of(id).switched_to(id);
  }
  class_of(id).reweight_task(id);
  if (recorder_) recorder_->set_priority(id, policy, task.rt_priority, task.nice);
  end_change(change, kEnqueueRestore);
}

// sched_setaffinity(): fails where the cpuset has none of these CPUs.
void Kernel::set_affinity(TaskId id, AffinityId wanted) {
  const AffinityId of_group = group_cpus_[group(id).index()];
  if (!wanted_affinities_[wanted.index()].intersects(wanted_affinities_[of_group.index()])) return;
  tasks_[id.index()].wanted_affinity = wanted;
  update_affinity(id);
}

// __set_cpus_allowed_ptr() and affine_move_task()
void Kernel::update_affinity(TaskId id) {
  Task& task = tasks_[id.index()];
  const AffinityId before = task.affinity, after = affinity_for(id, task.wanted_affinity);
  const bool waits = task.state == TaskState::kRunnable && !task.throttled;
  if (waits) wasted_.task_waits(now_, task.cpu, before, -1);
  task.affinity = after;
  if (waits) wasted_.task_waits(now_, task.cpu, after, 1);
  if (task.state == TaskState::kNew) {
    if (!cpu_allowed(id, task.cpu)) task.cpu = allowed(id).first_cpu();
    return;
  }
  class_of(id).affinity_changed(id);
  if (cpu_allowed(id, task.cpu) || task.state == TaskState::kDead) return;
  const CpuId dest = allowed(id).first_cpu();
  if (task.state == TaskState::kRunning) {
    queue_stop_work(task.cpu, {0, true, MigrationKind::kAffinity, id, dest});
  } else if (task.state == TaskState::kRunnable) {
    move_queued_task(id, dest, MigrationKind::kAffinity);
  } else if (task.on_rq) {
    end_delayed_sleep(id);
  }
}

// A write to cgroup.procs: sched_move_task(), and cpuset_attach().
void Kernel::move_to_group(TaskId id, GroupId to) {
  Task& task = tasks_[id.index()];
  const GroupId from = task.group;
  if (from == to || task.exiting) return;
  for (auto& cls : classes_)
    if (!cls->can_change_group(id, to)) return;
  if (!usage_booked_.empty() && task.state != TaskState::kNew) {
    const Nanos had = time_on_cpu(id);
    group_usage_[from.index()] += had - usage_booked_[id.index()];
    usage_booked_[id.index()] = had;
  }
  const Change change = begin_change(id, kDequeueSave | kDequeueMove);
  task.group = to;
  for (auto& cls : classes_) cls->group_changed(id, from);
  end_change(change, kEnqueueRestore | kEnqueueMove);
  if (group_cpus_[from.index()] != group_cpus_[to.index()]) update_affinity(id);
}

// Writes to the files of a cgroup.
void Kernel::change_group(GroupId group, int32_t settings) {
  const GroupSpec before = group_spec(group);
  group_settings_[group.index()] = settings;
  for (auto& cls : classes_) cls->group_reconfigured(group, before);
  for (size_t c = 0; c < nr_cpus(); ++c) arm_tick(CpuId(c));  // a quota is noticed at the next one
  if (before.cpus == group_spec(group).cpus) return;
  const std::vector<AffinityId> cpus = group_cpus_;
  update_group_cpus();
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    const size_t of = tasks_[i].group.index();
    if (cpus[of] != group_cpus_[of] && tasks_[i].state != TaskState::kDead) update_affinity(TaskId(i));
  }
}

}  // namespace simsched
