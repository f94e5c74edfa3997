// Load averages up the hierarchy, the shares of task groups, and estimated utilisation.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kGroupLoadInterval = 1000000;  // ns between two updates of a group's load_avg
constexpr int64_t kMinShares = int64_t{2} << kLoadShift;
constexpr uint32_t kUtilEstMargin = kCapacityScale / 100;

}  // namespace

// On a slow core less is done in the same time, so that time runs slower there while the core is busy, and catches
// up when it is idle.
int64_t FairClass::slow_pelt_now(CpuId cpu) {
  SlowClock& clock = clocks_[cpu.index()];
  // big.LITTLE MP counts by frequency only: a task that never sleeps is of full load on any CPU.
  const int64_t pace =
      hmp_.empty() ? capacity(cpu) * kernel_->frequency(cpu) / kCapacityScale : kernel_->frequency(cpu);
  const int64_t time = clock_task(cpu);
  if (kernel_->curr(cpu).valid())
    clock.pelt += (time - clock.time) * pace / kCapacityScale;
  else
    clock.pelt = time;
  clock.time = time;
  return clock.pelt + kClockOrigin;
}

void FairClass::frequency_changes(CpuId cpu) {
  SlowClock& clock = clocks_[cpu.index()];
  if (clock.slow)
    slow_pelt_now(cpu);
  else
    clock = {clock_task(cpu), clock_task(cpu), true};
}

// A CPU that slept is awake and activates what was sent to it (ttwu_queue_wakelist()): it has waited for nothing so
// far.
void FairClass::cpu_idle(CpuId cpu, bool idle, bool transition) {
  const TaskId next = cpu_state(cpu).picked;
  if (idle || !transition || !next.valid()) return;
  for (Entity* e = &entity_of(next); e; e = e->parent) {
    const int64_t time = pelt_now(*e->cfs_rq);
    pelt::update(e->avg, time, {.weight = pelt::weight_of(*e)});
    pelt::update(e->cfs_rq->avg, time, {});
  }
}

void FairClass::update_load_avg(CfsRq& rq, Entity& e, uint32_t flags) {
  int64_t time = pelt_now(rq);
  bool attached = e.avg.last_update_time != 0;
  bool changed = attached ? pelt::update_both(rq, e, time) : pelt::update_queue(rq, time);
  changed |= pelt::propagate(e);
  if (!attached && (flags & kAttach)) {
    pelt::attach(rq, e);
    update_group_load(rq);
  } else if (flags & kDetach) {
    pelt::detach(rq, e);
    e.avg.last_update_time = 0;
    update_group_load(rq);
  } else if (changed && (flags & kUpdateGroup)) {
    update_group_load(rq);
  } else if (!changed) {
    return;
  }
  if (rq.is_root()) kernel_->cpufreq_update_util(rq.cpu);
}

// cpu_util_cfs_boost(): also what waits for the CPU counts, and what its tasks used before they slept.
CpuDemand FairClass::demand(CpuId cpu) {
  if (cede_ == Cede::kAll) return {};
  const CfsRq& root = root_of(cpu);
  uint64_t util = std::max(cpu_util(root, cpu), uint64_t{root.avg.runnable_avg});
  if (interrupts_) {  // effective_cpu_util()
    const auto most = static_cast<uint64_t>(capacity(cpu)), irq = std::min(static_cast<uint64_t>(irq_util(cpu)), most);
    util = std::min(most, util * (most - irq) / most + irq);
  }
  const Clamp clamp = clamp_of(cpu);
  return {static_cast<int64_t>(util), clamp.min, root.h_nr_runnable > 0 ? clamp.max : 0};
}

// The group's load over all CPUs, from which shares are computed. Small changes are left for later.
void FairClass::update_load_of_group(CfsRq& rq) {
  if (now() - rq.tg_updated < kGroupLoadInterval) return;
  int64_t delta = static_cast<int64_t>(rq.avg.load_avg) - rq.tg_contrib;
  if (std::abs(delta) <= rq.tg_contrib / 64) return;
  groups_[rq.group.index()].load_avg += delta;
  rq.tg_contrib += delta;
  rq.tg_updated = now();
}

