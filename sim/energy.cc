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
  const std::vector<IdleState>& states = opp < type.little_opps ? type.little_idle_states : type.idle_states;
  return states.empty() ? 0 : states[std::min<size_t>(depth, states.size()) - 1].*idle;
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

EnergyMeter::EnergyMeter(const Machine& machine, size_t nr_tasks) {
  const auto& types = machine.spec().core_types;
  if (std::none_of(types.begin(), types.end(), knows_power)) return;
  cores_.resize(machine.nr_cores());
  opps_.resize(machine.nr_power_domains());
  domains_.resize(machine.spec().switching.kinds_share_clock ? 2 : machine.nr_power_domains());
  at_depth_.resize(domains_.size());
  runs_.resize(machine.nr_cpus());
  tasks_.resize(nr_tasks + 1);
  for (CpuId cpu : machine.cpus()) {
    const IdleDepth depth = shallow_depth(machine.core_type(cpu));
    depths_.push_back(depth);
    ++at_depth_[supply_of(machine, machine.cpu(cpu).power_domain)][depth];
  }
  for (size_t i = 0; i < cores_.size(); ++i) refresh_core(machine, CoreId(i), Nanos(0));
  for (size_t i = 0; i < opps_.size(); ++i)
    refresh_supply(machine, supply_of(machine, PowerDomainId(i)), PowerDomainId(i), Nanos(0));
}

size_t EnergyMeter::supply_of(const Machine& machine, PowerDomainId domain) const {
  if (!machine.spec().switching.kinds_share_clock) return domain.index();
  const CoreType& type = machine.core_type(machine.power_domain_cpus(domain).first_cpu());
  return opps_[domain.index()] >= type.little_opps;
}

void EnergyMeter::change_depth(const Machine& machine, CpuId cpu, IdleDepth depth, Nanos now) {
  const PowerDomainId domain = machine.cpu(cpu).power_domain;
  const size_t supply = supply_of(machine, domain);
  close_core(machine, machine.cpu(cpu).core, now);
  --at_depth_[supply][depths_[cpu.index()]];
  ++at_depth_[supply][depth];
  depths_[cpu.index()] = depth;
  refresh_core(machine, machine.cpu(cpu).core, now);
  refresh_supply(machine, supply, domain, now);
}

void EnergyMeter::set_opp(const Machine& machine, PowerDomainId domain, uint32_t opp, Nanos now) {
  if (!on() || opps_[domain.index()] == opp) return;
  const CpuSet& cpus = machine.power_domain_cpus(domain);
  const size_t from = supply_of(machine, domain);
  for (CpuId cpu : cpus) {
    close_core(machine, machine.cpu(cpu).core, now);
    --at_depth_[from][depths_[cpu.index()]];
  }
  refresh_supply(machine, from, domain, now);
  opps_[domain.index()] = opp;
  const size_t to = supply_of(machine, domain);
  for (CpuId cpu : cpus) {
    ++at_depth_[to][depths_[cpu.index()]];
    refresh_core(machine, machine.cpu(cpu).core, now);
  }
  refresh_supply(machine, to, domain, now);
}

void EnergyMeter::set_task(const Machine& machine, CpuId cpu, TaskId task, Nanos now) {
  if (!on()) return;
  close_core(machine, machine.cpu(cpu).core, now);
  runs_[cpu.index()] = task;
}

// What the core has taken is given out. What does not divide evenly goes to the first of its threads.
void EnergyMeter::close_core(const Machine& machine, CoreId core, Nanos now) {
  Load& load = cores_[core.index()];
  if (load.since == now) return;
  if (load.runs) {
    const CpuSet& threads = machine.core_cpus(core);
    int64_t running = 0;
    for (CpuId thread : threads) running += depths_[thread.index()] == kRuns;
    const Femtojoules energy = load.open(now), part = running == 1 ? energy : energy / running;
    Femtojoules rest = energy - part * running;
    for (CpuId thread : threads) {
      if (depths_[thread.index()] != kRuns) continue;
      const TaskId task = runs_[thread.index()];
      tasks_[task.valid() ? task.index() : tasks_.size() - 1] += part + rest;
      rest = 0;
    }
  }
  load.set(load.power, load.runs, now);
}

void EnergyMeter::close(const Machine& machine, Nanos now) {
  for (size_t core = 0; core < cores_.size(); ++core) close_core(machine, CoreId(core), now);
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

// `domain` has it now. One that no CPU has is off.
void EnergyMeter::refresh_supply(const Machine& machine, size_t supply, PowerDomainId domain, Nanos now) {
  const auto& counts = at_depth_[supply];
  const auto shallowest = std::find_if(counts.begin(), counts.end(), [](uint32_t count) { return count != 0; });
  if (shallowest == counts.end()) return domains_[supply].set(0, false, now);
  const auto depth = static_cast<IdleDepth>(shallowest - counts.begin());
  const CoreType& type = machine.core_type(machine.power_domain_cpus(domain).first_cpu());
  const int64_t power = power_of(type, depth, opps_[domain.index()], &OperatingPoint::shared_uw, &IdleState::shared_uw);
  domains_[supply].set(power, depth == kRuns, now);
}

int64_t EnergyMeter::power() const {
  int64_t power = 0;
  for (const auto* loads : {&cores_, &domains_})
    for (const Load& load : *loads) power += load.power;
  return power;
}

int64_t EnergyMeter::power_at(const Machine& machine, PowerDomainId domain, uint32_t opp) const {
  const CpuSet& cpus = machine.power_domain_cpus(domain);
  const CoreType& type = machine.core_type(cpus.first_cpu());
  IdleDepth shallowest = kMaxIdleStates;
  int64_t power = 0;
  for (CpuId cpu : cpus) {
    const CpuSet& threads = machine.smt_cpus(cpu);
    if (threads.first_cpu() != cpu) continue;
    IdleDepth depth = kMaxIdleStates;
    for (CpuId thread : threads) depth = std::min(depth, depths_[thread.index()]);
    power += power_of(type, depth, opp, &OperatingPoint::cpu_uw, &IdleState::cpu_uw);
    shallowest = std::min(shallowest, depth);
  }
  return power + power_of(type, shallowest, opp, &OperatingPoint::shared_uw, &IdleState::shared_uw);
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
