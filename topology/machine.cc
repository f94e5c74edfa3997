#include "topology/machine.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"

namespace simsched {
namespace {

constexpr int kLocalDistance = 10;      // ACPI SLIT: to itself
constexpr int kRemoteDistance = 20;     // the kernel's REMOTE_DISTANCE: what it takes without a SLIT
constexpr int kFarthestDistance = 254;  // 255 means unreachable

// `field` is the member of MachineSpec at fault.
[[noreturn]] void refuse(const char* field, const std::string& what, const std::string& remedy) {
  throw Error(field, what, remedy);
}

std::string of_cpu(size_t cpu) { return "CPU " + std::to_string(cpu); }

// The CPUs of each unit of one level. `name` is the level's, for messages.
template <class UnitId>
std::vector<CpuSet> index_level(const std::vector<Cpu>& cpus, UnitId Cpu::*unit, const std::string& name) {
  std::vector<CpuSet> members;
  for (size_t i = 0; i < cpus.size(); ++i) {
    UnitId id = cpus[i].*unit;
    if (!id.valid() || id.index() >= cpus.size())
      refuse("cpus", of_cpu(i) + " has " + name + " " + std::to_string(id.value()), "number every " + name + " from 0");
    if (id.index() >= members.size()) members.resize(id.index() + 1);
    members[id.index()].add(CpuId(i));
  }
  for (size_t id = 0; id < members.size(); ++id)
    if (members[id].empty())
      refuse("cpus", "there is no CPU in " + name + " " + std::to_string(id),
             "number every " + name + " from 0 without gaps");
  return members;
}

// Every unit of the inner level lies in one unit of the outer level.
template <class OuterId>
void check_nesting(const std::vector<Cpu>& cpus, const std::vector<CpuSet>& inner, const std::string& inner_name,
                   OuterId Cpu::*outer, const std::string& outer_name) {
  for (size_t id = 0; id < inner.size(); ++id) {
    OuterId expected = cpus[inner[id].first_cpu().index()].*outer;
    for (CpuId cpu : inner[id])
      if (cpus[cpu.index()].*outer != expected)
        refuse("cpus",
               inner_name + " " + std::to_string(id) + " lies in " + outer_name + " " +
                   std::to_string(expected.value()) + " and " + std::to_string((cpus[cpu.index()].*outer).value()),
               "put all its CPUs in one " + outer_name);
  }
}

void check_capacities(const MachineSpec& spec, const std::vector<CpuSet>& cores) {
  auto in_scale = [](int32_t capacity) { return capacity >= 1 && capacity <= kCapacityScale; };
  if (!in_scale(spec.smt_share))
    refuse("smt_share", "smt_share is " + std::to_string(spec.smt_share), "take 1 to 1024");
  for (size_t i = 0; i < spec.cpus.size(); ++i)
    if (!in_scale(spec.cpus[i].capacity))
      refuse("cpus", of_cpu(i) + " has capacity " + std::to_string(spec.cpus[i].capacity), "take 1 to 1024");
  for (const CpuSet& core : cores)
    for (CpuId cpu : core)
      if (spec.cpus[cpu.index()].capacity != spec.cpus[core.first_cpu().index()].capacity)
        refuse("cpus", "CPUs " + core.str() + " are one core and differ in capacity",
               "capacity is the core's: give them one");
}

// Units that a reader may leave out: what has none is one of its own for each core. Numbers them anew, without gaps.
template <class UnitId>
void complete_level(std::vector<Cpu>& cpus, UnitId Cpu::*unit) {
  std::map<UnitId, UnitId> given;
  std::map<CoreId, UnitId> own;
  size_t next = 0;
  for (Cpu& cpu : cpus) {
    UnitId& id = cpu.*unit;
    UnitId& number = id.valid() ? given[id] : own[cpu.core];
    if (!number.valid()) number = UnitId(next++);
    id = number;
  }
}

void check_core_type(const MachineSpec& spec, const CoreType& type) {
  auto refuse_type = [&](const std::string& what, const std::string& remedy) {
    refuse("core_types", "core type '" + type.name + "' " + what, remedy);
  };
  for (size_t i = 1; i < type.opps.size(); ++i)  // before capacities, which may follow from the last one
    if (type.opps[i].mhz <= type.opps[i - 1].mhz)
      refuse_type(
          "has " + std::to_string(type.opps[i].mhz) + " MHz after " + std::to_string(type.opps[i - 1].mhz) + " MHz",
          "list operating points with frequency and capacity rising");
  for (size_t i = 0; i < type.opps.size(); ++i) {
    const OperatingPoint& opp = type.opps[i];
    const std::string name = std::to_string(opp.mhz) + " MHz";
    if (opp.mhz < 1) refuse_type("has a frequency of " + name, "take 1 or more");
    if (opp.capacity < 1 || opp.capacity > kCapacityScale)
      refuse_type("has capacity " + std::to_string(opp.capacity) + " at " + name, "take 1 to 1024");
    if (opp.cpu_uw < 0 || opp.shared_uw < 0) refuse_type("has a negative power at " + name, "take 0 or more");
    if (i > 0 && opp.capacity <= type.opps[i - 1].capacity)
      refuse_type("has " + name + " after " + std::to_string(type.opps[i - 1].mhz) + " MHz",
                  "list operating points with frequency and capacity rising");
  }
  if (type.idle_states.size() > kMaxIdleStates)
    refuse_type("has " + std::to_string(type.idle_states.size()) + " idle states",
                "the most is " + std::to_string(kMaxIdleStates));
  for (const IdleState& state : type.idle_states)
    if (state.cpu_uw < 0 || state.shared_uw < 0) refuse_type("has a negative power in " + state.name, "take 0 or more");
  for (size_t i = 1; i < type.idle_states.size(); ++i)
    if (type.idle_states[i].target_residency < type.idle_states[i - 1].target_residency)
      refuse_type("has idle state " + type.idle_states[i].name + " after a deeper one",
                  "list them from shallow to deep");
  for (int32_t speed : type.class_speed)
    if (speed < 1 || speed > kCapacityScale)
      refuse_type("has a class speed of " + std::to_string(speed), "take 1 to 1024");
  if (type.opps.empty()) return;
  for (size_t i = 0; i < spec.cpus.size(); ++i)
    if (&spec.core_types[spec.cpus[i].type.index()] == &type && spec.cpus[i].capacity != type.opps.back().capacity)
      refuse_type("reaches capacity " + std::to_string(type.opps.back().capacity) + " and " + of_cpu(i) + " has " +
                      std::to_string(spec.cpus[i].capacity),
                  "leave out the CPUs' capacity");
}

// One clock and one supply are for cores of one kind.
void check_power_domains(const MachineSpec& spec, const std::vector<CpuSet>& domains) {
  for (const CpuSet& cpus : domains)
    for (CpuId cpu : cpus)
      if (spec.cpus[cpu.index()].type != spec.cpus[cpus.first_cpu().index()].type)
        refuse("cpus", "CPUs " + cpus.str() + " are one power domain and of two core types",
               "put each type in a power domain of its own");
}

void check_memory(const MemorySpec& memory, size_t nodes, size_t llcs) {
  auto positive = [](const std::vector<int64_t>& values) {
    return std::all_of(values.begin(), values.end(), [](int64_t value) { return value > 0; });
  };
  bool square = memory.latency_ns.empty() || memory.latency_ns.size() == nodes;
  for (const auto& row : memory.latency_ns) square &= row.size() == nodes && positive(row);
  if (!square)
    refuse("memory", "latency_ns is not a matrix of positive numbers over the nodes",
           "give " + std::to_string(nodes) + " rows of " + std::to_string(nodes));
  for (size_t from = 0; from < memory.latency_ns.size(); ++from)
    for (size_t to = 0; to < nodes; ++to)
      if (const auto& row = memory.latency_ns[from]; row[to] < row[from])
        refuse("memory",
               "node " + std::to_string(from) + " reads node " + std::to_string(to) + " in " + std::to_string(row[to]) +
                   " ns and its own memory in " + std::to_string(row[from]),
               "give latency_ns by the node that reads and the node that is read");
  auto check_list = [&](const std::vector<int64_t>& values, size_t count, const char* name, const char* unit) {
    if (!values.empty() && (values.size() != count || !positive(values)))
      refuse("memory", std::string(name) + " is not a list of positive numbers, one a " + unit,
             "give " + std::to_string(count));
  };
  check_list(memory.node_mbs, nodes, "node_mbs", "node");
  check_list(memory.link_mbs, nodes, "link_mbs", "node");
  check_list(memory.llc_kib, llcs, "llc_kib", "LLC");
}

void check_power(const MachineSpec& spec) {
  constexpr int64_t kMostUw = 10'000'000'000'000, kMostMc = 1'000'000;  // 10 MW, 1000 degrees
  constexpr Nanos kShortest = 10_ms, kLongest = 3600_s;
  const PowerLimit& limit = spec.power_limit;
  const auto any_power = [&](auto&& has) { return std::any_of(spec.core_types.begin(), spec.core_types.end(), has); };
  const bool scales =
      any_power([](const CoreType& type) { return type.opps.size() > 1 && type.opps.back().cpu_uw > 0; });
  const std::string remedy = "give a core type operating points with powers";
  if (limit.pl1_uw < 0 || limit.pl1_uw > kMostUw || limit.pl2_uw > kMostUw)
    refuse("power_limit", "a power limit is out of range", "take up to 10 MW");
  if (limit.on()) {
    if (!scales) refuse("power_limit", "there is a power limit and nothing to lower", remedy);
    if (limit.pl2_uw < limit.pl1_uw)
      refuse("power_limit",
             "PL2 is " + std::to_string(limit.pl2_uw / 1000) + " mW and PL1 is " + std::to_string(limit.pl1_uw / 1000) +
                 " mW",
             "PL2 is for short: take at least PL1");
    if (limit.tau < kShortest || limit.tau > kLongest)
      refuse("power_limit", "tau is out of range", "take 10 ms to 1 h");
  }
  const ThermalZone& zone = spec.thermal;
  if (!zone.on()) return;
  if (!scales) refuse("thermal", "there is a thermal zone and nothing to lower", remedy);
  if (zone.resistance_mc > kMostMc || zone.ambient_mc < -kMostMc || zone.ambient_mc > kMostMc || zone.trip_mc > kMostMc)
    refuse("thermal", "a temperature is out of range", "take up to 1000 degrees");
  if (zone.trip_mc <= zone.ambient_mc)
    refuse("thermal",
           "it trips at " + std::to_string(zone.trip_mc) + " mC, and it is never colder than " +
               std::to_string(zone.ambient_mc) + " mC",
           "take a trip point above ambient_mc");
  if (zone.hysteresis_mc < 0 || zone.trip_mc - zone.hysteresis_mc <= zone.ambient_mc)
    refuse("thermal", "its hysteresis of " + std::to_string(zone.hysteresis_mc) + " mC reaches down to ambient_mc",
           "take less than lies between the two");
  if (zone.tau < kShortest || zone.tau > kLongest) refuse("thermal", "tau is out of range", "take 10 ms to 1 h");
}

// Fills in the default, then checks: square, local 10, symmetric.
void complete_distances(std::vector<std::vector<int>>& distances, size_t nodes) {
  if (distances.empty()) {
    distances.assign(nodes, std::vector<int>(nodes, kRemoteDistance));
    for (size_t i = 0; i < nodes; ++i) distances[i][i] = kLocalDistance;
  }
  std::string square = std::to_string(nodes) + " rows of " + std::to_string(nodes);
  if (distances.size() != nodes)
    refuse("distances", "distances have " + std::to_string(distances.size()) + " rows",
           "give " + square + ", one a node");
  for (size_t i = 0; i < nodes; ++i)
    if (distances[i].size() != nodes)
      refuse("distances",
             "row " + std::to_string(i) + " of distances has " + std::to_string(distances[i].size()) + " numbers",
             "give " + square + ", one a node");
  for (size_t i = 0; i < nodes; ++i)
    for (size_t j = 0; j < nodes; ++j) {
      int distance = distances[i][j], back = distances[j][i];
      bool in_range = distance >= kLocalDistance && distance <= kFarthestDistance;
      if (in_range && distance == back && (i != j || distance == kLocalDistance)) continue;
      std::string problem =
          "distance of nodes " + std::to_string(i) + " and " + std::to_string(j) + " is " + std::to_string(distance);
      if (!in_range) refuse("distances", problem, "take 10 (local) to 254, as ACPI SLIT does");
      if (i == j) refuse("distances", problem, "a node is 10 from itself");
      refuse("distances", problem + " one way and " + std::to_string(back) + " back", "make distances symmetric");
    }
}

}  // namespace

Machine::Machine(MachineSpec spec) : spec_(std::move(spec)) {
  const std::vector<Cpu>& cpus = spec_.cpus;
  if (cpus.empty()) refuse("cpus", "the machine has no CPU", "give it at least one");
  if (cpus.size() > kMaxCpus)
    refuse("cpus", "the machine has " + std::to_string(cpus.size()) + " CPUs",
           "the most is " + std::to_string(kMaxCpus));
  cpus_ = CpuSet::first(cpus.size());
  core_cpus_ = index_level(cpus, &Cpu::core, "core");
  llc_cpus_ = index_level(cpus, &Cpu::llc, "llc");
  node_cpus_ = index_level(cpus, &Cpu::node, "node");
  if (nr_nodes() > kMaxNodes)
    refuse("cpus", "the machine has " + std::to_string(nr_nodes()) + " nodes",
           "the most is " + std::to_string(kMaxNodes));
  complete();
  cluster_cpus_ = index_level(cpus, &Cpu::cluster, "cluster");
  power_domain_cpus_ = index_level(cpus, &Cpu::power_domain, "power domain");
  check_nesting(cpus, core_cpus_, "core", &Cpu::llc, "llc");
  check_nesting(cpus, core_cpus_, "core", &Cpu::cluster, "cluster");
  check_nesting(cpus, core_cpus_, "core", &Cpu::power_domain, "power domain");
  check_nesting(cpus, cluster_cpus_, "cluster", &Cpu::llc, "llc");
  check_nesting(cpus, llc_cpus_, "llc", &Cpu::node, "node");
  check_capacities(spec_, core_cpus_);
  complete_distances(spec_.distances, nr_nodes());
  check_power_domains(spec_, power_domain_cpus_);
  for (const CoreType& type : spec_.core_types) check_core_type(spec_, type);
  check_memory(spec_.memory, nr_nodes(), nr_llcs());
  if (!spec_.isolated.subset_of(cpus_) || spec_.isolated == cpus_)
    refuse("isolated", "CPUs " + spec_.isolated.str() + " are isolated, of " + cpus_.str(),
           "name some of these, and leave at least one");
  if (!spec_.nohz_full.subset_of(cpus_) || spec_.nohz_full == cpus_)
    refuse("nohz_full", "CPUs " + spec_.nohz_full.str() + " are nohz_full, of " + cpus_.str(),
           "leave at least one CPU that keeps the time for all");
  check_power(spec_);
  build_graph();
}

void Machine::complete() {
  if (spec_.core_types.empty()) spec_.core_types.emplace_back();
  complete_level(spec_.cpus, &Cpu::cluster);
  complete_level(spec_.cpus, &Cpu::power_domain);
  for (size_t i = 0; i < spec_.cpus.size(); ++i) {
    Cpu& cpu = spec_.cpus[i];
    if (cpu.kernel_capacity == 0) cpu.kernel_capacity = cpu.capacity;
    if (!cpu.type.valid()) cpu.type = CoreTypeId(0);
    if (cpu.type.index() >= spec_.core_types.size())
      refuse("cpus", of_cpu(i) + " is of core type " + std::to_string(cpu.type.value()), "there is none such");
  }
}

// Vertices stand level by level, so that a unit's vertex is its id plus the start of its level.
void Machine::build_graph() {
  size_t nodes = 1, llcs = nodes + nr_nodes(), cores = llcs + nr_llcs(), cpus = cores + nr_cores();
  graph_ = Graph(cpus + nr_cpus());
  graph_[0] = {Vertex::Kind::kMachine, 0};
  auto add_level = [this](Vertex::Kind kind, size_t start, size_t count, auto&& parent_of) {
    for (size_t id = 0; id < count; ++id) {
      graph_[start + id] = {kind, static_cast<int32_t>(id)};
      boost::add_edge(parent_of(id), start + id, Edge{0}, graph_);
    }
  };
  auto any_cpu = [this](const CpuSet& set) -> const Cpu& { return cpu(set.first_cpu()); };
  add_level(Vertex::Kind::kNode, nodes, nr_nodes(), [](size_t) { return size_t{0}; });
  add_level(Vertex::Kind::kLlc, llcs, nr_llcs(),
            [&](size_t id) { return nodes + any_cpu(llc_cpus_[id]).node.index(); });
  add_level(Vertex::Kind::kCore, cores, nr_cores(),
            [&](size_t id) { return llcs + any_cpu(core_cpus_[id]).llc.index(); });
  add_level(Vertex::Kind::kCpu, cpus, nr_cpus(), [&](size_t id) { return cores + spec_.cpus[id].core.index(); });
  for (size_t a = 0; a < nr_nodes(); ++a)
    for (size_t b = a + 1; b < nr_nodes(); ++b)
      boost::add_edge(nodes + a, nodes + b, Edge{spec_.distances[a][b]}, graph_);
}

Distance Machine::distance(CpuId a, CpuId b) const {
  if (a == b) return Distance::kSameCpu;
  const Cpu &from = cpu(a), &to = cpu(b);
  if (from.core == to.core) return Distance::kSmt;
  if (from.llc == to.llc) return Distance::kLlc;
  return from.node == to.node ? Distance::kNode : Distance::kRemote;
}

}  // namespace simsched
