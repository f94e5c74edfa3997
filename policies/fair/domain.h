// Scheduling domains: the levels at which the fair class balances load, as the kernel builds them from the
// topology (kernel/sched/topology.c): SMT siblings, cores that share a cache below the last level, CPUs of one
// last-level cache, CPUs of one node, and then one level for each NUMA distance. A level that adds no CPU to the one
// below is left out. Isolated CPUs are in none.
// All of it is immutable; what balancing remembers of a domain is DomainState (state.h).
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "topology/machine.h"

namespace simsched::fair {

enum class Level : uint8_t { kSmt, kCluster, kCache, kNode, kNuma };

// CPUs, as a set and as a list in ascending order. Shared by the domains of all its members.
struct Span {
  CpuSet set;
  std::vector<CpuId> cpus;
};

// A part of a domain, between which and the other parts load is balanced: a domain of the level below. What balancing
// looks at of each is in one cache line.
struct alignas(64) Group {
  uint32_t number = 0;  // from 0, of all groups
  int32_t nr_cpus = 0;
  CpuId first;                                 // its first CPU
  bool contiguous = false;                     // its CPUs are `first` and those that follow
  bool smt = false;                            // its CPUs share a core
  bool cluster = false;                        // its cores share a cache below the last level
  int64_t capacity = 0;                        // sum over its CPUs
  int64_t min_capacity = 0, max_capacity = 0;  // of one CPU
  int64_t cores = 0;
  CpuId preferred;  // asym_prefer_cpu: the first of those with the highest priority
  const Span* span = nullptr;
  const Span* domain = nullptr;  // that it is part of
  std::vector<CpuId> balancers;  // who may pull load into the group for all of it (group_balance_mask)

  int64_t weight() const { return nr_cpus; }
  // In ascending order.
  CpuId cpu(int32_t i) const { return contiguous ? CpuId(first.value() + i) : span->cpus[static_cast<size_t>(i)]; }
};

// One level as one CPU sees it.
struct Domain {
  size_t number = 0;  // from 0, of all domains of all CPUs
  Level level = Level::kCache;
  const Span* span = nullptr;
  std::vector<const Group*> groups;  // the CPU's own is first
  bool smt = false;                  // SD_SHARE_CPUCAPACITY
  bool shares_cache = false;         // SD_SHARE_LLC
  bool numa = false;                 // SD_NUMA
  bool fork_exec = true;             // SD_BALANCE_FORK, SD_BALANCE_EXEC
  bool wake_affine = true;           // SD_WAKE_AFFINE
  bool asym_capacity = false;        // SD_ASYM_CPUCAPACITY: its CPUs differ in capacity
  bool asym_full = false;            // SD_ASYM_CPUCAPACITY_FULL: it has all capacities that there are
  bool asym_packing = false;         // SD_ASYM_PACKING
  bool prefer_sibling = true;        // tasks spread over domains like this one before they share one
  int64_t imbalance_pct = 117;
  int64_t imb_numa_nr = 0;  // so many tasks may run on one node before they spread to another
  uint32_t cache_nice_tries = 1;
  int64_t min_interval = 0, max_interval = 0;  // of balancing, ms, of an idle CPU

  int64_t weight() const { return static_cast<int64_t>(span->cpus.size()); }
  bool contains(CpuId cpu) const { return span->set.contains(cpu); }
};

class Domains {
 public:
  // `apart`: no domain has CPUs of more than one capacity.
  explicit Domains(const Machine& machine, bool apart = false);

  // From the lowest to the highest level; empty for a single CPU.
  const std::vector<Domain>& of(CpuId cpu) const { return by_cpu_[cpu.index()]; }

  size_t nr_domains() const { return nr_domains_; }
  size_t nr_groups() const { return groups_.size(); }

  // The highest domain of the CPU that lies within one cache (sd_llc), or null.
  const Domain* cache(CpuId cpu) const { return caches_[cpu.index()]; }
  size_t cache_size(CpuId cpu) const { return cache(cpu) ? cache(cpu)->span->cpus.size() : 1; }
  // Whether two CPUs share a last-level cache.
  bool share_cache(CpuId a, CpuId b) const { return machine_.cpu(a).llc == machine_.cpu(b).llc; }
  bool share_cluster(CpuId a, CpuId b) const { return machine_.cpu(a).cluster == machine_.cpu(b).cluster; }
  // Whether some domain is of a cluster (sched_cluster_active).
  bool clusters() const { return clusters_; }

  // Whether CPUs differ in capacity (sched_asym_cpucap_active).
  bool asymmetric() const { return capacities_.size() > 1 && !apart_; }
  // That there are, from the largest, and who has them.
  const std::vector<std::pair<int64_t, CpuSet>>& capacities() const { return capacities_; }
  // sd_asym_cpucapacity: the lowest domain of the CPU that has all capacities; null on a machine of one.
  const Domain* all_capacities(CpuId cpu) const { return asym_[cpu.index()]; }
  // sd_asym_packing: the highest domain of the CPU where priority counts, or null.
  const Domain* packing(CpuId cpu) const { return packing_[cpu.index()]; }
  // The largest capacity among `cpus` (max_allowed_capacity).
  int64_t max_capacity(const CpuSet& cpus) const {
    for (const auto& [capacity, having] : capacities_)
      if (having.intersects(cpus)) return capacity;
    return kCapacityScale;
  }
  // sched_asym_prefer(): a task is better off on `a` than on `b`.
  bool prefers(CpuId a, CpuId b) const { return machine_.cpu(a).priority > machine_.cpu(b).priority; }

 private:
  struct LevelInfo {
    Level level;
    int distance = 0;  // kNuma: to the farthest node
  };
  std::vector<LevelInfo> levels() const;
  CpuSet mask(const LevelInfo& level, CpuId cpu) const;
  const Span* share_span(size_t level, CpuSet set);
  void build_groups(CpuId cpu, const std::vector<std::vector<const Span*>>& spans, size_t level, Domain& domain);
  void allow_numa_imbalance(std::vector<Domain>& domains);
  void drop_degenerate(std::vector<Domain>& domains);

  const Machine& machine_;
  const bool apart_;
  std::vector<std::vector<Domain>> by_cpu_;
  std::vector<const Domain*> caches_, asym_, packing_;  // by CPU
  std::vector<std::pair<int64_t, CpuSet>> capacities_;
  size_t nr_domains_ = 0;
  std::deque<Span> spans_;
  std::deque<Group> groups_;
  std::vector<std::vector<const Span*>> spans_at_;           // by level and first CPU: candidates to share
  std::vector<std::vector<std::vector<Group*>>> groups_at_;  // by level and first CPU: candidates to share
  std::vector<uint32_t> covered_in_;                         // by CPU: the last round in which a group was found for it
  uint32_t round_ = 0;
  bool clusters_ = false;
};

}  // namespace simsched::fair
