// Pulling load to a CPU: periodically, when it goes idle, and, where the task to move is running, through
// the stopper (sched_balance_rq(), sched_balance_newidle() and sched_balance_domains() of the kernel).
#include "policies/fair/balance.h"

#include <algorithm>

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kMaxPinnedInterval = 512;  // ms
constexpr int64_t kBusyFactor = 16;
constexpr int64_t kMillisecond = 1000000, kSecond = 1000000000;

// What a look at a domain has cost bears on how short an idle period is worth one; forgotten by 1 % a second.
bool decay_newidle_cost(DomainState& domain, int64_t now) {
  if (now <= domain.cost_decayed + kSecond) return false;
  domain.max_newidle_cost = domain.max_newidle_cost * 253 / 256;
  domain.cost_decayed = now;
  return true;
}

void note_newidle(DomainState& domain, uint32_t success) {
  ++domain.newidle_call;
  domain.newidle_success += success;
  if (domain.newidle_call < 1024) return;
  domain.newidle_ratio = domain.newidle_success;
  domain.newidle_call /= 2;
  domain.newidle_success /= 2;
}

}  // namespace

// Of an idle group only one CPU balances: the first idle one, if possible on an idle core.
bool FairClass::should_balance(const LoadBalance& lb) {
  if (!lb.considers(lb.dst)) return false;
  if (lb.idle == IdleType::kNewlyIdle) return kernel_->nr_running(lb.dst) == 0;
  const Group& group = *lb.domain->groups[0];
  CpuId idle_thread;
  for (CpuId cpu : group.balancers) {
    if (!lb.considers(cpu) || !kernel_->idle_cpu(cpu)) continue;
    bool core_idle = true;
    if (smt_ && !lb.domain->smt)
      for (CpuId thread : kernel_->machine().smt_cpus(cpu)) core_idle &= kernel_->idle_cpu(thread);
    if (core_idle) return cpu == lb.dst;
    if (!idle_thread.valid()) idle_thread = cpu;
  }
  return (idle_thread.valid() ? idle_thread : group.balancers[0]) == lb.dst;
}

bool FairClass::cache_hot(const LoadBalance& lb, TaskId task) {
  const Entity& e = entity_of(task);
  if (e.idle || lb.domain->smt || params_.migration_cost == Nanos(0)) return false;
  if (params_.cache_hot_buddy && kernel_->nr_running(lb.dst) > 0 && e.cfs_rq->next == &e) return true;
  return clock_task(lb.src) - e.exec_start < params_.migration_cost.count();
}

bool FairClass::can_migrate(LoadBalance& lb, TaskId task) {
  if (entity_of(task).delayed) return false;
  // throttled_lb_pair(): a task that may not run here would not run there.
  if (!bandwidth_.empty() &&
      (kernel_->task_throttled(task) || queue_of(kernel_->group(task), lb.dst).throttle_count > 0))
    return false;
  if (kernel_->spec(task).kthread && kernel_->allowed(task).size() == 1) return false;
  if (!kernel_->cpu_allowed(task, lb.dst)) {
    lb.some_pinned = true;
    if (lb.idle == IdleType::kNewlyIdle || lb.active || lb.new_dst.valid()) return false;
    for (CpuId cpu : lb.domain->groups[0]->span->cpus)
      if (lb.considers(cpu) && kernel_->cpu_allowed(task, cpu)) {
        lb.new_dst = cpu;
        break;
      }
    return false;
  }
  lb.all_pinned = false;
  if (kernel_->task_running(task) || kernel_->curr(lb.src) == task) return false;
  if (lb.active) return true;
  const bool moves = !hot(lb, task) || lb.state.nr_balance_failed > lb.domain->cache_nice_tries;
  if (kernel_->moves_observed()) {
    const Entity& e = entity_of(task);
    const MoveSite site = lb.idle == IdleType::kNewlyIdle ? MoveSite::kSteal : MoveSite::kBalance;
    kernel_->decided(task, lb.src, lb.dst, site, moves, {},
                     Nanos(std::max<int64_t>(avg_vruntime(*e.cfs_rq) - e.vruntime, 0)));
  }
  return moves;
}

