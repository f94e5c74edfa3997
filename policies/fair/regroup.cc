// What changes of groups in mid-run, and of the tasks in them.
#include <algorithm>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

// task_change_group_fair(): its load goes with it; a sleeper's decays on the new queue.
void FairClass::group_changed(TaskId task, GroupId) {
  Entity& e = entity_of(task);
  if (!e.cfs_rq) return;
  rule_.migrate(*e.cfs_rq, e);
  const bool sleeps = e.avg.last_update_time != 0;
  if (sleeps) detach_sleeper(e);
  set_task_queue(e, e.cfs_rq->cpu);
  if (sleeps) attach_sleeper(e);
}

void FairClass::group_reconfigured(GroupId group, const GroupSpec& before) {
  const GroupSpec& spec = kernel_->group_spec(group);
  if (spec.idle != before.idle) set_idle(group, spec.idle);
  if (spec.idle != before.idle || spec.weight != before.weight) set_shares(group);
  if (spec.quota != before.quota || spec.period != before.period || spec.burst != before.burst) set_bandwidth(group);
}

// sched_group_set_shares(). Idle groups have the least weight.
void FairClass::set_shares(GroupId group) {
  TaskGroup& changed = groups_[group.index()];
  changed.shares = changed.idle ? kIdleShares : weight_of_group(kernel_->group_spec(group).weight);
  for (size_t c = 0; c < cpus_.size(); ++c)
    for (Entity* e = queue_of(group, CpuId(c)).group_entity; e; e = e->parent) {
      update_load_avg(*e->cfs_rq, *e, kUpdateGroup);
      update_shares(*e);
    }
}

// sched_group_set_idle()
void FairClass::set_idle(GroupId group, bool idle) {
  groups_[group.index()].idle = idle;
  for (size_t c = 0; c < cpus_.size(); ++c) {
    CfsRq& rq = queue_of(group, CpuId(c));
    const uint32_t others = rq.h_nr_queued - rq.h_nr_idle;  // which now count as idle above it, or no longer
    rq.group_entity->idle = idle;
    for (Entity* e = rq.group_entity; e && e->on_rq; e = e->parent) {
      e->cfs_rq->h_nr_idle += idle ? others : -others;
      if (is_idle(*e->cfs_rq)) break;  // counted as idle from there up anyway
    }
  }
}

}  // namespace simsched
