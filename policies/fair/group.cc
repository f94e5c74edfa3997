// Load averages up the hierarchy, the shares of task groups, and estimated utilisation.
#include <algorithm>
#include <cstdlib>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kClockOrigin = int64_t{1} << 30;      // so that no time of the PELT clock is 0
constexpr int64_t kGroupLoadInterval = 1000000;         // ns between two updates of a group's load_avg
constexpr int64_t kStaleAfter = 32000000;               // ns: idle CPUs' averages are brought up to date then
constexpr int64_t kMinShares = int64_t{2} << kLoadShift;
constexpr uint32_t kUtilEstMargin = kCapacityScale / 100;

uint64_t minus(uint64_t a, uint64_t b) { return a - std::min(a, b); }

}  // namespace

// The clock of load tracking: on a slow core less is done in the same time, so that time runs slower there
// while the core is busy, and catches up when it is idle.
int64_t FairClass::pelt_now(CpuId cpu) {
  CpuState& state = cpu_state(cpu);
  int64_t time = now();
  if (state.capacity == kCapacityScale) return time + kClockOrigin;
  if (kernel_->curr(cpu).valid()) state.pelt_clock += (time - state.clock) * state.capacity / kCapacityScale;
  else state.pelt_clock = time;
  state.clock = time;
  return state.pelt_clock + kClockOrigin;
}

bool FairClass::update_queue_load(CfsRq& rq) { return pelt::update_queue(rq, pelt_now(rq.cpu)); }

void FairClass::update_load_avg(CfsRq& rq, Entity& e, uint32_t flags) {
  int64_t time = pelt_now(rq.cpu);
  if (e.avg.last_update_time != 0) pelt::update_entity(e, time);
  bool changed = pelt::update_queue(rq, time);
  changed |= pelt::propagate(e);
  if (e.avg.last_update_time == 0 && (flags & kAttach)) {
    pelt::attach(rq, e);
    update_group_load(rq);
  } else if (flags & kDetach) {
    pelt::detach(rq, e);
    update_group_load(rq);
  } else if (changed && (flags & kUpdateGroup)) {
    update_group_load(rq);
  }
}

// The group's load over all CPUs, from which shares are computed. Small changes are left for later.
void FairClass::update_group_load(CfsRq& rq) {
  if (rq.is_root() || now() - rq.tg_updated < kGroupLoadInterval) return;
  int64_t delta = static_cast<int64_t>(rq.avg.load_avg) - rq.tg_contrib;
  if (std::abs(delta) <= rq.tg_contrib / 64) return;
  groups_[rq.group.index()].load_avg += delta;
  rq.tg_contrib += delta;
  rq.tg_updated = now();
}

