// Energy-aware scheduling: a waking task goes where it costs the least energy, as long as no CPU is too busy
// (find_energy_efficient_cpu() of kernel/sched/fair.c, 6.12).
#include "policies/fair/energy.h"

#include <algorithm>
#include <limits>

#include "policies/fair/balance.h"

namespace simsched {
namespace fair {

std::vector<PerfState> perf_states(std::span<const OperatingPoint> opps) {
  std::vector<PerfState> states;
  for (const OperatingPoint& opp : opps) states.push_back({opp.capacity, 10 * opp.cpu_uw / opp.capacity});
  int64_t above = std::numeric_limits<int64_t>::max();
  for (auto state = states.rbegin(); state != states.rend(); ++state) {
    state->inefficient = state->cost >= above;
    above = std::min(above, state->cost);
  }
  return states;
}

int64_t PerfDomain::energy(int64_t max_util, int64_t sum_util, int64_t allowed) const {
  const auto enough = [util = std::min(max_util, allowed)](const PerfState& state) {
    return state.performance >= util && !state.inefficient;
  };
  const auto state = std::find_if(states.begin(), states.end(), enough);
  return (state == states.end() ? states.back() : *state).cost * sum_util;
}

std::vector<PerfDomain> perf_domains(const Machine& machine) {
  std::vector<PerfDomain> domains;
  if (machine.nr_cores() != machine.nr_cpus()) return {};
  bool alike = true;
  for (CpuId cpu : machine.cpus()) alike &= machine.cpu(cpu).kernel_capacity == machine.cpu(CpuId(0)).kernel_capacity;
  if (alike) return {};
  for (size_t i = 0; i < machine.nr_power_domains(); ++i) {
    PerfDomain& domain = domains.emplace_back();
    for (CpuId cpu : machine.power_domain_cpus(PowerDomainId(i))) domain.cpus.push_back(cpu);
    const CoreType& type = machine.core_type(domain.cpus[0]);
    const bool known = !type.opps.empty() && std::all_of(type.opps.begin(), type.opps.end(),
                                                         [](const OperatingPoint& o) { return o.cpu_uw > 0; });
    if (!known) return {};
    domain.states = perf_states(type.opps);
  }
  return domains;
}

}  // namespace fair

using namespace fair;

bool FairClass::cpu_overutilized(CpuId cpu) {
  return util_fits_cpu(static_cast<int64_t>(cpu_util(root(cpu), cpu)), clamp_of(cpu), cpu) == Fit::kNot;
}

// At the balance of the root domain the flag is found out anew, below it only set.
void FairClass::find_overutilized(const LoadBalance& lb) {
  const std::vector<CpuId>& cpus = lb.domain->span->cpus;
  const bool any = std::any_of(cpus.begin(), cpus.end(), [&](CpuId cpu) { return cpu_overutilized(cpu); });
  overutilized_ = any || (overutilized_ && lb.level + 1 < domains_->of(lb.dst).size());
}

// cpu_util(): of `cpu` as if `task` were on `dst`; none: nowhere. `boost`: what waits for the CPU counts.
int64_t FairClass::util_with(CpuId cpu, TaskId task, CpuId dst, bool boost) const {
  const Entity& e = entity(task);
  const LoadAvg& avg = root(cpu).avg;
  int64_t util = boost ? std::max(avg.util_avg, avg.runnable_avg) : avg.util_avg;
  const bool here = kernel_->task_cpu(task) == cpu;
  if (here && dst != cpu)
    util = without<int64_t>(util, e.avg.util_avg);
  else if (!here && dst == cpu)
    util += e.avg.util_avg;
  if (params_.util_est) util = std::max(util, int64_t{root(cpu).util_est} + (dst == cpu ? e.util_est : 0));
  return std::min(util, capacity(cpu));
}

// compute_energy(): of the domain with the task on `dst`, `busy` being what its CPUs do without it.
int64_t FairClass::energy_with(const PerfDomain& domain, TaskId task, CpuId dst, int64_t busy) {
  int64_t max_util = 0, capacity_sum = 0;
  for (CpuId cpu : domain.cpus) {
    const int64_t util = std::min(util_with(cpu, task, dst, true) + rt_util_of(cpu), capacity(cpu));
    const Clamp clamp = cpu == dst ? clamp_with(cpu, task) : clamp_of(cpu);
    max_util = std::max(max_util, effective_perf(util, clamp.min, std::min(clamp.max, capacity(cpu))));
    if (kernel_->cpu_online(cpu)) capacity_sum += capacity(cpu);
  }
  if (dst.valid()) busy = std::min(capacity_sum, busy + static_cast<int64_t>(task_util(task)));
  return domain.energy(max_util, busy, capacity(domain.cpus[0]));
}

CpuId FairClass::find_energy_efficient_cpu(TaskId task, CpuId prev) {
  const Domain* among = domains_->all_capacities(kernel_->this_cpu());
  if (!among || !among->contains(prev)) return CpuId();
  Entity& e = entity_of(task);
  if (e.cfs_rq && e.avg.last_update_time != 0)
    pelt::update(e.avg, e.cfs_rq->avg.last_update_time, {.weight = pelt::weight_of(e)});
  if (task_util(task) == 0 && clamp_of(task).min == 0) return prev;
  ++count_.energy_wakeups;
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  int64_t prev_delta = kNone, best_delta = kNone;
  CpuId best;
  Fit prev_fits = Fit::kButForBoost, best_fits = Fit::kButForBoost;
  for (const PerfDomain& domain : perf_domains_) {
    int64_t prev_spare = -1, most_spare = -1, busy = 0;
    CpuId roomiest;
    Fit roomiest_fits = Fit::kButForBoost;
    for (CpuId cpu : domain.cpus) {
      if (!kernel_->cpu_online(cpu)) continue;
      busy += std::min(util_with(cpu, task, CpuId(), false) + rt_util_of(cpu), capacity(cpu));
      if (!among->contains(cpu) || !kernel_->cpu_allowed(task, cpu)) continue;
      const int64_t util = util_with(cpu, task, cpu, false);
      const Fit fit = util_fits_cpu(util, clamp_with(cpu, task), cpu);
      if (fit == Fit::kNot) continue;
      const int64_t spare = without<int64_t>(capacity_of(cpu), util);
      if (cpu == prev) {
        prev_spare = spare;
        prev_fits = fit;
      } else if (fit > roomiest_fits || (fit == roomiest_fits && spare > most_spare)) {
        most_spare = spare;
        roomiest = cpu;
        roomiest_fits = fit;
      }
    }
    if (prev_spare < 0 && !roomiest.valid()) continue;
    const int64_t base = energy_with(domain, task, CpuId(), busy);
    if (prev_spare >= 0) {
      prev_delta = energy_with(domain, task, prev, busy) - base;
      if (prev_delta < 0) return prev;
      best_delta = std::min(best_delta, prev_delta);
    }
    if (!roomiest.valid() || most_spare <= prev_spare || roomiest_fits < best_fits) continue;
    const int64_t best_capacity = best.valid() ? capacity(best) : 0;
    if (roomiest_fits == Fit::kButForBoost && capacity(roomiest) <= best_capacity) continue;
    const int64_t delta = energy_with(domain, task, roomiest, busy) - base;
    if (delta < 0) return prev;
    if (roomiest_fits == Fit::kFits && best_fits == Fit::kFits && delta >= best_delta) continue;
    best_delta = delta;
    best = roomiest;
    best_fits = roomiest_fits;
  }
  if (!best.valid()) return prev;
  const bool better = best_fits > prev_fits || (best_fits == Fit::kFits && best_delta < prev_delta) ||
                      (best_fits == Fit::kButForBoost && capacity(best) > capacity(prev));
  return better ? best : prev;
}

}  // namespace simsched
