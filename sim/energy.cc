#include "sim/energy.h"

#include <algorithm>

namespace simsched {
namespace {

bool knows_power(const CoreType& type) {
  auto any = [](const auto& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& row) { return row.cpu_uw != 0 || row.shared_uw != 0; });
  };
  return any(type.opps) || any(type.idle_states);
}

// Of a core, or of what its domain shares: OperatingPoint's and IdleState's members of these names.
int64_t power_of(const CoreType& type, IdleDepth depth, uint32_t opp, int64_t OperatingPoint::*running,
                 int64_t IdleState::*idle) {
  if (depth == kRuns) return type.opps.empty() ? 0 : type.opps[opp].*running;
  return type.idle_states.empty() ? 0 : type.idle_states[depth - 1u].*idle;
}

}  // namespace

IdleDepth shallow_depth(const CoreType& type) {
  for (size_t i = 0; i < type.idle_states.size(); ++i)
    if (!type.idle_states[i].polls) return static_cast<IdleDepth>(i + 1);
  return 1;
}

void EnergyMeter::Load::set(int64_t new_power, bool now_runs, Nanos now) {
  (runs ? running : idle) += open(now);
  since = now;
  power = new_power;
  runs = now_runs;
}

EnergyMeter::EnergyMeter(const Machine& machine) {
  const auto& types = machine.spec().core_types;
  if (std::none_of(types.begin(), types.end(), knows_power)) return;
  cores_.resize(machine.nr_cores());
  domains_.resize(machine.nr_power_domains());
  opps_.resize(domains_.size());
  at_depth_.resize(domains_.size());
  for (CpuId cpu : machine.cpus()) {
    const IdleDepth depth = shallow_depth(machine.core_type(cpu));
    depths_.push_back(depth);
    ++at_depth_[machine.cpu(cpu).power_domain.index()][depth];
  }
  for (size_t i = 0; i < cores_.size(); ++i) refresh_core(machine, CoreId(i), Nanos(0));
  for (size_t i = 0; i < domains_.size(); ++i) refresh_domain(machine, PowerDomainId(i), Nanos(0));
}

void EnergyMeter::change_depth(const Machine& machine, CpuId cpu, IdleDepth depth, Nanos now) {
  const PowerDomainId domain = machine.cpu(cpu).power_domain;
  auto& counts = at_depth_[domain.index()];
  --counts[depths_[cpu.index()]];
  ++counts[depth];
  depths_[cpu.index()] = depth;
  refresh_core(machine, machine.cpu(cpu).core, now);
  refresh_domain(machine, domain, now);
}

void EnergyMeter::set_opp(const Machine& machine, PowerDomainId domain, uint32_t opp, Nanos now) {
  if (!on() || opps_[domain.index()] == opp) return;
  opps_[domain.index()] = opp;
  for (CpuId cpu : machine.power_domain_cpus(domain)) refresh_core(machine, machine.cpu(cpu).core, now);
  refresh_domain(machine, domain, now);
}

void EnergyMeter::refresh_core(const Machine& machine, CoreId core, Nanos now) {
  const CpuSet& threads = machine.core_cpus(core);
  IdleDepth depth = kMaxIdleStates;
  for (CpuId thread : threads) depth = std::min(depth, depths_[thread.index()]);
  const CpuId first = threads.first_cpu();
  const uint32_t opp = opps_[machine.cpu(first).power_domain.index()];
  cores_[core.index()].set(power_of(machine.core_type(first), depth, opp, &OperatingPoint::cpu_uw, &IdleState::cpu_uw),
                           depth == kRuns, now);
}

void EnergyMeter::refresh_domain(const Machine& machine, PowerDomainId domain, Nanos now) {
  const auto& counts = at_depth_[domain.index()];
  IdleDepth depth = 0;
  while (counts[depth] == 0) ++depth;
  const CoreType& type = machine.core_type(machine.power_domain_cpus(domain).first_cpu());
  const int64_t power = power_of(type, depth, opps_[domain.index()], &OperatingPoint::shared_uw, &IdleState::shared_uw);
  domains_[domain.index()].set(power, depth == kRuns, now);
}

EnergyMeter::Total EnergyMeter::total(Nanos now) const {
  Total total;
  for (const Load& core : cores_) {
    total.running += core.running + (core.runs ? core.open(now) : 0);
    total.idle += core.idle + (core.runs ? 0 : core.open(now));
  }
  for (const Load& domain : domains_) total.shared += domain.all(now);
  return total;
}

}  // namespace simsched
