#include "topology/draw/core_types.h"

#include "topology/draw/padded.h"

namespace simsched {
namespace {

// 1234 thousandths: 1.234; 1000: 1.
std::string thousands(int64_t value) {
  std::string text = std::to_string(value / 1000);
  if (value % 1000 == 0) return text;
  text += "." + std::to_string(1000 + value % 1000).substr(1);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

CpuSet cpus_of(const Machine& machine, CoreTypeId type) {
  CpuSet cpus;
  for (CpuId cpu : machine.cpus())
    if (machine.cpu(cpu).type == type) cpus.add(cpu);
  return cpus;
}

// The CPUs of each clock, where it is not one a core.
std::string domains_of(const Machine& machine, const CpuSet& cpus) {
  std::string text;
  for (size_t i = 0; i < machine.nr_power_domains(); ++i) {
    const CpuSet& domain = machine.power_domain_cpus(PowerDomainId(i));
    if (!domain.intersects(cpus)) continue;
    if (domain == machine.smt_cpus(domain.first_cpu())) return "a clock a core";
    text += (text.empty() ? "clocks of CPUs " : ", ") + domain.str();
  }
  return text;
}

std::string table_row(std::initializer_list<std::string> cells) {
  std::string text = "  ";
  for (const std::string& cell : cells) text += padded(cell, 14);
  return text + "\n";
}

nlohmann::ordered_json by_class(const std::array<int32_t, kNrWorkClasses>& values) {
  nlohmann::ordered_json json;
  for (size_t i = 0; i < kNrWorkClasses; ++i)
    if (values[i] != 0) json[kWorkClassNames[i]] = values[i];
  return json;
}

}  // namespace

bool has_core_types(const Machine& machine) {
  return machine.spec().core_types.size() > 1 || !(machine.spec().core_types[0] == CoreType());
}

std::string core_type_table(const Machine& machine) {
  std::string text;
  if (!has_core_types(machine)) return text;
  for (size_t i = 0; i < machine.spec().core_types.size(); ++i) {
    const CoreType& type = machine.spec().core_types[i];
    const CpuSet cpus = cpus_of(machine, CoreTypeId(i));
    text += "core type " + type.name + ": CPUs " + cpus.str();
    if (!cpus.empty()) text += ", " + domains_of(machine, cpus);
    text += "\n";
    if (!type.opps.empty()) text += table_row({"MHz", "capacity", "core mW", "shared mW"});
    for (const OperatingPoint& opp : type.opps)
      text += table_row(
          {std::to_string(opp.mhz), std::to_string(opp.capacity), thousands(opp.cpu_uw), thousands(opp.shared_uw)});
    if (!type.idle_states.empty()) text += table_row({"idle state", "exit us", "residency us", "core mW", "shared mW"});
    for (const IdleState& state : type.idle_states)
      text += table_row({state.name, thousands(state.exit_latency.count()), thousands(state.target_residency.count()),
                         thousands(state.cpu_uw), thousands(state.shared_uw)});
  }
  return text;
}

nlohmann::ordered_json core_types_json(const Machine& machine) {
  nlohmann::ordered_json json;
  for (const CoreType& type : machine.spec().core_types) {
    nlohmann::ordered_json& entry = json[type.name] = nlohmann::ordered_json::object();
    for (const OperatingPoint& opp : type.opps)
      entry["opps"].push_back(
          {{"mhz", opp.mhz}, {"capacity", opp.capacity}, {"cpu_uw", opp.cpu_uw}, {"shared_uw", opp.shared_uw}});
    for (const IdleState& state : type.idle_states)
      entry["idle_states"].push_back({{"name", state.name},
                                      {"exit_latency_ns", state.exit_latency.count()},
                                      {"target_residency_ns", state.target_residency.count()},
                                      {"cpu_uw", state.cpu_uw},
                                      {"shared_uw", state.shared_uw},
                                      {"polls", state.polls}});
    const CoreType usual;
    if (type.class_speed != usual.class_speed) entry["class_speed"] = by_class(type.class_speed);
    if (type.class_smt_share != usual.class_smt_share) entry["smt_share"] = by_class(type.class_smt_share);
    if (type.transition_latency > Nanos(0)) entry["transition_latency_ns"] = type.transition_latency.count();
    if (type.transition_delay > Nanos(0)) entry["transition_delay_ns"] = type.transition_delay.count();
    if (type.isa == usual.isa) continue;
    entry["isa"] = nlohmann::ordered_json::array();
    for (size_t i = 0; i < kNrIsas; ++i)
      if (type.isa >> i & 1) entry["isa"].push_back(kIsaNames[i]);
  }
  return json;
}

}  // namespace simsched
