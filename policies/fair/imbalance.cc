// Which group of a domain is the busiest, how much to pull from it, and from which of its CPUs
// (sched_balance_find_src_group(), calculate_imbalance() and sched_balance_find_src_rq() of the kernel).
#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

namespace fair {

void GroupStats::classify(int64_t pct, bool imbalanced) {
  bool beyond_runnable = capacity * pct < runnable * 100;
  if (nr_running > weight && (capacity * 100 < util * pct || beyond_runnable))
    type = GroupType::kOverloaded;
  else if (imbalanced)
    type = GroupType::kImbalanced;
  else if (asym_packing)
    type = GroupType::kAsymPacking;
  else if (smt_balance)
    type = GroupType::kSmtBalance;
  else if (misfit_load != 0)
    type = GroupType::kMisfit;
  else if (nr_running < weight || (!beyond_runnable && capacity * 100 > util * pct))
    type = GroupType::kHasSpare;
  else
    type = GroupType::kFullyBusy;
}

int64_t adjust_numa_imbalance(int64_t imbalance, int64_t running, int64_t allowed) {
  constexpr int64_t kPair = 2;
  return running <= allowed && imbalance <= kPair ? 0 : imbalance;
}

// What the whole domain looks like.
struct DomainStats {
  const Group *local = nullptr, *busiest = nullptr;
  GroupStats local_stats, busiest_stats;
  int64_t load = 0, capacity = 0, util = 0;
  bool prefer_sibling = false;

  int64_t avg_load() const { return load * kCapacityScale / capacity; }

  // Tasks in excess of an even spread over the cores of the two groups.
  int64_t sibling_imbalance(const LoadBalance& lb) const {
    if (!lb.is_idle() || busiest_stats.nr_running == 0) return 0;
    int64_t there = busiest->cores, here = local->cores;
    int64_t excess = here * busiest_stats.nr_running - there * local_stats.nr_running;
    excess = std::max<int64_t>(0, excess);
    if (there == here) return excess / std::max<int64_t>(here, 1);
    excess = (2 * excess + here + there) / (here + there);
    return excess <= 1 && local_stats.nr_running == 0 && busiest_stats.nr_running > 1 ? 2 : excess;
  }