// The weight of a group's entity: the part of the group's shares that its load on this CPU is of its whole.
void FairClass::update_shares(Entity& e) {
  if (e.is_task() || e.my_q->load == 0) return;
  const CfsRq& rq = *e.my_q;
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
  rule_->reweigh(rq, e, weight);
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
  int64_t cap = (cpu_state(rq.cpu).capacity - static_cast<int64_t>(rq.avg.util_avg)) / 2;
  if (cap > 0) {
    uint64_t guess = rq.avg.util_avg * weight / (rq.avg.load_avg + 1);
    e.avg.util_avg = rq.avg.util_avg == 0 ? static_cast<uint64_t>(cap) : std::min(guess, static_cast<uint64_t>(cap));
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
  pelt::update_blocked_entity(e, rq.avg.last_update_time);
  pelt::detach(rq, e);
  e.avg.last_update_time = 0;
  if (rq.is_root()) return;
  update_group_load(rq);
  add_leaf(rq);  // its group entity has to follow
}

void FairClass::migrate_task_rq(TaskId task, CpuId to) {
  Entity& e = entity_of(task);
  if (e.cfs_rq) {
    rule_->migrate(*e.cfs_rq, e);
    if (e.avg.last_update_time != 0 && !kernel_->task_on_rq(task) && kernel_->task_blocked(task)) detach_sleeper(e);
  }
  e.avg.last_update_time = 0;
  set_task_queue(e, to);
}

// Its load goes with it, it does not decay as a sleeper's.
void FairClass::task_dead(TaskId task) {
  Entity& e = entity_of(task);
  if (e.avg.last_update_time != 0) detach_sleeper(e);
}

void FairClass::add_leaf(CfsRq& rq) {
  if (rq.is_root() || rq.on_leaf_list) return;
  rq.on_leaf_list = true;
  cpu_state(rq.cpu).leaves.push_back(&rq);
}

// Lets the load of those that sleep decay, from the leaves up.
void FairClass::update_blocked_averages(CpuId cpu) {
  auto& leaves = cpu_state(cpu).leaves;
  for (size_t i = 0; i < leaves.size();) {
    CfsRq& rq = *leaves[i];
    if (update_queue_load(rq)) update_group_load(rq);
    Entity& e = *rq.group_entity;
    if (e.avg.load_avg != 0 || e.avg.util_avg != 0 || rq.propagate) update_load_avg(*e.cfs_rq, e, kUpdateGroup);
    if (rq.nr_queued == 0 && !rq.propagate && pelt::decayed(rq)) {
      groups_[rq.group.index()].load_avg -= rq.tg_contrib;
      rq.tg_contrib = 0;
      rq.on_leaf_list = false;
      leaves[i] = leaves.back();
      leaves.pop_back();
    } else {
      ++i;
    }
  }
  update_queue_load(root_of(cpu));
}

const LoadAvg& FairClass::cpu_avg(CpuId cpu) {
  CfsRq& root = root_of(cpu);
  if (kernel_->idle_cpu(cpu) && root.avg.load_sum != 0 &&
      pelt_now(cpu) - root.avg.last_update_time > kStaleAfter)
    update_blocked_averages(cpu);
  return root.avg;
}

// task_h_load(): what the task contributes to the load of its CPU, through its group.
uint64_t FairClass::task_load(TaskId task) {
  Entity& e = entity_of(task);
  uint64_t load = e.avg.load_avg;
  for (const CfsRq* rq = e.cfs_rq; rq && rq->group_entity; rq = rq->group_entity->cfs_rq)
    load = load * rq->group_entity->avg.load_avg / (rq->avg.load_avg + 1);
  return load;
}

// As of the last update: callers that want it fresh look at cpu_avg() first.
uint64_t FairClass::cpu_util(CpuId cpu) {
  uint64_t util = root_of(cpu).avg.util_avg;
  if (params_.util_est) util = std::max(util, root_of(cpu).util_est);
  return std::min(util, static_cast<uint64_t>(cpu_state(cpu).capacity));
}

uint64_t FairClass::cpu_load_without(CpuId cpu, TaskId task) {
  bool counts = kernel_->task_cpu(task) == cpu && entity_of(task).avg.last_update_time != 0;
  return minus(cpu_load(cpu), counts ? task_load(task) : 0);
}

uint64_t FairClass::cpu_runnable_without(CpuId cpu, TaskId task) {
  bool counts = kernel_->task_cpu(task) == cpu && entity_of(task).avg.last_update_time != 0;
  return minus(cpu_runnable(cpu), counts ? entity_of(task).avg.runnable_avg : 0);
}

uint64_t FairClass::cpu_util_without(CpuId cpu, TaskId task) {
  const Entity& e = entity_of(task);
  if (kernel_->task_cpu(task) != cpu || e.avg.last_update_time == 0) return cpu_util(cpu);
  uint64_t util = minus(cpu_avg(cpu).util_avg, e.avg.util_avg);
  if (params_.util_est) util = std::max(util, minus(root_of(cpu).util_est, extras_[task.index()].util_queued));
  return std::min(util, static_cast<uint64_t>(cpu_state(cpu).capacity));
}

void FairClass::util_est_enqueue(CfsRq& root, Entity& e) {
  TaskExtra& extra = extras_[static_cast<size_t>(e.id)];
  root.util_est -= extra.util_queued;
  extra.util_queued = extra.util_est;
  root.util_est += extra.util_queued;
}

void FairClass::util_est_dequeue(CfsRq& root, Entity& e) {
  TaskExtra& extra = extras_[static_cast<size_t>(e.id)];
  root.util_est -= extra.util_queued;
  extra.util_queued = 0;
}

// Rises at once, falls by a quarter of the difference at each sleep.
void FairClass::util_est_update(Entity& e) {
  TaskExtra& extra = extras_[static_cast<size_t>(e.id)];
  uint32_t util = static_cast<uint32_t>(e.avg.util_avg);
  if (util >= extra.util_est) extra.util_est = util;
  else if (extra.util_est - util >= kUtilEstMargin && util + kUtilEstMargin >= e.avg.runnable_avg)
    extra.util_est -= (extra.util_est - util) / 4;
}

}  // namespace simsched
