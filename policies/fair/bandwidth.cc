// Quotas of groups (cpu.max): CFS bandwidth control as in kernel/sched/fair.c of Linux 6.12. A group has a pool of CPU
// time that a timer fills once a period; its queue on a CPU draws slices from it. One that has nothing left when the
// pool is empty leaves the queues above it, with all that it holds, until there is more. It notices when run time is
// counted, at the latest at the tick, so that a group uses some more than it has, and owes that.
//
// From 6.18 on a kernel throttles task by task, each on its way back to user space, where tasks of a simulation nearly
// always are: who may run when is the same, but for a switch to each task that waited. That is left out.
#include <algorithm>

#include "base/rng.h"
#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kKept = 1000000;        // ns that an idle queue does not give back (min_cfs_rq_runtime)
constexpr int64_t kSlackDelay = 5000000;  // cfs_bandwidth_slack_period
constexpr int64_t kNotWorthIt = 2000000;  // min_bandwidth_expiration: the pool is about to be filled
constexpr int64_t kUnlimited = INT64_MAX;
enum TimerKind : uint32_t { kPeriodTimer, kSlackTimer, kNrTimers };

uint32_t number_of(GroupId group, TimerKind kind) { return static_cast<uint32_t>(group.index()) * kNrTimers + kind; }

// Tasks below a queue, as those above count them.
struct Below {
  uint32_t queued, runnable, idle;

  explicit Below(const CfsRq& rq) : queued(rq.h_nr_queued), runnable(rq.h_nr_runnable), idle(rq.h_nr_idle) {}
  void join(CfsRq& rq) const {
    rq.h_nr_queued += queued;
    rq.h_nr_runnable += runnable;
    rq.h_nr_idle += idle;
  }
  void leave(CfsRq& rq) const {
    rq.h_nr_queued -= queued;
    rq.h_nr_runnable -= runnable;
    rq.h_nr_idle -= idle;
  }
};

}  // namespace

void FairClass::attach_bandwidth() {
  auto has_quota = [](const GroupSpec& spec) { return spec.quota != Nanos::max(); };
  const Workload& workload = kernel_->workload();
  if (std::none_of(workload.groups.begin(), workload.groups.end(), has_quota) &&
      std::none_of(workload.settings.begin(), workload.settings.end(), has_quota))
    return;
  bandwidth_.resize(groups_.size());
  queue_bandwidth_.resize(block_.nr_queues());
  for (size_t g = 1; g < groups_.size(); ++g) {
    // Timers of groups do not all run out at once (init_cfs_bandwidth()).
    const auto period = static_cast<uint64_t>(kernel_->group_spec(GroupId(g)).period.count());
    bandwidth_[g].expires = static_cast<int64_t>(Rng(kernel_->seed()).split(g).below(period));
    set_bandwidth(GroupId(g));
  }
}

// tg_set_cfs_bandwidth()
void FairClass::set_bandwidth(GroupId group) {
  const GroupSpec& spec = kernel_->group_spec(group);
  Bandwidth& pool = bandwidth_[group.index()];
  const bool limited = spec.quota != Nanos::max();
  pool.quota = limited ? spec.quota.count() : kUnlimited;
  pool.period = spec.period.count();
  pool.burst = spec.burst.count();
  refill(pool);
  if (limited) start_period(group);
  for (size_t c = 0; c < cpus_.size(); ++c) {
    CfsRq& rq = queue_of(group, CpuId(c));
    if (rq.curr) update_curr(rq);
    rq.limited = limited;
    limit_of(rq).remaining = 0;
    if (limit_of(rq).throttled) unthrottle(rq);
  }
}

// __refill_cfs_bandwidth_runtime()
void FairClass::refill(Bandwidth& pool) {
  if (pool.quota == kUnlimited) return;
  pool.runtime += pool.quota;
  if (const int64_t over = pool.snap - pool.runtime; over > 0) {
    pool.burst_time += over;
    ++pool.nr_burst;
  }
  pool.runtime = std::min(pool.runtime, pool.quota + pool.burst);
  pool.snap = pool.runtime;
}

// start_cfs_bandwidth()
void FairClass::start_period(GroupId group) {
  Bandwidth& pool = bandwidth_[group.index()];
  if (pool.period_active) return;
  pool.period_active = true;
  if (pool.expires <= now()) pool.expires += ((now() - pool.expires) / pool.period + 1) * pool.period;
  kernel_->set_timer(*this, Nanos(pool.expires), number_of(group, kPeriodTimer));
}

// Draws from the pool up to `target` (__assign_cfs_rq_runtime()). False: there is nothing.
bool FairClass::assign_runtime(CfsRq& rq, int64_t target) {
  Bandwidth& pool = bandwidth_of(rq);
  QueueBandwidth& limit = limit_of(rq);
  start_period(rq.group);
  if (pool.runtime > 0) {
    const int64_t amount = std::min(pool.runtime, target - limit.remaining);
    pool.runtime -= amount;
    limit.remaining += amount;
    pool.idle = false;
  }
  return limit.remaining > 0;
}