  bool is_busier(const LoadBalance& lb, const Domains& domains, const Group& group, const GroupStats& stats,
                 int64_t dst_capacity) const;
  bool balanced(const LoadBalance& lb) const;
  void calculate(LoadBalance& lb) const;
};

bool DomainStats::is_busier(const LoadBalance& lb, const Domains& domains, const Group& group, const GroupStats& stats,
                            int64_t dst_capacity) const {
  if (stats.h_nr_running == 0) return false;
  bool asym = lb.domain->asym_capacity;
  if (asym && stats.type == GroupType::kMisfit &&
      (!capacity_greater(dst_capacity, group.max_capacity) || local_stats.type != GroupType::kHasSpare))
    return false;
  GroupType most = busiest ? busiest_stats.type : GroupType::kHasSpare;
  if (stats.type != most) return stats.type > most;
  bool fewer_idle = !busiest || stats.idle_cpus < busiest_stats.idle_cpus ||
                    (stats.idle_cpus == busiest_stats.idle_cpus && stats.nr_running > busiest_stats.nr_running);
  switch (stats.type) {
    case GroupType::kOverloaded:
      return stats.avg_load > busiest_stats.avg_load;
    case GroupType::kImbalanced:
      return false;
    case GroupType::kAsymPacking:  // from the CPUs of lowest priority first
      if (domains.prefers(group.preferred, busiest->preferred)) return false;
      return domains.prefers(busiest->preferred, group.preferred) || stats.ipc_gain > busiest_stats.ipc_gain;
    case GroupType::kMisfit:
      return stats.misfit_load > busiest_stats.misfit_load;
    case GroupType::kSmtBalance:
    case GroupType::kFullyBusy:
      if (stats.type == GroupType::kSmtBalance && (stats.idle_cpus != 0 || busiest_stats.idle_cpus != 0)) {
        if (!fewer_idle) return false;
      } else if (busiest->smt && !(group.smt && stats.ipc_gain > busiest_stats.ipc_gain)) {
        return false;
      }
      break;
    case GroupType::kHasSpare:
      // One task alone on a core is better off than one that shares.
      if (busiest && busiest->smt != group.smt) return !(group.smt && stats.h_nr_running <= 1);
      if (!fewer_idle) return false;
      break;
  }
  return !(asym && stats.type <= GroupType::kFullyBusy && capacity_greater(group.min_capacity, dst_capacity));
}

bool DomainStats::balanced(const LoadBalance& lb) const {
  const GroupStats &here = local_stats, &there = busiest_stats;
  if (there.type == GroupType::kMisfit || there.type == GroupType::kAsymPacking || there.type == GroupType::kImbalanced)
    return false;
  if (here.type > there.type) return true;
  if (here.type == GroupType::kOverloaded) {
    if (here.avg_load >= there.avg_load || here.avg_load >= avg_load()) return true;
    if (100 * there.avg_load <= lb.domain->imbalance_pct * here.avg_load) return true;
  }
  if (prefer_sibling && here.type == GroupType::kHasSpare && sibling_imbalance(lb) > 1) return false;
  if (there.type == GroupType::kOverloaded) return false;
  if (!lb.is_idle()) return true;  // an idle CPU may pull, a busy one should not
  if (there.type == GroupType::kSmtBalance && local->smt != busiest->smt) return false;
  if (there.weight > 1 && here.idle_cpus <= there.idle_cpus + 1) return true;
  return there.h_nr_running == 1;  // nothing waits there
}

void DomainStats::calculate(LoadBalance& lb) const {
  const GroupStats &here = local_stats, &there = busiest_stats;
  const Domain& domain = *lb.domain;
  lb.type = MigrationType::kTask;
  lb.imbalance = 1;
  if (there.type == GroupType::kMisfit) {
    // Or, where all are alike, what runs alone on a CPU that real-time tasks use.
    lb.type = domain.asym_capacity ? MigrationType::kMisfit : MigrationType::kLoad;
    if (!domain.asym_capacity) lb.imbalance = there.misfit_load;
    return;
  }
  if (there.type == GroupType::kAsymPacking) {
    lb.imbalance = there.h_nr_running;
    return;
  }
  if (there.type == GroupType::kSmtBalance || there.type == GroupType::kImbalanced) return;

  if (here.type == GroupType::kHasSpare) {
    if (there.type > GroupType::kFullyBusy && !domain.shares_cache) {
      // Fill what is to spare here.
      lb.imbalance = std::max(here.capacity, here.util) - here.util;
      if (lb.is_idle() && lb.imbalance == 0)
        lb.imbalance = 1;
      else
        lb.type = MigrationType::kUtil;
      return;
    }
    lb.imbalance = there.weight == 1 || prefer_sibling ? sibling_imbalance(lb)
                                                       : std::max<int64_t>(0, here.idle_cpus - there.idle_cpus);
    if (domain.numa) lb.imbalance = adjust_numa_imbalance(lb.imbalance, here.nr_running + 1, domain.imb_numa_nr);
    lb.imbalance >>= 1;
    return;
  }

  int64_t here_load = here.avg_load, average = avg_load();
  lb.imbalance = 0;
  if (here.type < GroupType::kOverloaded) {
    here_load = here.load * kCapacityScale / here.capacity;
    if (here_load >= there.avg_load || here_load >= average) return;
  }
  // As much as brings neither beyond the average.
  lb.type = MigrationType::kLoad;
  lb.imbalance =
      std::min((there.avg_load - average) * there.capacity, (average - here_load) * here.capacity) / kCapacityScale;
}

}  // namespace fair

GroupStats FairClass::balance_stats(const LoadBalance& lb, const Group& group, bool local, bool* overloaded) {
  int64_t load = 0, util = 0, runnable = 0, nr_running = 0, h_nr_running = 0, idle_cpus = 0, misfit_load = 0;
  const bool all = lb.excluded.empty(), misfits = lb.domain->asym_capacity && !local;
  const bool reduced = capacity_varies_ && !lb.domain->asym_capacity && !local && lb.is_idle();
  const bool ipc = !ipc_scores_.empty() && !local && lb.is_idle();
  int64_t capacity = group.capacity, ipc_gain = 0;
  const int64_t since = fresh_since();
  for (int32_t i = 0; i < group.nr_cpus; ++i) {
    CpuId cpu = group.cpu(i);
    if (!all && !lb.considers(cpu)) continue;
    const CfsRq& root = fresh_root(cpu, since);
    load += static_cast<int64_t>(root.avg.load_avg);
    util += static_cast<int64_t>(cpu_util(root, cpu));
    runnable += root.avg.runnable_avg;
    h_nr_running += root.h_nr_runnable;
    if (capacity_varies_) capacity -= this->capacity(cpu) - capacity_of(cpu);
    uint32_t running = kernel_->nr_running(cpu);
    nr_running += running;
    if (running == 0) {
      if (!kernel_->curr(cpu).valid()) ++idle_cpus;  // not the one that is about to go idle
      continue;
    }
    if (running > 1) *overloaded = true;
    if (ipc) ipc_gain = std::max(ipc_gain, this->ipc_gain(cpu, lb.dst));
    if (misfits) {
      const auto misfit = static_cast<int64_t>(this->misfit_load(cpu));
      if (misfit <= misfit_load) continue;
      misfit_load = misfit;
      *overloaded = true;
    } else if (reduced && root.h_nr_runnable == 1 && reduced_capacity(cpu, *lb.domain)) {
      misfit_load = std::max(misfit_load, static_cast<int64_t>(root.avg.load_avg));
    }
  }
  GroupStats stats{.load = load,
                   .util = util,
                   .runnable = runnable,
                   .capacity = capacity,
                   .nr_running = nr_running,
                   .h_nr_running = h_nr_running,
                   .idle_cpus = idle_cpus,
                   .weight = group.weight(),
                   .misfit_load = misfit_load};
  if (h_nr_running == 0 && !local) return stats;  // nothing to pull there, of whatever type it is
  stats.ipc_gain = ipc_gain;
  stats.smt_balance = !local && lb.is_idle() && group.smt && stats.h_nr_running > 1;
  stats.asym_packing = !local && lb.is_idle() && group_packs(lb, group, stats);
  stats.classify(lb.domain->imbalance_pct, imbalanced_[group.number]);
  if (stats.type == GroupType::kOverloaded) stats.avg_load = stats.load * kCapacityScale / stats.capacity;
  return stats;
}

