// Where a new or exec'ing task goes: from the widest domain down, the idlest group, then its idlest CPU
// (sched_balance_find_dst_cpu() of the kernel).
#include <cstdlib>

#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

CpuId FairClass::find_idlest_cpu(size_t top_level, TaskId task, CpuId cpu, CpuId prev) {
  const Domain* domain = &domains_->of(cpu)[top_level];
  if (!domain->span->set.intersects(kernel_->allowed(task))) return prev;
  CpuId found = cpu;
  for (size_t level = top_level + 1; level-- > 0;) {
    domain = &domains_->of(cpu)[level];
    if (!domain->fork_exec) continue;
    const Group* group = find_idlest_group(*domain, task, cpu);
    if (!group) continue;  // here is best: go on within
    found = find_idlest_group_cpu(*group, task, cpu);
    if (found == cpu) continue;
    // Go on in the domains of the CPU found that are smaller than this one.
    cpu = found;
    int64_t weight = domain->weight();
    level = 0;
    for (const Domain& d : domains_->of(cpu))
      if (d.weight() < weight)
        ++level;
      else
        break;
  }
  return found;
}

GroupStats FairClass::wakeup_stats(const Domain& domain, const Group& group, TaskId task) {
  GroupStats stats;
  if (domain.asym_capacity) stats.misfit_load = 1;  // until a CPU is found that it fits
  CpuId own = kernel_->task_cpu(task);              // what the task itself adds there does not count
  const int64_t since = fresh_since();
  bool attached = entity_of(task).avg.last_update_time != 0, queued = kernel_->task_on_rq(task);
  for (int32_t i = 0; i < group.nr_cpus; ++i) {
    CpuId cpu = group.cpu(i);
    const CfsRq& root = fresh_root(cpu, since);
    int64_t running = kernel_->nr_running(cpu), runnable = root.h_nr_runnable;
    if (cpu == own && attached) {
      const Entity& e = entity_of(task);
      stats.load += static_cast<int64_t>(without(root.avg.load_avg, task_load(task)));
      stats.runnable += static_cast<int64_t>(without(root.avg.runnable_avg, e.avg.runnable_avg));
      uint32_t util = without(root.avg.util_avg, e.avg.util_avg), util_est = without(root.util_est, e.util_queued);
      stats.util += static_cast<int64_t>(util_of(util, util_est, cpu));
    } else {
      stats.load += static_cast<int64_t>(root.avg.load_avg);
      stats.runnable += root.avg.runnable_avg;
      stats.util += static_cast<int64_t>(cpu_util(root, cpu));
    }
    if (cpu == own && queued) --running, --runnable;
    stats.nr_running += running;
    stats.h_nr_running += runnable;
    if (running == 0 && (!kernel_->curr(cpu).valid() || kernel_->curr(cpu) == task)) ++stats.idle_cpus;
    if (stats.misfit_load != 0 && fits(task, cpu)) stats.misfit_load = 0;
  }
  stats.capacity = group.capacity;
  stats.weight = group.weight();
  stats.classify(domain.imbalance_pct, imbalanced_[group.number]);
  if (stats.type == GroupType::kFullyBusy || stats.type == GroupType::kOverloaded)
    stats.avg_load = stats.load * kCapacityScale / stats.capacity;
  return stats;
}

namespace {

bool idler(const GroupStats& a, const Group& group_a, const GroupStats& b, const Group* group_b) {
  if (!group_b || a.type != b.type) return !group_b || a.type < b.type;
  switch (a.type) {
    case GroupType::kOverloaded:
    case GroupType::kFullyBusy:
      return a.avg_load < b.avg_load;
    case GroupType::kMisfit:
      return group_a.max_capacity > group_b->max_capacity;
    case GroupType::kHasSpare:
      return a.idle_cpus != b.idle_cpus ? a.idle_cpus > b.idle_cpus : a.util < b.util;
    case GroupType::kImbalanced:
    case GroupType::kAsymPacking:
    case GroupType::kSmtBalance:
      break;
  }
  return false;
}

}  // namespace

// Null: the local group is as good.
const Group* FairClass::find_idlest_group(const Domain& domain, TaskId task, CpuId cpu) {
  const CpuSet& allowed = kernel_->allowed(task);
  const Group *local = nullptr, *idlest = nullptr;
  GroupStats local_stats, idlest_stats;
  for (const Group* group : domain.groups) {
    if (!group->span->set.intersects(allowed)) continue;
    GroupStats stats = wakeup_stats(domain, *group, task);
    if (group->span->set.contains(cpu)) {
      local = group;
      local_stats = stats;
    } else if (idler(stats, *group, idlest_stats, idlest)) {
      idlest = group;
      idlest_stats = stats;
    }
  }
  if (!idlest || !local) return idlest;
  if (local_stats.type != idlest_stats.type) return local_stats.type < idlest_stats.type ? nullptr : idlest;
  switch (local_stats.type) {
    case GroupType::kOverloaded:
    case GroupType::kFullyBusy: {
      int64_t imbalance = 1024 * (domain.imbalance_pct - 100) / 100;
      if (domain.numa && idlest_stats.avg_load + imbalance >= local_stats.avg_load) return nullptr;
      if (idlest_stats.avg_load >= local_stats.avg_load + imbalance) return nullptr;
      return 100 * local_stats.avg_load <= domain.imbalance_pct * idlest_stats.avg_load ? nullptr : idlest;
    }
    case GroupType::kImbalanced:
    case GroupType::kAsymPacking:
    case GroupType::kSmtBalance:
      return nullptr;
    case GroupType::kMisfit:
      return local->max_capacity >= idlest->max_capacity ? nullptr : idlest;
    case GroupType::kHasSpare:
      break;
  }
  if (domain.numa) {
    if (NodeId preferred = preferred_node(task); preferred.valid()) {
      if (node_of(cpu) == preferred) return nullptr;
      if (node_of(idlest->span->cpus[0]) == preferred) return idlest;
    }
    int64_t here = static_cast<int64_t>((local->span->set & allowed).size());
    int64_t difference = std::abs(local_stats.idle_cpus - idlest_stats.idle_cpus);
    if (adjust_numa_imbalance(difference, local_stats.nr_running + 1, std::min(here, domain.imb_numa_nr)) == 0)
      return nullptr;
  }
  return local_stats.idle_cpus >= idlest_stats.idle_cpus ? nullptr : idlest;
}

// The idle CPU that wakes the fastest, of several the one that went idle last; else the least loaded one.
CpuId FairClass::find_idlest_group_cpu(const Group& group, TaskId task, CpuId cpu) {
  if (group.weight() == 1) return group.span->cpus[0];
  CpuId idle, least = cpu;
  int64_t latest = -1;
  Nanos fastest = kernel_->params().idle_governor == IdleGovernor::kHaltpoll ? Nanos(0) : Nanos::max();
  uint64_t least_load = UINT64_MAX;
  for (CpuId candidate : group.span->cpus) {
    if (!kernel_->cpu_allowed(task, candidate)) continue;
    if (sched_idle_cpu(candidate)) return candidate;
    if (kernel_->idle_cpu(candidate)) {
      int64_t since = cpu_state(candidate).idle_stamp;
      const Nanos latency = kernel_->idle_exit_latency(candidate);
      if (latency > fastest || (latency == fastest && since <= latest)) continue;
      fastest = latency;
      latest = since;
      idle = candidate;
    } else if (!idle.valid() && cpu_load(candidate) < least_load) {
      least_load = cpu_load(candidate);
      least = candidate;
    }
  }
  return idle.valid() ? idle : least;
}

}  // namespace simsched