// account_cfs_rq_runtime()
void FairClass::account_runtime(CfsRq& rq, int64_t delta) {
  QueueBandwidth& limit = limit_of(rq);
  limit.remaining -= delta;
  if (limit.remaining > 0 || limit.throttled) return;
  if (!assign_runtime(rq, params_.cfs_bandwidth_slice.count()) && rq.curr) kernel_->resched_curr(rq.cpu);
}

// cfs_task_bw_constrained(), 6.6 and later: its group has a quota, or one above it.
bool FairClass::needs_tick(CpuId cpu, TaskId) {
  for (const CfsRq* rq = &root_of(cpu); rq && rq->curr; rq = rq->curr->my_q)
    if (rq->limited) return true;
  return false;
}

// The first one is queued (check_enqueue_throttle()).
void FairClass::check_enqueue(CfsRq& rq) {
  if (rq.curr || limit_of(rq).throttled) return;
  account_runtime(rq, 0);
  out_of_runtime(rq);
}

// check_cfs_rq_runtime(): true, and throttled, when there is nothing left.
bool FairClass::out_of_runtime(CfsRq& rq) {
  if (limit_of(rq).remaining > 0) return false;
  if (!limit_of(rq).throttled) throttle(rq);
  return limit_of(rq).throttled;
}

// throttle_cfs_rq()
void FairClass::throttle(CfsRq& rq) {
  if (assign_runtime(rq, 1)) return;
  Bandwidth& pool = bandwidth_of(rq);
  QueueBandwidth& limit = limit_of(rq);
  (pool.last.valid() ? limit_of(queue_of(rq.group, pool.last)).next : pool.first) = rq.cpu;
  pool.last = rq.cpu;
  limit.throttled = true;
  limit.throttled_since = now();
  stop_below(rq, true);
  Below below(rq);
  Entity* e = rq.group_entity;
  for (; e && e->on_rq; e = e->parent) {
    CfsRq& above = *e->cfs_rq;
    const uint32_t flags = kDequeueSleep | kDequeueSpecial;
    dequeue_entity(above, *e, e->delayed ? flags | kDequeueDelayed : flags);
    if (is_idle(*e->my_q)) below.idle = below.queued;
    below.leave(above);
    if (above.load == 0) continue;
    e = e->parent;
    break;
  }
  for (; e && e->on_rq; e = e->parent) {
    update_load_avg(*e->cfs_rq, *e, 0);
    e->runnable_weight = e->my_q->h_nr_runnable;
    if (is_idle(*e->my_q)) below.idle = below.queued;
    below.leave(*e->cfs_rq);
  }
  mark_throttled(rq.cpu);
}

// unthrottle_cfs_rq()
void FairClass::unthrottle(CfsRq& rq) {
  Bandwidth& pool = bandwidth_of(rq);
  QueueBandwidth& limit = limit_of(rq);
  CpuId before;
  for (CpuId at = pool.first; at != rq.cpu; at = limit_of(queue_of(rq.group, at)).next) before = at;
  (before.valid() ? limit_of(queue_of(rq.group, before)).next : pool.first) = limit.next;
  if (pool.last == rq.cpu) pool.last = before;
  limit.next = CpuId();
  limit.throttled = false;
  pool.throttled_time += now() - limit.throttled_since;
  stop_below(rq, false);

  Below below(rq);
  Entity* e = rq.load == 0 ? nullptr : rq.group_entity.get();
  auto joins = [&](CfsRq& above) {
    if (is_idle(*e->my_q)) below.idle = below.queued;
    below.join(above);
    return !throttled(above);
  };
  bool goes_on = true;
  for (; e && goes_on; e = e->parent) {
    CfsRq& above = *e->cfs_rq;
    if (e->delayed)
      dequeue_entity(above, *e, kDequeueSleep | kDequeueDelayed);
    else if (e->on_rq)
      break;
    enqueue_entity(above, *e, kEnqueueWakeup);
    goes_on = joins(above);
  }
  for (; e && goes_on; e = e->parent) {
    update_load_avg(*e->cfs_rq, *e, kUpdateGroup);
    e->runnable_weight = e->my_q->h_nr_runnable;
    goes_on = joins(*e->cfs_rq);
  }
  mark_throttled(rq.cpu);
  if (!kernel_->curr(rq.cpu).valid() && root_of(rq.cpu).nr_queued > 0) kernel_->resched_curr(rq.cpu);
}

