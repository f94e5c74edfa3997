// Balancing on behalf of idle CPUs, which have no tick: a busy CPU asks one of them to do it for all
// (nohz_balancer_kick() and nohz_idle_balance() of the kernel).
#include <algorithm>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

void FairClass::enter_idle(CpuId cpu) {
  if (nohz_idle_.contains(cpu)) return;
  nohz_idle_.add(cpu);
  ++nr_nohz_idle_;
}

// Whether this busy CPU has, or its cache domain may have, something that an idle one could take: in the order of
// nohz_balancer_kick(), 6.12.
bool FairClass::wants_kick(CpuId cpu) {
  if (nohz_idle_.contains(cpu)) {
    nohz_idle_.remove(cpu);
    --nr_nohz_idle_;
  }
  if (nr_nohz_idle_ == 0) return false;
  if (kernel_->nr_running(cpu) >= 2) return true;
  const std::vector<Domain>& domains = domains_->of(cpu);
  if (!domains.empty() && root_of(cpu).h_nr_queued > 0 && reduced_capacity(cpu, domains[0])) return true;
  if (const Domain* packing = domains_->packing(cpu))
    for (CpuId idle : nohz_idle_)
      if (packing->contains(idle) && better_on(*packing, idle, cpu)) return true;
  // Where capacities differ, several busy CPUs of one cache are no reason.
  if (domains_->all_capacities(cpu)) return misfit_load(cpu) != 0;
  const Domain* cache = domains_->cache(cpu);
  if (!cache) return false;
  int busy = 0;
  for (CpuId other : cache->span->cpus)
    if (!kernel_->idle_cpu(other) && ++busy > 1) return true;
  return false;
}

void FairClass::kick_idle_balancer(CpuId) {
  if (nohz_kicked_) return;
  for (CpuId cpu : nohz_idle_) {
    // Housekeeping is not for CPUs that are to be left alone.
    if (!kernel_->idle_cpu(cpu) || kernel_->machine().spec().nohz_full.contains(cpu)) continue;
    nohz_kicked_ = true;
    ++count_.kicks;
    kernel_->send_ipi(cpu, *this);
    return;
  }
}

void FairClass::ipi(CpuId cpu) {
  nohz_kicked_ = false;
  if (!kernel_->idle_cpu(cpu)) return;
  nohz_scratch_.clear();
  CpuId other = cpu;
  for (int64_t i = 0; i < nr_nohz_idle_; ++i) nohz_scratch_.push_back(other = nohz_idle_.next_wrap(other));
  int64_t next_balance = now() + 60000000000;
  for (CpuId idle : nohz_scratch_) {
    if (!kernel_->idle_cpu(idle)) continue;
    if (kernel_->need_resched(cpu)) {  // it got work itself; the others are for another time
      nohz_next_balance_ = now();
      return;
    }
    CpuState& state = cpu_state(idle);
    if (now() >= state.next_balance) {
      update_blocked_averages(idle);
      balance_domains(idle, IdleType::kIdle);
    }
    next_balance = std::min(next_balance, state.next_balance);
  }
  nohz_next_balance_ = next_balance;
}

}  // namespace simsched
