#include "scx_port/host/machine_facts.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace simsched::bpf {
namespace {

using enum Thing;
using Form = MachineFact::Form;
using Numbers = std::vector<int64_t>;

Numbers words(const CpuSet& cpus, size_t nr_cpus) {
  Numbers list;
  for (size_t i = 0; i < (nr_cpus + 63) / 64; ++i) list.push_back(static_cast<int64_t>(cpus.word(i)));
  return list;
}

Numbers bytes(const CpuSet& cpus, size_t nr_cpus) {
  Numbers list;
  for (size_t i = 0; i < (nr_cpus + 7) / 8; ++i)
    list.push_back(static_cast<int64_t>(cpus.word(i / 8) >> (i % 8 * 8) & 0xff));
  return list;
}

const CpuSet& cpus_of(const Machine& machine, Thing thing, size_t id) {
  switch (thing) {
    case Thing::kCore:
      return machine.core_cpus(CoreId(id));
    case Thing::kLlc:
      return machine.llc_cpus(LlcId(id));
    case Thing::kNode:
      return machine.node_cpus(NodeId(id));
    default:
      return machine.cpus();
  }
}

size_t number_of(const Cpu& cpu, Thing thing) {
  return thing == Thing::kCore ? cpu.core.index() : thing == Thing::kLlc ? cpu.llc.index() : cpu.node.index();
}

// How many cores, say, there are among these CPUs.
int64_t different(const Machine& machine, const CpuSet& cpus, Thing thing) {
  if (thing == Thing::kCpu) return static_cast<int64_t>(cpus.size());
  std::vector<bool> seen(nr_things(machine, thing));
  for (CpuId cpu : cpus) seen[number_of(machine.cpu(cpu), thing)] = true;
  return std::count(seen.begin(), seen.end(), true);
}

int64_t most(const Machine& machine, Thing outer, Thing inner) {
  int64_t result = 0;
  for (size_t i = 0; i < nr_things(machine, outer); ++i)
    result = std::max(result, different(machine, cpus_of(machine, outer, i), inner));
  return result;
}

int64_t capacity(const Machine& machine, CpuId cpu) { return machine.cpu(cpu).kernel_capacity; }

int64_t sibling(const Machine& machine, CpuId cpu) {
  for (CpuId other : machine.smt_cpus(cpu))
    if (other != cpu) return other.value();
  return -1;
}

// Fastest first, and by number.
Numbers by_capacity(const Machine& machine) {
  Numbers list(machine.nr_cpus());
  std::iota(list.begin(), list.end(), 0);
  std::ranges::stable_sort(list, std::greater<>(),
                           [&](int64_t cpu) { return capacity(machine, CpuId(static_cast<size_t>(cpu))); });
  return list;
}

bool is_hybrid(const Machine& machine) {
  for (CpuId cpu : machine.cpus())
    if (capacity(machine, cpu) != capacity(machine, CpuId(0))) return true;
  return false;
}

// Of the faster half, by the mean of all, where they differ at all.
bool is_big(const Machine& machine, CpuId cpu) {
  int64_t sum = 0;
  for (CpuId other : machine.cpus()) sum += capacity(machine, other);
  return capacity(machine, cpu) * static_cast<int64_t>(machine.nr_cpus()) >= sum;
}

// The CPU itself, its core, its cache, its node, the others: nearest numbers first.
Numbers near(const Machine& machine, size_t id) {
  Numbers list(machine.nr_cpus());
  std::iota(list.begin(), list.end(), 0);
  std::ranges::stable_sort(list, {}, [&](int64_t other) {
    const Distance distance = machine.distance(CpuId(id), CpuId(static_cast<size_t>(other)));
    return std::pair(distance, std::abs(other - static_cast<int64_t>(id)));
  });
  return list;
}

// Node by node, cache by cache, the fastest of each first.
Numbers by_llc(const Machine& machine) {
  Numbers list = by_capacity(machine);
  std::ranges::stable_sort(list, {}, [&](int64_t cpu) {
    const Cpu& at = machine.cpu(CpuId(static_cast<size_t>(cpu)));
    return std::pair(at.node.value(), at.llc.value());
  });
  return list;
}

// The first thread of each core, then the second ones.
Numbers by_thread(const Machine& machine) {
  Numbers list = by_llc(machine);
  std::ranges::stable_sort(list, {}, [&](int64_t cpu) {
    int64_t before = 0;
    for (CpuId other : machine.smt_cpus(CpuId(static_cast<size_t>(cpu)))) before += other.value() < cpu;
    return before;
  });
  return list;
}

// The cache itself, those of its node, the others: nearest numbers first.
Numbers near_llcs(const Machine& machine, size_t id) {
  Numbers list(machine.nr_llcs());
  std::iota(list.begin(), list.end(), 0);
  const auto node = [&](size_t llc) { return machine.cpu(machine.llc_cpus(LlcId(llc)).first_cpu()).node; };
  std::ranges::stable_sort(list, {}, [&](int64_t other) {
    return std::pair(node(static_cast<size_t>(other)) != node(id), std::abs(other - static_cast<int64_t>(id)));
  });
  return list;
}

Numbers llcs_of_node(const Machine& machine, size_t id) {
  Numbers list;
  for (size_t i = 0; i < machine.nr_llcs(); ++i)
    if (machine.cpu(machine.llc_cpus(LlcId(i)).first_cpu()).node == NodeId(id)) list.push_back(static_cast<int64_t>(i));
  return list;
}

Numbers other_nodes(const Machine& machine, size_t id) {
  Numbers list;
  for (size_t i = 0; i < machine.nr_nodes(); ++i)
    if (i != id) list.push_back(static_cast<int64_t>(i));
  std::ranges::stable_sort(
      list, {}, [&](int64_t other) { return machine.distance(NodeId(id), NodeId(static_cast<size_t>(other))); });
  return list;
}

Numbers other_llcs(const Machine& machine, size_t id) {
  Numbers list;
  for (size_t i = 1; i < machine.nr_llcs(); ++i) list.push_back(static_cast<int64_t>((id + i) % machine.nr_llcs()));
  return list;
}

template <Thing kThing, Thing kInner>
Numbers inner(const Machine& machine, size_t id) {
  return {different(machine, cpus_of(machine, kThing, id), kInner)};
}
template <Thing kThing, Thing kOuter>
Numbers outer(const Machine& machine, size_t id) {
  const CpuId cpu = kThing == Thing::kCpu ? CpuId(id) : cpus_of(machine, kThing, id).first_cpu();
  return {static_cast<int64_t>(number_of(machine.cpu(cpu), kOuter))};
}
template <Thing kThing>
Numbers mask(const Machine& machine, size_t id) {
  return words(cpus_of(machine, kThing, id), machine.nr_cpus());
}
template <Thing kThing>
Numbers first_word(const Machine& machine, size_t id) {
  return {static_cast<int64_t>(cpus_of(machine, kThing, id).word(0))};
}
Numbers own_number(const Machine&, size_t id) { return {static_cast<int64_t>(id)}; }

constexpr MachineFact kFacts[] = {
    {kMachine, "nr_cpus", inner<kMachine, kCpu>},
    {kMachine, "nr_cores", inner<kMachine, kCore>},
    {kMachine, "nr_llcs", inner<kMachine, kLlc>},
    {kMachine, "nr_nodes", inner<kMachine, kNode>},
    {kMachine, "most_llcs_of_node", [](const Machine& m, size_t) { return Numbers{most(m, kNode, kLlc)}; }},
    {kMachine, "most_cores_of_llc", [](const Machine& m, size_t) { return Numbers{most(m, kLlc, kCore)}; }},
    {kMachine, "most_cpus_of_llc", [](const Machine& m, size_t) { return Numbers{most(m, kLlc, kCpu)}; }},
    {kMachine, "most_cpus_of_core", [](const Machine& m, size_t) { return Numbers{most(m, kCore, kCpu)}; }},
    {kMachine, "smt", [](const Machine& m, size_t) { return Numbers{m.nr_cores() < m.nr_cpus()}; }},
    {kMachine, "hybrid", [](const Machine& m, size_t) { return Numbers{is_hybrid(m)}; }},
    {kMachine, "cpus", mask<kMachine>, Form::kList},
    {kMachine, "cpu_bytes", [](const Machine& m, size_t) { return bytes(m.cpus(), m.nr_cpus()); }, Form::kList},
    {kMachine, "cpus_by_capacity", [](const Machine& m, size_t) { return by_capacity(m); }, Form::kList},
    {kMachine, "cpus_by_llc", [](const Machine& m, size_t) { return by_llc(m); }, Form::kList},
    {kMachine, "cpus_by_thread", [](const Machine& m, size_t) { return by_thread(m); }, Form::kList},
    {kMachine, "slowest_cpu", [](const Machine& m, size_t) { return Numbers{by_capacity(m).back()}; }},
    {kCpu, "id", own_number},
    {kCpu, "core", outer<kCpu, kCore>},
    {kCpu, "llc", outer<kCpu, kLlc>},
    {kCpu, "node", outer<kCpu, kNode>},
    {kCpu, "capacity", [](const Machine& m, size_t id) { return Numbers{capacity(m, CpuId(id))}; }},
    {kCpu, "big", [](const Machine& m, size_t id) { return Numbers{is_big(m, CpuId(id))}; }},
    {kCpu, "nr_of_core",
     [](const Machine& m, size_t id) { return inner<kCore, kCpu>(m, m.cpu(CpuId(id)).core.index()); }},
    {kCpu, "nr_of_llc", [](const Machine& m, size_t id) { return inner<kLlc, kCpu>(m, m.cpu(CpuId(id)).llc.index()); }},
    {kCpu, "nr_of_node",
     [](const Machine& m, size_t id) { return inner<kNode, kCpu>(m, m.cpu(CpuId(id)).node.index()); }},
    {kCpu, "near", near, Form::kList},
    {kCpu, "sibling_u8",
     [](const Machine& m, size_t id) { return Numbers{static_cast<uint8_t>(sibling(m, CpuId(id)))}; }},
    {kCpu, "sibling_u32",
     [](const Machine& m, size_t id) { return Numbers{static_cast<uint32_t>(sibling(m, CpuId(id)))}; }},
    {kCpu, "sibling", [](const Machine& m, size_t id) { return Numbers{sibling(m, CpuId(id))}; }},
    {kCpu, "cpus", [](const Machine& m, size_t id) { return words(CpuSet::single(CpuId(id)), m.nr_cpus()); },
     Form::kList},
    {kCore, "id", own_number},
    {kCore, "llc", outer<kCore, kLlc>},
    {kCore, "node", outer<kCore, kNode>},
    {kCore, "nr_cpus", inner<kCore, kCpu>},
    {kCore, "cpus", mask<kCore>, Form::kList},
    {kCore, "mask", first_word<kCore>, Form::kMask},
    {kLlc, "id", own_number},
    {kLlc, "node", outer<kLlc, kNode>},
    {kLlc, "nr_cpus", inner<kLlc, kCpu>},
    {kLlc, "nr_cores", inner<kLlc, kCore>},
    {kLlc, "near", near_llcs, Form::kList},
    {kLlc, "nr_of_node",
     [](const Machine& m, size_t id) {
       return inner<kNode, kLlc>(m, m.cpu(m.llc_cpus(LlcId(id)).first_cpu()).node.index());
     }},
    {kLlc, "others", other_llcs, Form::kList},
    {kLlc, "cpus", mask<kLlc>, Form::kList},
    {kLlc, "mask", first_word<kLlc>, Form::kMask},
    {kNode, "id", own_number},
    {kNode, "nr_cpus", inner<kNode, kCpu>},
    {kNode, "nr_cores", inner<kNode, kCore>},
    {kNode, "nr_llcs", inner<kNode, kLlc>},
    {kNode, "llcs", llcs_of_node, Form::kList},
    {kNode, "others", other_nodes, Form::kList},
    {kNode, "cpus", mask<kNode>, Form::kList},
    {kNode, "mask", first_word<kNode>, Form::kMask},
};

}  // namespace

size_t nr_things(const Machine& machine, Thing thing) {
  switch (thing) {
    case Thing::kMachine:
      return 1;
    case Thing::kCpu:
      return machine.nr_cpus();
    case Thing::kCore:
      return machine.nr_cores();
    case Thing::kLlc:
      return machine.nr_llcs();
    default:
      return machine.nr_nodes();
  }
}

std::span<const MachineFact> machine_facts() { return kFacts; }

}  // namespace simsched::bpf