// Its load, and that of groups in it, stands still (tg_throttle_down(), tg_unthrottle_up()).
void FairClass::stop_below(CfsRq& rq, bool stop) {
  auto is_below = [&](GroupId group) {
    while (group.index() > rq.group.index()) group = kernel_->parent(group);
    return group == rq.group;
  };
  for (size_t g = rq.group.index(); g < groups_.size(); ++g) {
    if (!is_below(GroupId(g))) continue;
    CfsRq& each = queue_of(GroupId(g), rq.cpu);
    QueueBandwidth& limit = limit_of(each);
    if (stop && each.throttle_count++ == 0) limit.stopped_at = pelt_now(rq.cpu);
    if (!stop && --each.throttle_count == 0) limit.stopped_for += pelt_now(rq.cpu) - limit.stopped_at;
  }
}

int64_t FairClass::time_of_queue(const CfsRq& rq, int64_t time) const {
  const QueueBandwidth& limit = queue_bandwidth_[rq.group.index() * cpus_.size() + rq.cpu.index()];
  return (rq.throttle_count > 0 ? limit.stopped_at : time) - limit.stopped_for;
}

// The kernel hears which of the queued tasks may run.
void FairClass::mark_throttled(CpuId cpu) {
  for (TaskId task = cpu_state(cpu).newest; task.valid(); task = entity_of(task).older) {
    const bool may_not = entity_of(task).cfs_rq->throttle_count > 0;
    if (may_not != kernel_->task_throttled(task)) may_not ? kernel_->throttle(task) : kernel_->unthrottle(task);
  }
}

// An idle queue gives back what it does not need (return_cfs_rq_runtime()).
void FairClass::return_runtime(CfsRq& rq) {
  Bandwidth& pool = bandwidth_of(rq);
  QueueBandwidth& limit = limit_of(rq);
  const int64_t slack = limit.remaining - kKept;
  if (slack <= 0) return;
  pool.runtime += slack;
  limit.remaining -= slack;
  if (pool.runtime <= params_.cfs_bandwidth_slice.count() || !pool.first.valid()) return;
  if (pool.slack_started || refresh_within(pool, kSlackDelay + kNotWorthIt)) return;
  pool.slack_started = true;
  kernel_->set_timer(*this, Nanos(now() + kSlackDelay), number_of(rq.group, kSlackTimer));
}

bool FairClass::refresh_within(const Bandwidth& pool, int64_t ns) const { return pool.expires - now() < ns; }

// What is in the pool goes to the throttled, first come first served, to each just what it owes: then they draw slices
// (distribute_cfs_runtime()).
void FairClass::distribute(GroupId group) {
  Bandwidth& pool = bandwidth_[group.index()];
  while (pool.first.valid() && pool.runtime > 0) {
    CfsRq& rq = queue_of(group, pool.first);
    QueueBandwidth& limit = limit_of(rq);
    const int64_t amount = std::min(1 - limit.remaining, pool.runtime);
    pool.runtime -= amount;
    limit.remaining += amount;
    if (limit.remaining > 0) unthrottle(rq);
  }
}

// do_sched_cfs_period_timer()
void FairClass::period_over(GroupId group) {
  Bandwidth& pool = bandwidth_[group.index()];
  const bool some_throttled = pool.first.valid();
  pool.expires = now() + pool.period;
  pool.period_active = pool.quota != kUnlimited;
  if (!pool.period_active) return;
  ++pool.nr_periods;
  refill(pool);
  pool.period_active = !pool.idle || some_throttled;
  if (!pool.period_active) return;
  kernel_->set_timer(*this, Nanos(pool.expires), number_of(group, kPeriodTimer));
  pool.idle = !some_throttled;
  if (!some_throttled) return;
  ++pool.nr_throttled;
  distribute(group);
}

// do_sched_cfs_slack_timer()
void FairClass::slack_over(GroupId group) {
  Bandwidth& pool = bandwidth_[group.index()];
  pool.slack_started = false;
  if (pool.quota == kUnlimited || refresh_within(pool, kNotWorthIt)) return;
  if (pool.runtime > params_.cfs_bandwidth_slice.count()) distribute(group);
}

void FairClass::timer(uint32_t number) {
  const GroupId group(static_cast<size_t>(number / kNrTimers));
  number % kNrTimers == kPeriodTimer ? period_over(group) : slack_over(group);
}

std::vector<std::pair<std::string, int64_t>> FairClass::group_stat(GroupId group) const {
  if (bandwidth_.empty()) return {};
  const Bandwidth& pool = bandwidth_[group.index()];
  int64_t throttled = pool.throttled_time;
  for (size_t c = 0; c < cpus_.size(); ++c) {
    const QueueBandwidth& limit = queue_bandwidth_[group.index() * cpus_.size() + c];
    if (limit.throttled) throttled += now() - limit.throttled_since;
  }
  return {{"nr_periods", pool.nr_periods},
          {"nr_throttled", pool.nr_throttled},
          {"queue_throttled_ns", throttled},
          {"nr_bursts", pool.nr_burst},
          {"burst_ns", pool.burst_time}};
}

}  // namespace simsched