// Whether what the task brings is within the imbalance, which it then reduces. The more often balancing
// failed, the more it may exceed it.
bool FairClass::worth_moving(LoadBalance& lb, TaskId task) {
  uint32_t failed = lb.state.nr_balance_failed;
  int64_t amount = 1;
  switch (lb.type) {
    case MigrationType::kTask:
      break;
    case MigrationType::kLoad:
      amount = std::max<int64_t>(1, static_cast<int64_t>(task_load(task)));
      if (params_.lb_min && amount < 16 && failed == 0) return false;
      break;
    case MigrationType::kUtil:
      amount = static_cast<int64_t>(task_util(task));
      break;
    case MigrationType::kMisfit:
      if (fits(task, lb.src)) return false;
      amount = lb.imbalance;
      break;
  }
  if (lb.type != MigrationType::kTask && (amount >> std::min(failed, 63u)) > lb.imbalance) return false;
  lb.imbalance -= amount;
  return true;
}

// From those that have not run for longest.
int FairClass::detach_tasks(LoadBalance& lb) {
  if (kernel_->nr_running(lb.src) <= 1) {
    lb.all_pinned = false;
    return 0;
  }
  int moved = 0;
  TaskId task = cpu_state(lb.src).oldest, first_kept;
  while (task.valid() && task != first_kept && lb.imbalance > 0) {
    if (lb.is_idle() && kernel_->nr_running(lb.src) <= 1) break;
    if (++lb.tries > lb.max_tries) break;
    TaskId next = entity_of(task).newer;
    if (can_migrate(lb, task) && worth_moving(lb, task)) {
      kernel_->move_queued_task(task, lb.dst, lb.kind);
      ++moved;
      if (params_.preempts_kernel && lb.idle == IdleType::kNewlyIdle) break;
    } else {
      // To the other end: the next run looks at others first.
      if (!first_kept.valid()) first_kept = task;
      list_remove(lb.src, task);
      list_add(lb.src, task);
      if (!next.valid()) next = first_kept;
    }
    task = next;
  }
  count_.pulled += moved;
  return moved;
}

bool FairClass::needs_active_balance(const LoadBalance& lb) {
  if (lb.type == MigrationType::kMisfit) return true;
  if (lb.is_idle()) {
    if (uses_priority(*lb.domain, lb.dst) && (domains_->prefers(lb.dst, lb.src) || !uses_priority(*lb.domain, lb.src)))
      return true;
    if (root_of(lb.src).h_nr_runnable == 1 && reduced_capacity(lb.src, *lb.domain) &&
        capacity_of(lb.src) * lb.domain->imbalance_pct < capacity_of(lb.dst) * 100)
      return true;
  }
  return lb.type == MigrationType::kTask && lb.state.nr_balance_failed > lb.domain->cache_nice_tries + 2;
}

int FairClass::load_balance(CpuId cpu, size_t level, IdleType idle, bool* go_on) {
  const std::vector<Domain>& domains = domains_->of(cpu);
  const Domain& domain = domains[level];
  DomainState& state = state_of(domain);
  uint8_t* parent_imbalanced =
      level + 1 < domains.size() ? &imbalanced_[domains[level + 1].groups[0]->number] : nullptr;
  LoadBalance lb{.domain = &domain,
                 .state = state,
                 .level = level,
                 .dst = cpu,
                 .src = {},
                 .idle = idle,
                 .new_dst = {},
                 .excluded = {}};
  lb.kind = idle == IdleType::kNewlyIdle ? MigrationKind::kNewIdle
            : idle == IdleType::kIdle    ? MigrationKind::kNohzIdle
                                         : MigrationKind::kPeriodic;
  ++count_.balances;
  bool pinned = false;  // every task of the busiest CPU is
  int moved = 0;
  while (true) {
    if (!should_balance(lb)) {
      *go_on = false;
      break;
    }
    const Group* group = find_busiest_group(lb);
    if (!group) break;
    lb.src = find_busiest_queue(lb, *group);
    if (!lb.src.valid() || lb.src == lb.dst) break;

    lb.all_pinned = true;
    if (kernel_->nr_running(lb.src) > 1) {
      lb.tries = 0;
      lb.max_tries = std::min<int64_t>(params_.nr_migrate, kernel_->nr_running(lb.src));
      moved += detach_tasks(lb);
      while (lb.new_dst.valid() && lb.imbalance > 0) {  // some may go to a neighbour
        lb.excluded.push_back(lb.dst);
        lb.dst = lb.new_dst;
        lb.new_dst = CpuId();
        lb.tries = 0;
        moved += detach_tasks(lb);
      }
      if (parent_imbalanced && lb.some_pinned && lb.imbalance > 0) *parent_imbalanced = true;
      if (lb.all_pinned) {
        lb.excluded.push_back(lb.src);
        pinned = true;
        bool others = std::any_of(domain.span->cpus.begin(), domain.span->cpus.end(),
                                  [&](CpuId c) { return lb.considers(c) && !domain.groups[0]->span->set.contains(c); });
        if (others) continue;
        break;
      }
    }
    if (moved > 0) {
      state.nr_balance_failed = 0;
      state.balance_interval = domain.min_interval;
      return moved;
    }
    if (idle != IdleType::kNewlyIdle && lb.type != MigrationType::kMisfit) ++state.nr_balance_failed;
    TaskId current = kernel_->curr(lb.src);
    if (needs_active_balance(lb)) {
      if (!current.valid() || !is_fair(current) || !kernel_->cpu_allowed(current, cpu)) {
        if (idle != IdleType::kNewlyIdle && lb.type != MigrationType::kMisfit &&
            state.balance_interval < domain.max_interval)
          state.balance_interval *= 2;
        return 0;
      }
      if (!cpu_state(lb.src).active_balance) {
        cpu_state(lb.src).active_balance = true;
        ++count_.active_balances;
        kernel_->queue_stopper(lb.src, *this, TaskId(), cpu);
      }
    }
    state.balance_interval = domain.min_interval;
    return 0;
  }
  // Balanced, or nothing can be done about it.
  if (parent_imbalanced && !pinned) *parent_imbalanced = false;
  state.nr_balance_failed = 0;
  if (idle != IdleType::kNewlyIdle && lb.type != MigrationType::kMisfit) {
    int64_t limit = pinned ? std::max(kMaxPinnedInterval, domain.max_interval) : domain.max_interval;
    if (state.balance_interval < limit) state.balance_interval *= 2;
  }
  return moved;
}

