#include "topology/switched.h"

#include <algorithm>

#include "topology/select_cpus.h"

namespace simsched {
namespace {

bool has_two_clusters(const Machine& machine) {
  if (machine.nr_power_domains() != 2 || machine.nr_cores() != machine.nr_cpus()) return false;
  const CpuId other = (machine.cpus() - machine.power_domain_cpus(machine.cpu(CpuId(0)).power_domain)).first_cpu();
  const CoreType &a = machine.core_type(CpuId(0)), &b = machine.core_type(other);
  return &a != &b && !a.opps.empty() && !b.opps.empty() && a.opps.back().capacity != b.opps.back().capacity;
}

CoreType pair_of(const CoreType& little, const CoreType& big) {
  CoreType pair = big;
  pair.name = little.name + "+" + big.name;
  pair.isa = little.isa & big.isa;
  pair.opps.clear();
  for (OperatingPoint opp : little.opps) {
    opp.mhz = std::max(1, opp.mhz / 2);
    // Two that are less than 2 MHz apart are one.
    if (!pair.opps.empty() && pair.opps.back().mhz == opp.mhz) pair.opps.pop_back();
    pair.opps.push_back(opp);
  }
  pair.little_opps = static_cast<uint32_t>(pair.opps.size());
  for (const OperatingPoint& opp : big.opps)
    if (opp.mhz > pair.opps.back().mhz && opp.capacity > pair.opps.back().capacity) pair.opps.push_back(opp);
  pair.little_idle_states = little.idle_states;
  return pair;
}

}  // namespace

std::optional<Machine> switched_machine(const Machine& machine, SwitchedBy by, Nanos cost) {
  if (!has_two_clusters(machine)) return std::nullopt;
  const CpuSet& boot = machine.power_domain_cpus(machine.cpu(CpuId(0)).power_domain);
  const CpuSet others = machine.cpus() - boot;
  const bool boots_little = machine.cpu(CpuId(0)).capacity < machine.cpu(others.first_cpu()).capacity;
  const CoreType &first = machine.core_type(CpuId(0)), &second = machine.core_type(others.first_cpu());
  // What is left without a partner goes offline, as the partners do.
  CpuSet pairs;
  for (CpuId cpu : boot)
    if (pairs.size() < others.size()) pairs.add(cpu);
  MachineSpec spec = select_cpus(machine.spec(), pairs);
  spec.core_types = {boots_little ? pair_of(first, second) : pair_of(second, first)};
  // All big points may have been left out: then it is the little core for good.
  const OperatingPoint& top = spec.core_types[0].opps.back();
  if (spec.core_types[0].little_opps == spec.core_types[0].opps.size()) return std::nullopt;
  for (size_t i = 0; i < spec.cpus.size(); ++i) {
    Cpu& cpu = spec.cpus[i];
    cpu.type = CoreTypeId(0);
    cpu.capacity = top.capacity;
    cpu.kernel_capacity = 0;
    cpu.power_domain = PowerDomainId(by == SwitchedBy::kCluster ? 0 : i);
  }
  spec.asym_packing = false;
  spec.switching = {by == SwitchedBy::kPair, cost};
  return Machine(std::move(spec));
}

}  // namespace simsched