const Group* FairClass::find_busiest_group(LoadBalance& lb) {
  DomainStats stats;
  const std::vector<Domain>& domains = domains_->of(lb.dst);
  int64_t dst_capacity = capacity_of(lb.dst);
  stats.prefer_sibling = lb.level > 0 && domains[lb.level - 1].prefer_sibling;
  bool overloaded = false;
  for (const Group* group : lb.domain->groups) {
    // Others contain its CPU, too, only where groups overlap.
    bool local = group == lb.domain->groups[0] || (lb.domain->numa && group->span->set.contains(lb.dst));
    GroupStats group_stats = balance_stats(lb, *group, local, &overloaded);
    stats.load += group_stats.load;
    stats.capacity += group_stats.capacity;
    stats.util += group_stats.util;
    if (local) {
      stats.local = group;
      stats.local_stats = group_stats;
    } else if (stats.is_busier(lb, *domains_, *group, group_stats, dst_capacity)) {
      stats.busiest = group;
      stats.busiest_stats = group_stats;
    }
  }
  if (lb.level + 1 == domains.size()) overloaded_ = overloaded;
  if (!perf_domains_.empty()) find_overutilized(lb);
  update_idle_scan(lb, stats.util);
  if (!stats.busiest || stats.balanced(lb)) return nullptr;
  if (energy_aware() && stats.busiest_stats.type != GroupType::kMisfit) return nullptr;
  stats.calculate(lb);
  return lb.imbalance != 0 ? stats.busiest : nullptr;
}

// SIS_UTIL: how many CPUs a waking task's search for an idle one may look at, the fewer the busier.
void FairClass::update_idle_scan(const LoadBalance& lb, int64_t sum_util) {
  if (!params_.sis_util || lb.idle == IdleType::kNewlyIdle) return;
  const Domain* cache = domains_->cache(lb.dst);
  if (cache != lb.domain) return;
  int64_t weight = cache->weight(), util = sum_util / weight, pct = cache->imbalance_pct;
  int64_t busy = std::min<int64_t>(util * util * pct * pct / (10000 * kCapacityScale), kCapacityScale);
  cache_state(lb.dst).nr_idle_scan = (kCapacityScale - busy) * weight / kCapacityScale;
}

CpuId FairClass::find_busiest_queue(const LoadBalance& lb, const Group& group) {
  CpuId busiest;
  int64_t most = 0, most_capacity = 1;
  const bool ipc = !ipc_scores_.empty() && lb.is_idle();
  const NumaClass away = numa_class(lb, group.span->cpus);
  for (CpuId cpu : group.span->cpus) {
    if (!lb.considers(cpu) || numa_class(lb, {&cpu, 1}) > away) continue;
    const CfsRq& root = root_of(cpu);
    int64_t running = root.h_nr_runnable, here = capacity_of(cpu), amount = 0;
    if (running == 0) continue;
    if (lb.domain->asym_capacity && !capacity_greater(capacity_of(lb.dst), here) && running == 1) continue;
    if (running == 1 && better_on(*lb.domain, cpu, lb.dst)) continue;
    switch (lb.type) {
      case MigrationType::kLoad:
        amount = static_cast<int64_t>(cpu_load(cpu));
        if (running == 1 && amount > lb.imbalance) continue;
        if (amount * most_capacity <= most * here) continue;
        most_capacity = here;
        break;
      case MigrationType::kUtil:
        if (running <= 1) continue;
        amount = static_cast<int64_t>(cpu_util(root, cpu));
        amount = std::max<int64_t>(amount, fresh_root(cpu, fresh_since()).avg.runnable_avg);
        break;
      case MigrationType::kTask:
        amount = running;
        break;
      case MigrationType::kMisfit:
        amount = static_cast<int64_t>(misfit_load(cpu));
        if (amount == 0) continue;
        break;
    }
    const bool gains_more =
        ipc && amount == most && busiest.valid() && ipc_gain(cpu, lb.dst) > ipc_gain(busiest, lb.dst);
    if (lb.type == MigrationType::kLoad || amount > most || gains_more) {
      most = amount;
      busiest = cpu;
    }
  }
  return busiest;
}

}  // namespace simsched