// The weight of a group's entity: the part of the group's shares that its load on this CPU is of its whole.
void FairClass::update_group_shares(Entity& e) {
  const CfsRq& rq = *e.my_q;
  if (rq.load == 0) return;
  const TaskGroup& group = groups_[rq.group.index()];
  int64_t load = std::max(scale_down(rq.load), static_cast<int64_t>(rq.avg.load_avg));
  int64_t total = group.load_avg - rq.tg_contrib + load, shares = group.shares * load;
  if (total > 0) shares /= total;
  shares = std::clamp(shares, kMinShares, group.shares);
  if (shares != e.weight) reweight_entity(e, shares);
}

void FairClass::reweight_entity(Entity& e, int64_t weight) {
  if (!e.cfs_rq) {
    set_weight(e, weight);
    return;
  }
  CfsRq& rq = *e.cfs_rq;
  bool attached = e.avg.last_update_time != 0;
  if (e.on_rq) update_curr(rq);
  if (attached) pelt::remove_load(rq, e);
  rule_.reweigh(rq, e, weight);
  if (!attached) return;
  e.avg.load_avg = static_cast<uint64_t>(scale_down(weight)) * e.avg.load_sum / pelt::divider(e.avg);
  pelt::add_load(rq, e);
}

// A new task counts as fully loaded, and as using its share of half of what is left of the CPU. Kernel threads
// are older than the simulation: they have slept.
void FairClass::init_new_task(Entity& e) {
  CfsRq& rq = *e.cfs_rq;
  update_queue_load(rq);
  if (kernel_->spec(e.task()).kthread) {
    pelt::attach(rq, e);
    return;
  }
  uint64_t weight = static_cast<uint64_t>(scale_down(e.weight));
  int64_t cap = (capacity(rq.cpu) - static_cast<int64_t>(rq.avg.util_avg)) / 2;
  if (cap > 0) {
    uint64_t guess = rq.avg.util_avg * weight / (rq.avg.load_avg + 1);
    uint64_t most = static_cast<uint64_t>(cap);
    e.avg.util_avg = static_cast<uint32_t>(rq.avg.util_avg == 0 ? most : std::min(guess, most));
  }
  e.avg.load_avg = weight;
  e.avg.runnable_avg = e.avg.util_avg;
  pelt::attach(rq, e);
  update_group_load(rq);
}

// A sleeper leaves the run queue that still holds its decaying load.
void FairClass::detach_sleeper(Entity& e) {
  CfsRq& rq = *e.cfs_rq;
  update_queue_load(rq);
  pelt::update(e.avg, rq.avg.last_update_time, {.weight = pelt::weight_of(e)});
  pelt::detach(rq, e);
  e.avg.last_update_time = 0;
  if (rq.is_root()) return;
  update_load_of_group(rq);
  add_leaf(rq);  // its group entity has to follow
}

// ... and joins another, as asleep as it was (attach_task_cfs_rq()).
void FairClass::attach_sleeper(Entity& e) {
  CfsRq& rq = *e.cfs_rq;
  update_queue_load(rq);
  pelt::attach(rq, e);
  if (rq.is_root()) return;
  update_load_of_group(rq);
  add_leaf(rq);
}

void FairClass::migrate_task_rq(TaskId task, CpuId to) {
  Entity& e = entity_of(task);
  if (e.cfs_rq) {
    rule_.migrate(*e.cfs_rq, e);
    if (e.avg.last_update_time != 0 && !kernel_->task_on_rq(task) && kernel_->task_blocked(task)) detach_sleeper(e);
  }
  e.avg.last_update_time = 0;
  set_task_queue(e, to);
}

// Its load goes with it, it does not decay as a sleeper's; but only when its queue is next looked at.
void FairClass::task_dead(TaskId task) {
  Entity& e = entity_of(task);
  if (e.avg.last_update_time == 0) return;
  pelt::update(e.avg, e.cfs_rq->avg.last_update_time, {.weight = pelt::weight_of(e)});
  pelt::remove_later(*e.cfs_rq, e);
}

