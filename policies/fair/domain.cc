#include "policies/fair/domain.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace simsched::fair {
std::vector<Domains::LevelInfo> Domains::levels() const {
  std::vector<LevelInfo> levels{{Level::kSmt}, {Level::kCluster}, {Level::kCache}, {Level::kNode}};
  std::set<int> distances;
  for (size_t a = 0; a < machine_.nr_nodes(); ++a)
    for (size_t b = 0; b < machine_.nr_nodes(); ++b)
      if (a != b) distances.insert(machine_.distance(NodeId(a), NodeId(b)));
  for (int distance : distances) levels.push_back({Level::kNuma, distance});
  return levels;
}

CpuSet Domains::mask(const LevelInfo& level, CpuId cpu) const {
  const Cpu& info = machine_.cpu(cpu);
  const CpuSet& isolated = machine_.spec().isolated;
  if (isolated.contains(cpu)) return CpuSet::single(cpu);
  CpuSet set;
  switch (level.level) {
    case Level::kSmt:
      set = machine_.core_cpus(info.core);
      break;
    case Level::kCluster:
      set = machine_.cluster_cpus(info.cluster);
      break;
    case Level::kCache:
      set = machine_.llc_cpus(info.llc);
      break;
    case Level::kNode:
      set = machine_.node_cpus(info.node);
      break;
    case Level::kNuma:
      for (size_t node = 0; node < machine_.nr_nodes(); ++node)
        if (machine_.distance(info.node, NodeId(node)) <= level.distance || NodeId(node) == info.node)
          set = set | machine_.node_cpus(NodeId(node));
      break;
  }
  if (!isolated.empty()) set = set - isolated;
  for (const auto& [capacity, cpus] : capacities_)
    if (apart_ && capacity == info.kernel_capacity) set = set & cpus;
  return set;
}

const Span* Domains::share_span(size_t level, CpuSet set) {
  // Members of one span mostly have it in common: remember, by its first CPU, what was made last.
  size_t first = set.first_cpu().index();
  for (const Span* span : {spans_at_[level][first], level > 0 ? spans_at_[level - 1][first] : nullptr})
    if (span && span->set == set) return spans_at_[level][first] = span;
  spans_.push_back({});
  Span& span = spans_.back();
  span.set = std::move(set);
  for (CpuId cpu : span.set) span.cpus.push_back(cpu);
  return spans_at_[level][first] = &span;
}

Domains::Domains(const Machine& machine, bool apart) : machine_(machine), apart_(apart), by_cpu_(machine.nr_cpus()) {
  std::map<int64_t, CpuSet, std::greater<>> capacities;
  for (CpuId cpu : machine.cpus()) capacities[machine.cpu(cpu).kernel_capacity].add(cpu);
  capacities_.assign(capacities.begin(), capacities.end());
  std::vector<LevelInfo> infos = levels();
  size_t nr_cpus = machine.nr_cpus();
  spans_at_.assign(infos.size(), std::vector<const Span*>(nr_cpus, nullptr));
  groups_at_.assign(infos.size(), std::vector<std::vector<Group*>>(nr_cpus));
  covered_in_.assign(nr_cpus, 0);
  std::vector<std::vector<const Span*>> spans(infos.size(), std::vector<const Span*>(nr_cpus));
  for (size_t level = 0; level < infos.size(); ++level)
    for (CpuId cpu : machine.cpus()) spans[level][cpu.index()] = share_span(level, mask(infos[level], cpu));

  for (CpuId cpu : machine.cpus()) {
    std::vector<Domain>& domains = by_cpu_[cpu.index()];
    for (size_t level = 0; level < infos.size(); ++level) {
      const Span* span = spans[level][cpu.index()];
      // A level of one CPU is nothing to balance over.
      if (span->cpus.size() < 2) continue;
      Domain domain;
      domain.level = infos[level].level;
      domain.span = span;
      domain.min_interval = domain.weight();
      domain.max_interval = 2 * domain.weight();
      domain.smt = domain.level == Level::kSmt;
      domain.shares_cache = domain.level <= Level::kCache;
      domain.asym_packing = machine.spec().asym_packing && domain.level > Level::kSmt && domain.level < Level::kNuma;
      if (domain.smt) {
        domain.imbalance_pct = 110;
        domain.cache_nice_tries = 0;
      }
      if (domain.level == Level::kNuma) {
        domain.numa = true;
        domain.prefer_sibling = false;
        domain.cache_nice_tries = 2;
        domain.fork_exec = domain.wake_affine = infos[level].distance <= machine.spec().reclaim_distance;
      }
      const auto has = [&](const auto& capacity) { return capacity.second.intersects(span->set); };
      const auto different = std::count_if(capacities_.begin(), capacities_.end(), has);
      domain.asym_capacity = different > 1;
      domain.asym_full = domain.asym_capacity && static_cast<size_t>(different) == capacities_.size();
      build_groups(cpu, spans, level, domain);
      if (domain.asym_capacity && !domains.empty()) domains.back().prefer_sibling = false;
      domains.push_back(std::move(domain));
    }
    allow_numa_imbalance(domains);
    drop_degenerate(domains);
    for (auto* of_cpu : {&caches_, &asym_, &packing_}) of_cpu->push_back(nullptr);
    for (Domain& domain : domains) {
      domain.number = nr_domains_++;
      clusters_ |= domain.level == Level::kCluster;
      if (domain.shares_cache) caches_.back() = &domain;
      if (domain.asym_full && !asym_.back()) asym_.back() = &domain;
      if (domain.asym_packing) packing_.back() = &domain;
    }
  }
  spans_at_.clear();
  groups_at_.clear();
  covered_in_.clear();
}