// Runs in the stopper of `cpu`: what ran there has been preempted and can be moved.
void FairClass::stopper(CpuId cpu, TaskId moved, CpuId dest) {
  if (moved.valid()) return numa_stopper(cpu, moved, dest);
  cpu_state(cpu).active_balance = false;
  const std::vector<Domain>& domains = domains_->of(dest);
  auto domain = std::find_if(domains.begin(), domains.end(), [&](const Domain& d) { return d.contains(cpu); });
  if (domain == domains.end() || root_of(cpu).h_nr_runnable == 0) return;
  DomainState& state = state_of(*domain);
  LoadBalance lb{.domain = &*domain,
                 .state = state,
                 .level = 0,
                 .dst = dest,
                 .src = cpu,
                 .idle = IdleType::kIdle,
                 .active = true,
                 .new_dst = {},
                 .excluded = {}};
  for (TaskId task = cpu_state(cpu).oldest; task.valid(); task = entity_of(task).newer) {
    if (!can_migrate(lb, task)) continue;
    kernel_->move_queued_task(task, dest, MigrationKind::kActive);
    state.nr_balance_failed = 0;
    return;
  }
}

// In ns, from ms, in whole ticks.
int64_t FairClass::balance_interval(const DomainState& domain, bool busy) const {
  int64_t ms = domain.balance_interval * (busy ? kBusyFactor : 1);
  int64_t ticks = (ms * kMillisecond + params_.tick - 1) / params_.tick - (busy ? 1 : 0);
  int64_t most = kSecond / params_.tick * static_cast<int64_t>(kernel_->nr_cpus()) / 10;
  return std::clamp<int64_t>(ticks, 1, std::max<int64_t>(1, most)) * params_.tick;
}