// sched_autogroup_exit_task(): who exits is in the root group from before its parent hears of it.
void FairClass::task_exits(CpuId cpu, TaskId task) {
  Entity& e = entity_of(task);
  if (!kernel_->params().autogroup || e.cfs_rq->is_root()) return;
  const bool overloaded = overloaded_;
  dequeue_task(cpu, task, kDequeueSave | kDequeueMove);
  put_prev_task(cpu, task, TaskId());
  e.avg.last_update_time = 0;
  e.cfs_rq = &root_of(cpu);
  e.parent = nullptr;
  enqueue_task(cpu, task, kEnqueueRestore | kEnqueueMove);
  set_next_task(cpu, task);
  overloaded_ = overloaded;  // as many are queued as before
  kernel_->resched_curr(cpu);
}

void FairClass::add_leaf(CfsRq& rq) {
  for (CfsRq* at = &rq; !at->is_root() && !at->on_leaf_list; at = at->group_entity->cfs_rq) {
    at->on_leaf_list = true;
    leaves_of(at->cpu)[cpu_state(at->cpu).nr_leaves++] = static_cast<uint32_t>(at->group.index());
  }
}

// Lets the load of those that sleep decay, from the leaves up.
void FairClass::update_blocked_averages(CpuId cpu) {
  uint32_t *leaves = leaves_of(cpu), &nr_leaves = cpu_state(cpu).nr_leaves;
  // A group comes after those above it: by falling number the lowest are first. What is on the list has all above it
  // there, too.
  if (nested_) std::sort(leaves, leaves + nr_leaves, std::greater<>());
  uint32_t kept = 0;
  auto has_kept_child = [&](const CfsRq& rq) {
    return nested_ && std::any_of(leaves, leaves + kept,
                                  [&](uint32_t leaf) { return kernel_->parent(GroupId(size_t{leaf})) == rq.group; });
  };
  for (uint32_t i = 0; i < nr_leaves; ++i) {
    CfsRq& rq = queue_of(GroupId(size_t{leaves[i]}), cpu);
    if (update_queue_load(rq)) update_group_load(rq);
    Entity& e = *rq.group_entity;
    if (e.avg.load_avg != 0 || e.avg.util_avg != 0 || rq.propagate) update_load_avg(*e.cfs_rq, e, kUpdateGroup);
    if (rq.nr_queued == 0 && !rq.propagate && pelt::decayed(rq) && !has_kept_child(rq)) {
      groups_[rq.group.index()].load_avg -= rq.tg_contrib;
      rq.tg_contrib = 0;
      rq.on_leaf_list = false;
    } else {
      leaves[kept++] = leaves[i];
    }
  }
  nr_leaves = kept;
  if (update_queue_load(root_of(cpu))) kernel_->cpufreq_update_util(cpu);
}

// Slow clocks are read whenever an idle CPU is looked at: how they round depends on when they are.
void FairClass::refresh(CpuId cpu) {
  if (!kernel_->idle_cpu(cpu)) return;
  if (clock_task(cpu) + kClockOrigin - root_of(cpu).avg.last_update_time > kStaleAfter)
    update_blocked_averages(cpu);
  else
    pelt_now(cpu);
}

// task_h_load(): what the task contributes to the load of its CPU, through its group.
uint64_t FairClass::task_load(TaskId task) {
  Entity& e = entity_of(task);
  uint64_t load = e.avg.load_avg;
  if (!e.cfs_rq) return load;
  const CfsRq* rq = e.cfs_rq;
  for (const Entity* group = rq->group_entity; group; rq = group->cfs_rq, group = rq->group_entity)
    load = load * group->avg.load_avg / (rq->avg.load_avg + 1);
  return load;
}

void FairClass::util_est_enqueue(CfsRq& root, Entity& e) {
  root.util_est += e.util_est - e.util_queued;
  e.util_queued = e.util_est;
}

void FairClass::util_est_dequeue(CfsRq& root, Entity& e) {
  root.util_est -= e.util_queued;
  e.util_queued = 0;
}

// Rises at once, falls by a quarter of the difference at each sleep.
void FairClass::util_est_update(Entity& e) {
  uint32_t util = e.avg.util_avg;
  if (util >= e.util_est)
    e.util_est = util;
  else if (e.util_est - util >= kUtilEstMargin && util + kUtilEstMargin >= e.avg.runnable_avg)
    e.util_est -= (e.util_est - util) / 4;
}

}  // namespace simsched