// The groups of a domain are the domains of the level below that its CPUs have, starting with this CPU's.
void Domains::build_groups(CpuId cpu, const std::vector<std::vector<const Span*>>& spans, size_t level,
                           Domain& domain) {
  // The level below is the nearest with another span: those between are dropped later.
  auto below = [&](CpuId member) -> const Span* {
    for (size_t l = level; l-- > 0;)
      if (const Span* span = spans[l][member.index()]; span->cpus.size() < domain.span->cpus.size()) return span;
    return nullptr;
  };
  const std::vector<CpuId>& members = domain.span->cpus;
  const auto begin = static_cast<size_t>(std::ranges::lower_bound(members, cpu) - members.begin());
  ++round_;
  for (size_t i = 0; i < members.size(); ++i) {  // of each CPU: what is done here a thousand times is done a million
    const CpuId member = members[begin + i < members.size() ? begin + i : begin + i - members.size()];
    if (covered_in_[member.index()] == round_) continue;
    const Span* child = below(member);
    if (child)
      for (CpuId c : child->cpus) covered_in_[c.index()] = round_;
    std::vector<Group*>& candidates = groups_at_[level][(child ? child->cpus.front() : member).index()];
    auto same = [&](const Group* candidate) {
      if (candidate->domain != domain.span) return false;
      return child ? candidate->span == child || candidate->span->set == child->set : candidate->nr_cpus == 1;
    };
    const auto known = std::ranges::find_if(candidates, same);
    Group* group = known == candidates.end() ? nullptr : *known;
    if (!group) {
      groups_.push_back({});
      group = &groups_.back();
      candidates.push_back(group);
      group->number = static_cast<uint32_t>(groups_.size() - 1);
      group->domain = domain.span;
      if (!child) {
        spans_.push_back({CpuSet::single(member), {member}});
        child = &spans_.back();
      }
      group->span = child;
      group->nr_cpus = static_cast<int32_t>(child->cpus.size());
      group->first = child->cpus.front();
      group->contiguous = child->cpus.back().value() - group->first.value() + 1 == group->nr_cpus;
      group->min_capacity = kCapacityScale;
      for (CpuId c : child->cpus) {
        // Where groups overlap, only the CPUs whose own group this is balance for it.
        const Span* own = below(c);
        if (child->cpus.size() == 1 || own == child) group->balancers.push_back(c);
        int64_t capacity = machine_.cpu(c).kernel_capacity;
        group->capacity += capacity;
        if (!group->preferred.valid() || prefers(c, group->preferred)) group->preferred = c;
        group->cores += machine_.smt_cpus(c).first_cpu() == c;
        group->min_capacity = std::min(group->min_capacity, capacity);
        group->max_capacity = std::max(group->max_capacity, capacity);
      }
      if (group->balancers.empty()) group->balancers.push_back(member);
      group->smt = child->cpus.size() > 1 && child == spans[0][member.index()];
      group->cluster = child->cpus.size() > 1 && !group->smt && child == spans[1][member.index()];
    }
    domain.groups.push_back(group);
  }
}

// How many tasks may gather on one node before balancing between nodes sets in: as many as do not have to
// share a cache, or an eighth of a node that has one cache only.
void Domains::allow_numa_imbalance(std::vector<Domain>& domains) {
  int64_t allowed = 0, span = 1;
  for (size_t i = 0; i < domains.size(); ++i) {
    Domain& domain = domains[i];
    if (!domain.shares_cache && (i == 0 || domains[i - 1].shares_cache)) {
      int64_t caches = domain.weight() / (i == 0 ? 1 : domains[i - 1].weight());
      allowed = std::max<int64_t>(1, caches == 1 ? domain.weight() / 8 : caches);
      domain.imb_numa_nr = allowed;
      auto numa = std::find_if(domains.begin() + static_cast<std::ptrdiff_t>(i) + 1, domains.end(),
                               [](const Domain& d) { return d.numa; });
      span = numa == domains.end() ? domain.weight() : numa->weight();
    } else {
      domain.imb_numa_nr = allowed * std::max<int64_t>(1, domain.weight() / span);
    }
  }
}

void Domains::drop_degenerate(std::vector<Domain>& domains) {
  for (size_t i = 1; i < domains.size();) {
    if (domains[i].span->cpus.size() == domains[i - 1].span->cpus.size()) {
      domains[i - 1].prefer_sibling |= domains[i].prefer_sibling;
      domains.erase(domains.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

}  // namespace simsched::fair