bool FairClass::newidle_balance(CpuId cpu) {
  CpuState& state = cpu_state(cpu);
  const std::vector<Domain>& domains = domains_->of(cpu);
  state.idle_stamp = now();
  if (domains.empty()) return !hmp_.empty() && hmp_pull(cpu);
  int64_t next_balance = INT64_MAX, cost = 0;
  auto due = [&](const DomainState& d) {
    next_balance = std::min(next_balance, d.last_balance + balance_interval(d, false));
  };
  bool pulled = false, go_on = true;
  const DomainState& lowest = state_of(domains[0]);
  if (!overloaded_ || state.avg_idle < lowest.max_newidle_cost) {
    due(lowest);
    ++count_.newidle_skips;
  } else {
    update_blocked_averages(cpu);
    for (size_t level = 0; level < domains.size() && go_on && !pulled; ++level) {
      DomainState& domain = state_of(domains[level]);
      due(domain);
      if (state.avg_idle < cost + domain.max_newidle_cost) break;
      uint32_t weight = 1;
      if (params_.ni_random) {
        // Try as often as it has paid off, and count a success by how seldom it was tried.
        weight = 1 + domain.newidle_ratio;
        if (kernel_->rng().below(1024) > weight) {
          note_newidle(domain, 0);
          continue;
        }
        weight = (1024 + weight / 2) / weight;
      }
      ++count_.newidle_balances;
      pulled = load_balance(cpu, level, IdleType::kNewlyIdle, &go_on) > 0;
      int64_t domain_cost = params_.newidle_cost_per_cpu.count() * domains[level].weight();
      if (domain_cost > domain.max_newidle_cost) {
        domain.max_newidle_cost = std::min(domain_cost, params_.migration_cost.count() + 200);
        domain.cost_decayed = now();
      } else {
        decay_newidle_cost(domain, now());
      }
      cost += domain_cost;
      if (params_.ni_random) note_newidle(domain, pulled ? weight : 0);
    }
    state.max_idle_cost = std::max(state.max_idle_cost, cost);
  }
  state.next_balance = std::min(state.next_balance, next_balance);
  if (!pulled && !hmp_.empty()) hmp_pull(cpu);
  // A real-time task that came meanwhile is not ours to pick.
  return root_of(cpu).nr_queued > 0;
}

bool FairClass::busy_for_balance(CpuId cpu, IdleType idle) const {
  return idle != IdleType::kIdle && !sched_idle_cpu(cpu);
}

void FairClass::balance_domains(CpuId cpu, IdleType idle) {
  CpuState& state = cpu_state(cpu);
  const std::vector<Domain>& domains = domains_->of(cpu);
  bool busy = busy_for_balance(cpu, idle), go_on = true, decayed = false;
  int64_t next_balance = now() + 60 * kSecond, max_cost = 0;
  for (size_t level = 0; level < domains.size(); ++level) {
    DomainState& domain = state_of(domains[level]);
    decayed |= decay_newidle_cost(domain, now());
    max_cost += domain.max_newidle_cost;
    if (!go_on) continue;  // another CPU of the group balances at the levels above
    if (now() >= domain.last_balance + balance_interval(domain, busy)) {
      if (load_balance(cpu, level, idle, &go_on) > 0) {
        idle = kernel_->idle_cpu(cpu) ? IdleType::kIdle : IdleType::kNotIdle;
        busy = busy_for_balance(cpu, idle);
      }
      domain.last_balance = now();
    }
    next_balance = std::min(next_balance, domain.last_balance + balance_interval(domain, busy));
  }
  if (decayed) state.max_idle_cost = std::max(params_.migration_cost.count(), max_cost);
  state.next_balance = next_balance;
}

void FairClass::tick_balance(CpuId cpu) {
  if (cede_ == Cede::kAll) return;
  if (!hmp_.empty()) hmp_tick(cpu);
  if (domains_->of(cpu).empty()) return;
  if (now() >= cpu_state(cpu).next_balance) {
    update_blocked_averages(cpu);
    balance_domains(cpu, kernel_->idle_cpu(cpu) ? IdleType::kIdle : IdleType::kNotIdle);
  }
  if (now() >= nohz_next_balance_ && wants_kick(cpu)) kick_idle_balancer(cpu);
}

std::vector<std::pair<std::string, int64_t>> FairClass::counters() const {
  std::vector<std::pair<std::string, int64_t>> counters = {{"balances", count_.balances},
                                                           {"newidle_balances", count_.newidle_balances},
                                                           {"newidle_skips", count_.newidle_skips},
                                                           {"pulled", count_.pulled},
                                                           {"active_balances", count_.active_balances},
                                                           {"nohz_kicks", count_.kicks}};
  if (numa_on_) {
    counters.emplace_back("numa_hint_faults", numa_.hint_faults);
    counters.emplace_back("numa_hint_faults_local", numa_.hint_faults_local);
    counters.emplace_back("numa_task_migrated", numa_.task_moves);
    counters.emplace_back("numa_task_swapped", numa_.task_swaps);
  }
  if (!perf_domains_.empty()) counters.emplace_back("energy_wakeups", count_.energy_wakeups);
  if (!hmp_.empty()) {
    counters.emplace_back("hmp_up", count_.hmp_up);
    counters.emplace_back("hmp_down", count_.hmp_down);
  }
  return counters;
}

}  // namespace simsched
