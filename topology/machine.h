// Machine: the hardware a simulation runs on. Immutable once built.
//
// A tree of NUMA nodes, last-level caches (LLCs), cores and CPUs (hardware threads), kept as flat
// arrays for the engine and as a Boost.Graph for drawing and for path questions. What a kind of core can do is its
// CoreType, what memory costs MemorySpec, what scheduling costs Costs.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "base/spread.h"
#include "base/units.h"
#include "topology/core_type.h"
#include "topology/memory.h"
#include "topology/power_limit.h"

namespace simsched {

constexpr int32_t kCapacityScale = 1024;  // SCHED_CAPACITY_SCALE: the fastest core, alone, at its top frequency
constexpr size_t kMaxCpus = 65536;        // what base/cpu_set.h parses; x86 Linux stops at 8,192
constexpr size_t kMaxNodes = 1024;        // Linux's MAX_NUMNODES: distances are a square

// What things cost on this machine. They belong to the machine file, each under its own name in
// nanoseconds (`context_switch_ns: 1500`), and are the same for every workload. A Spread is written as
// one number or as a list of its five quantiles. See docs/machines.md.
struct Costs {
  Nanos context_switch{1500};  // on the CPU, at each change of task
  Nanos stopper{5000};         // run time of the stopper for one migration
  Nanos idle_poll_window{0};   // how long an idle CPU can be woken without the cost of having halted
  Nanos idle_poll_max{0};      // a guest's host polls longer while idle periods stay below this (sim/idle.h)
  // Filling private caches again; see topology/cache_warmth.h.
  Nanos refill_private{0};     // extra work when all of it was lost
  Nanos private_fill{500000};  // how long a task runs until it has filled them
  // Extra work after a migration beside that, by the nearest level that old and new CPU share.
  Nanos refill_core{0};
  Nanos refill_llc{0};
  Nanos refill_node{0};
  Nanos refill_remote{0};
  Nanos page_move{1500};  // moving a page of 4 KiB to another node, with the fault in which that is decided
  // From the wake-up of a task to the switch to it, when it is to run at once:
  Spread resched_task = 3_us;     // the running task wakes it and is preempted
  Spread resched_hardirq = 5_us;  // a hard interrupt (a timer) wakes it and preempts what it interrupted
  Spread resched_softirq = 5_us;  // a soft interrupt (I/O, RCU) does
  Spread resched_ipi = 5_us;      // another CPU wakes it and preempts what runs here
  Spread idle_wake_local = 3_us;  // an interrupt wakes it on the idle CPU that took the interrupt
  Spread idle_poll_exit = 3_us;   // another CPU wakes it on a CPU idle for less than idle_poll_window
  Spread idle_halt_exit = 30_us;  // ... on a CPU idle for longer
};

struct Cpu {
  CoreId core;
  LlcId llc;
  NodeId node;
  int32_t capacity = kCapacityScale;  // how fast the core is, alone, at its top frequency: 1..1024
  // What follows is filled in when the machine is built, where a reader leaves it out.
  int32_t kernel_capacity = 0;   // arch_scale_cpu_capacity(): what the kernel takes it for; 0: `capacity`
  int32_t priority = 0;          // arch_asym_cpu_priority(); see MachineSpec::asym_packing
  ClusterId cluster{};           // none: the core's own
  CoreTypeId type{};             // none: the first
  PowerDomainId power_domain{};  // none: the core's own
};

// How far a migration goes.
enum class Distance : uint8_t { kSameCpu, kSmt, kLlc, kNode, kRemote };

// Of CPUs that are one of two cores at a time (CoreType::little_opps).
struct Switching {
  bool kinds_share_clock = false;  // those that are of one kind at a time have one clock and one supply
  Nanos cost;                      // of going from one core to the other, which leaves the caches behind
};

// Before it is checked and indexed: what a reader fills in.
struct MachineSpec {
  std::string name;
  std::vector<Cpu> cpus;                    // by CpuId; ids dense in each level
  std::vector<std::vector<int>> distances;  // by node, ACPI SLIT (10 = local); empty: 10 / 20
  int32_t smt_share = 640;                  // capacity of one hardware thread while a sibling is busy, of 1024
  std::vector<CoreType> core_types;         // by CoreTypeId; empty: one
  MemorySpec memory;
  Costs costs;
  // What the kernel decides by platform:
  int32_t reclaim_distance = 30;  // node_reclaim_distance: nodes farther apart than this are not balanced over at fork
                                  // and exec (32 on AMD Zen, init_amd_zen_common() in arch/x86/kernel/cpu/amd.c, 6.12)
  bool asym_packing = false;      // SD_ASYM_PACKING: tasks go to the CPU of higher priority first (Intel's ITMT)
  bool isa_affinity = false;      // a task may run only where it finds the instruction sets that it needs (arm64 with
                                  // allow_mismatched_32bit_el0); else one that a core lacks ends it there (SIGILL)
  CpuSet isolated;                // isolcpus=domain: no balancing, tasks only by affinity
  CpuSet nohz_full;               // nohz_full=: no tick while one task runs there
  PowerLimit power_limit;
  ThermalZone thermal;
  Switching switching;
};

class Machine {
 public:
  struct Vertex {
    enum class Kind : uint8_t { kMachine, kNode, kLlc, kCore, kCpu } kind;
    int32_t id;
  };
  struct Edge {
    int distance = 0;  // between nodes: SLIT distance; from a parent to its child: 0
  };
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Vertex, Edge>;

