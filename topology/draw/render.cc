#include "topology/draw/render.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "topology/draw/core_types.h"
#include "topology/draw/memory_text.h"
#include "topology/draw/padded.h"
#include "topology/load/cost_fields.h"

namespace simsched {
namespace {

std::string counted(size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// The cores of an LLC, alike ones together: "8 cores x 2 threads, capacity 1024 (CPUs 0-15)".
std::string describe_cores(const Machine& machine, LlcId llc) {
  struct Kind {
    size_t threads;
    int32_t capacity, kernel_capacity, priority;
    size_t cores;
    CpuSet cpus;
  };
  std::vector<Kind> kinds;
  for (CpuId id : machine.llc_cpus(llc)) {
    const CpuSet& core = machine.smt_cpus(id);
    if (core.first_cpu() != id) continue;
    const Cpu& cpu = machine.cpu(id);
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& known) {
      return std::tuple(known.threads, known.capacity, known.kernel_capacity, known.priority) ==
             std::tuple(core.size(), cpu.capacity, cpu.kernel_capacity, cpu.priority);
    });
    if (kind == kinds.end())
      kind = kinds.insert(kind, {core.size(), cpu.capacity, cpu.kernel_capacity, cpu.priority, 0, {}});
    ++kind->cores;
    kind->cpus = kind->cpus | core;
  }
  std::string text;
  for (const Kind& kind : kinds) {
    if (!text.empty()) text += "; ";
    text += counted(kind.cores, "core") + (kind.threads > 1 ? " x " + counted(kind.threads, "thread") : "") +
            ", capacity " + std::to_string(kind.capacity);
    if (kind.kernel_capacity != kind.capacity) text += " (" + std::to_string(kind.kernel_capacity) + " to the kernel)";
    if (kind.priority != 0) text += ", priority " + std::to_string(kind.priority);
    if (kinds.size() > 1) text += " (CPUs " + kind.cpus.str() + ")";
  }
  return text;
}

const char* kind_name(Machine::Vertex::Kind kind) {
  constexpr const char* kNames[] = {"machine", "node", "LLC", "core", "CPU"};
  return kNames[static_cast<size_t>(kind)];
}

// Names come from files: quoted as in JSON, whose escapes Graphviz shares.
std::string in_quotes(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string machine_table(const Machine& machine) {
  std::string text = machine.name() + ": " + counted(machine.nr_cpus(), "CPU") + ", " +
                     counted(machine.nr_cores(), "core") + ", " + counted(machine.nr_llcs(), "LLC") + ", " +
                     counted(machine.nr_nodes(), "node") + "\n";
  std::vector<std::vector<LlcId>> llcs(machine.nr_nodes());
  for (size_t llc = 0; llc < machine.nr_llcs(); ++llc)
    llcs[machine.cpu(machine.llc_cpus(LlcId(llc)).first_cpu()).node.index()].push_back(LlcId(llc));
  for (size_t node = 0; node < machine.nr_nodes(); ++node) {
    text += "node " + std::to_string(node) + ": CPUs " + machine.node_cpus(NodeId(node)).str() + "\n";
    for (LlcId llc : llcs[node])
      text += "  LLC " + std::to_string(llc.value()) + ": CPUs " + machine.llc_cpus(llc).str() + "  " +
              describe_cores(machine, llc) + "\n";
  }
  if (machine.nr_nodes() > 1) {
    text += "distances\n" + square_text(machine.nr_nodes(), [&](NodeId a, NodeId b) { return machine.distance(a, b); });
    text += "reclaim_distance " + std::to_string(machine.spec().reclaim_distance) +
            " (no balancing at fork and exec between nodes farther apart)\n";
  }
  if (machine.spec().asym_packing) text += "asym_packing: tasks go to the CPU of higher priority first\n";
  if (machine.spec().isa_affinity) text += "isa_affinity: tasks are kept on cores that have their instruction sets\n";
  if (!machine.spec().isolated.empty()) text += "isolated CPUs " + machine.spec().isolated.str() + "\n";
  if (!machine.spec().nohz_full.empty()) text += "CPUs without a tick " + machine.spec().nohz_full.str() + "\n";
  if (const PowerLimit& limit = machine.spec().power_limit; limit.on())
    text += "power limit " + std::to_string(limit.pl1_uw / 1000) + " mW, for a while " +
            std::to_string(limit.pl2_uw / 1000) + " mW\n";
  if (const ThermalZone& zone = machine.spec().thermal; zone.on())
    text += "throttled at " + std::to_string(zone.trip_mc) + " mC\n";
  text += memory_text(machine);
  if (machine.nr_cores() < machine.nr_cpus())
    text += "smt_share " + std::to_string(machine.smt_share()) + " (of 1024, while a sibling is busy)\n";
  text += core_type_table(machine);
  text += "costs\n";
  auto line = [&](const std::string& key, std::span<const Nanos> values) {
    text += "  " + key + std::string(22 - std::min(key.size(), size_t{21}), ' ');
    for (Nanos value : values) text += padded(std::to_string(value.count()), 8);
    text += "\n";
  };
  for (const CostField& cost : kCostFields) line(cost.key, {&(machine.costs().*cost.field), 1});
  for (const SpreadField& cost : kSpreadFields) {
    const Spread& spread = machine.costs().*cost.field;
    bool constant = spread.quantiles.front() == spread.quantiles.back();
    line(cost.key, {spread.quantiles.data(), constant ? 1 : spread.quantiles.size()});
  }
  return text;
}

std::string machine_dot(const Machine& machine) {
  const Machine::Graph& graph = machine.graph();
  std::string text = "graph machine {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  for (auto [at, end] = boost::vertices(graph); at != end; ++at) {
    const Machine::Vertex& vertex = graph[*at];
    bool root = vertex.kind == Machine::Vertex::Kind::kMachine;
    std::string label = root ? machine.name() : std::string(kind_name(vertex.kind)) + " " + std::to_string(vertex.id);
    text += "  v" + std::to_string(*at) + " [label=" + in_quotes(label) + "];\n";
  }
  for (auto [at, end] = boost::edges(graph); at != end; ++at) {
    int distance = graph[*at].distance;
    text += "  v" + std::to_string(boost::source(*at, graph)) + " -- v" + std::to_string(boost::target(*at, graph));
    if (distance > 0) text += " [label=" + std::to_string(distance) + ", style=dashed, constraint=false]";
    text += ";\n";
  }
  return text + "}\n";
}

std::string machine_json(const Machine& machine) {
  nlohmann::ordered_json json;
  json["name"] = machine.name();
  const bool types = has_core_types(machine), domains = machine.nr_power_domains() != machine.nr_cores();
  if (types) json["core_types"] = core_types_json(machine);
  json["cpus"] = nlohmann::ordered_json::array();
  for (size_t core = 0; core < machine.nr_cores(); ++core) {
    const CpuSet& cpus = machine.core_cpus(CoreId(core));
    const Cpu& cpu = machine.cpu(cpus.first_cpu());
    nlohmann::ordered_json group = {{"cpus", cpus.str()},
                                    {"core", core},
                                    {"cluster", cpu.cluster.value()},
                                    {"llc", cpu.llc.value()},
                                    {"node", cpu.node.value()},
                                    {"capacity", cpu.capacity}};
    if (cpu.kernel_capacity != cpu.capacity) group["kernel_capacity"] = cpu.kernel_capacity;
    if (cpu.priority != 0) group["priority"] = cpu.priority;
    if (types) group["type"] = machine.core_type(cpus.first_cpu()).name;
    if (domains) group["power_domain"] = cpu.power_domain.value();
    json["cpus"].push_back(std::move(group));
  }
  json["distances"] = machine.spec().distances;
  json["smt_share"] = machine.smt_share();
  json["reclaim_distance"] = machine.spec().reclaim_distance;
  if (machine.spec().asym_packing) json["asym_packing"] = true;
  if (machine.spec().isa_affinity) json["isa_affinity"] = true;
  if (!machine.spec().isolated.empty()) json["isolated"] = machine.spec().isolated.str();
  if (!machine.spec().nohz_full.empty()) json["nohz_full"] = machine.spec().nohz_full.str();
  if (const PowerLimit& limit = machine.spec().power_limit; limit.on())
    json["power_limit"] = {
        {"pl1_mw", limit.pl1_uw / 1000}, {"pl2_mw", limit.pl2_uw / 1000}, {"tau_ms", limit.tau / 1_ms}};
  if (const ThermalZone& zone = machine.spec().thermal; zone.on())
    json["thermal"] = {{"resistance_mc_per_w", zone.resistance_mc},
                       {"tau_ms", zone.tau / 1_ms},
                       {"ambient_mc", zone.ambient_mc},
                       {"trip_mc", zone.trip_mc},
                       {"hysteresis_mc", zone.hysteresis_mc}};
  write_memory(machine.memory(), json);
  for (const CostField& cost : kCostFields) json["costs"][cost.key] = (machine.costs().*cost.field).count();
  for (const SpreadField& cost : kSpreadFields)
    for (Nanos quantile : (machine.costs().*cost.field).quantiles) json["costs"][cost.key].push_back(quantile.count());
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace simsched
