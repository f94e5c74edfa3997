#include "policies/ext/idle.h"

#include <algorithm>
#include <bit>

#include "policies/ext/constants.h"

namespace simsched::ext {

IdleMasks::IdleMasks(const Machine& machine) : machine_(machine) {
  state_.last.resize(machine.nr_cpus());
  for (CpuId cpu : machine.cpus()) smt_ |= machine.smt_cpus(cpu).size() > 1;
  for (size_t n = 0; n < machine.nr_nodes(); ++n) {
    std::vector<NodeId> order;
    for (size_t other = 0; other < machine.nr_nodes(); ++other) order.push_back(NodeId(other));
    std::stable_sort(order.begin(), order.end(), [&](NodeId a, NodeId b) {
      return machine.distance(NodeId(n), a) < machine.distance(NodeId(n), b);
    });
    nearest_.push_back(std::move(order));
  }
  update_topology(machine.cpus());
}

void IdleMasks::update_topology(const CpuSet& online) {
  CpuId first = online.first_cpu();
  const Cpu& cpu = machine_.cpu(first);
  size_t in_llc = (machine_.llc_cpus(cpu.llc) & online).size(),
         in_node = (machine_.node_cpus(cpu.node) & online).size();
  state_.by_llc = in_llc < online.size();
  // Nodes that are no more than LLCs would only be looked at twice (llc_numa_mismatch()).
  bool mismatch = false;
  for (CpuId c : online)
    mismatch |= (machine_.llc_cpus(machine_.cpu(c).llc) & online).size() !=
                (machine_.node_cpus(machine_.cpu(c).node) & online).size();
  state_.by_node = in_node < online.size() && mismatch;
}

void IdleMasks::reset(const CpuSet& online) { state_.cpus = state_.cores = online; }

void IdleMasks::update(CpuId cpu, bool idle) {
  if (idle) {
    state_.cpus.add(cpu);
  } else {
    state_.cpus.remove(cpu);
  }
  if (!smt_) return;
  const CpuSet& core = machine_.smt_cpus(cpu);
  if (idle) {
    // A core is idle when all of its CPUs are.
    if (!core.subset_of(state_.cpus)) return;
    for (CpuId sibling : core) state_.cores.add(sibling);
  } else {
    for (CpuId sibling : core) state_.cores.remove(sibling);
  }
}

bool IdleMasks::test_and_clear(CpuId cpu) {
  // Whether or not the CPU can be claimed, its core is not wholly idle from now on.
  if (smt_)
    for (CpuId sibling : machine_.smt_cpus(cpu)) state_.cores.remove(sibling);
  if (!state_.cpus.contains(cpu)) return false;
  state_.cpus.remove(cpu);
  return true;
}

CpuId IdleMasks::next_and_wrap(const CpuSet& a, const CpuSet& b, const CpuSet* c, CpuId this_cpu) {
  size_t words = std::min(a.nr_words(), b.nr_words());
  if (words == 0) return CpuId();
  auto word = [&](size_t i) { return a.word(i) & b.word(i) & (c ? c->word(i) : ~uint64_t{0}); };
  int32_t& last = state_.last[this_cpu.index()];
  size_t start = static_cast<size_t>(last) + 1;
  if (start / 64 >= words) start = 0;  // past the end: from the first on
  size_t first = start / 64;
  for (size_t k = 0; k <= words; ++k) {
    size_t i = (first + k) % words;
    uint64_t bits = word(i);
    if (k == 0) {
      bits &= ~uint64_t{0} << (start % 64);
    } else if (k == words) {
      bits &= ~(~uint64_t{0} << (start % 64));
    }
    if (bits == 0) continue;
    last = static_cast<int32_t>(i * 64) + std::countr_zero(bits);
    return CpuId(last);
  }
  return CpuId();
}

CpuId IdleMasks::any_distribute(const CpuSet& a, const CpuSet& b, CpuId this_cpu) {
  return next_and_wrap(a, b, nullptr, this_cpu);
}

// pick_idle_cpu_in_node()
CpuId IdleMasks::pick_in(const CpuSet& allowed, const CpuSet* node, uint64_t flags, CpuId this_cpu) {
  while (true) {
    CpuId cpu;
    if (smt_) {
      cpu = next_and_wrap(state_.cores, allowed, node, this_cpu);
      if (!cpu.valid() && (flags & kPickIdleCore)) return CpuId();
    }
    if (!cpu.valid()) cpu = next_and_wrap(state_.cpus, allowed, node, this_cpu);
    if (!cpu.valid() || test_and_clear(cpu)) return cpu;
  }
}

CpuId IdleMasks::pick(const CpuSet& allowed, NodeId node, uint64_t flags, CpuId this_cpu) {
  if (!node.valid()) return pick_in(allowed, nullptr, flags, this_cpu);
  for (NodeId near : nearest_[node.index()]) {
    CpuId cpu = pick_in(allowed, &machine_.node_cpus(near), flags, this_cpu);
    if (cpu.valid() || (flags & kPickIdleInNode)) return cpu;
  }
  return CpuId();
}

}  // namespace simsched::ext