  // Checks that ids are dense, every level nests in the one above, distances are symmetric and
  // capacities in range. Throws Error whose `where` is the member of MachineSpec at fault ("cpus",
  // "distances", "smt_share", "core_types", "memory", "isolated", "nohz_full", "power_limit", "thermal"): the reader
  // turns it into file and line.
  explicit Machine(MachineSpec spec);

  const std::string& name() const { return spec_.name; }
  size_t nr_cpus() const { return spec_.cpus.size(); }
  size_t nr_cores() const { return core_cpus_.size(); }
  size_t nr_llcs() const { return llc_cpus_.size(); }
  size_t nr_nodes() const { return node_cpus_.size(); }
  size_t nr_clusters() const { return cluster_cpus_.size(); }
  size_t nr_power_domains() const { return power_domain_cpus_.size(); }
  const Cpu& cpu(CpuId cpu) const { return spec_.cpus[cpu.index()]; }
  const CpuSet& cpus() const { return cpus_; }
  const CpuSet& core_cpus(CoreId core) const { return core_cpus_[core.index()]; }
  const CpuSet& llc_cpus(LlcId llc) const { return llc_cpus_[llc.index()]; }
  const CpuSet& node_cpus(NodeId node) const { return node_cpus_[node.index()]; }
  const CpuSet& cluster_cpus(ClusterId cluster) const { return cluster_cpus_[cluster.index()]; }
  const CpuSet& power_domain_cpus(PowerDomainId id) const { return power_domain_cpus_[id.index()]; }
  const CoreType& core_type(CpuId cpu) const { return spec_.core_types[this->cpu(cpu).type.index()]; }
  const CpuSet& smt_cpus(CpuId cpu) const { return core_cpus(this->cpu(cpu).core); }  // siblings and itself
  int distance(NodeId a, NodeId b) const { return spec_.distances[a.index()][b.index()]; }
  Distance distance(CpuId a, CpuId b) const;
  int32_t smt_share() const { return spec_.smt_share; }
  const Costs& costs() const { return spec_.costs; }
  const MemorySpec& memory() const { return spec_.memory; }
  const Graph& graph() const { return graph_; }
  const MachineSpec& spec() const { return spec_; }

 private:
  void complete();
  void build_graph();

  MachineSpec spec_;
  CpuSet cpus_;
  std::vector<CpuSet> core_cpus_, llc_cpus_, node_cpus_, cluster_cpus_, power_domain_cpus_;
  Graph graph_;
};

}  // namespace simsched
