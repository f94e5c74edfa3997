#include "policies/fair/params.h"

#include <algorithm>
#include <bit>

#include "topology/machine.h"

namespace simsched::fair {

Params::Params(Discipline d, const KernelParams& kernel, size_t nr_cpus)
    : discipline(d),
      tick(kernel.tick().count()),
      min_quantum(kernel.at_least(6, 13) ? 700000 : 750000),
      protects_slice(kernel.at_least(6, 17)),
      fork_preempts(d == Discipline::kCfs || !kernel.at_least(6, 18)),
      yield_forfeits(kernel.at_least(6, 18)),
      preempts_kernel(kernel.preempt == Preempt::kFull || kernel.preempt == Preempt::kLazy),
      pick_buddy(kernel.at_least(6, 15)),
      ni_random(kernel.at_least(6, 18)),
      schedutil(kernel.governor == Governor::kSchedutil) {
  // Logarithmic scaling: more CPUs, longer slices.
  int64_t factor = std::bit_width(std::clamp<size_t>(nr_cpus, 1, 8));
  base_slice = kernel.base_slice.count() > 0 ? kernel.base_slice : Nanos(min_quantum * factor);
  latency = 6_ms * factor;
  min_granularity = Nanos(750000 * factor);
  idle_min_granularity = Nanos(750000);
  wakeup_granularity = 1_ms * factor;
  // 82e9d0456e06, 85e511df3cec, 152e11f6df29, 857b158dc5e8
  if (d == Discipline::kEevdf && !kernel.at_least(6, 12))
    place_rel_deadline = preempt_short = delay_dequeue = delay_zero = custom_slices = false;
  if (d == Discipline::kCfs) {
    pick_buddy = ni_random = false;
    if (kernel.base_slice.count() > 0) min_granularity = kernel.base_slice;
  }
}

void Params::bind(TunableReader& reader) {
  constexpr Nanos kShortest = 100_us, kLongest = 1_s;
  if (discipline == Discipline::kEevdf) {
    reader.bind("base_slice_ns", &base_slice, kShortest, kLongest, "CPU time a task asks for at a time");
    reader.bind("place_lag", &place_lag, "a task that joins keeps the lag it left with");
    reader.bind("place_deadline_initial", &place_deadline_initial, "a new task is due after half a slice");
    reader.bind("place_rel_deadline", &place_rel_deadline, "a task that moves keeps its place before its deadline");
    reader.bind("run_to_parity", &run_to_parity, "a picked task runs to its deadline unless a shorter slice waits");
    reader.bind("preempt_short", &preempt_short, "a waking task with a shorter slice may preempt");
    reader.bind("delay_dequeue", &delay_dequeue, "a sleeper with negative lag stays queued until eligible");
    reader.bind("delay_zero", &delay_zero, "... and gains no positive lag by it");
    reader.bind("next_buddy", &next_buddy, "a waking task is preferred at the next pick");
    reader.bind("pick_buddy", &pick_buddy, "buddies are honoured at all");
  } else {
    reader.bind("sched_latency_ns", &latency, kShortest, kLongest, "period in which every task runs once");
    reader.bind("min_granularity_ns", &min_granularity, kShortest, kLongest, "least time on the CPU");
    reader.bind("wakeup_granularity_ns", &wakeup_granularity, Nanos(0), kLongest, "lead that a waking task needs");
    reader.bind("gentle_fair_sleepers", &gentle_fair_sleepers, "a sleeper's credit is half a period");
    reader.bind("start_debit", &start_debit, "a new task waits for its first slice");
    reader.bind("next_buddy", &next_buddy, "a waking task is preferred at the next pick");
    reader.bind("last_buddy", &last_buddy, "a preempted task is preferred at the next pick");
  }
  reader.bind("wakeup_preemption", &wakeup_preemption, "a waking task may preempt");
  reader.bind("cache_hot_buddy", &cache_hot_buddy, "the next buddy is not pulled by the balancer");
  reader.bind("lb_min", &lb_min, "the balancer leaves very small loads alone");
  reader.bind("sis_util", &sis_util, "the busier the cache domain, the shorter the search for an idle CPU");
  reader.bind("wa_idle", &wa_idle, "a waking task goes to the waker's CPU when that is idle");
  reader.bind("wa_weight", &wa_weight, "... or when the load there is less");
  reader.bind("wa_bias", &wa_bias, "... with a bias towards the previous CPU");
  reader.bind("util_est", &util_est, "utilisation of a sleeper is remembered");
  reader.bind("ni_random", &ni_random, "newidle balancing is tried in proportion to its success");
  reader.bind("migration_cost_ns", &migration_cost, Nanos(0), kLongest, "a task that ran less long ago is cache-hot");
  reader.bind("nr_migrate", &nr_migrate, 1, 1 << 20, "tasks looked at in one balancing run");
  reader.bind("cfs_bandwidth_slice_ns", &cfs_bandwidth_slice, kShortest, kLongest,
              "CPU time that a CPU draws of a group's quota at a time");
  reader.bind("numa_balancing", &numa_balancing, "pages follow tasks, and tasks go to the node of their pages");
  reader.bind("numa_scan_delay_ns", &numa_scan_delay, Nanos(0), kLongest * 3600, "CPU time before the first scan");
  reader.bind("numa_scan_period_min_ns", &numa_scan_period_min, kShortest, kLongest * 3600,
              "least CPU time for a pass");
  reader.bind("numa_scan_period_max_ns", &numa_scan_period_max, kShortest, kLongest * 3600, "most CPU time for a pass");
  reader.bind("numa_scan_size_mb", &numa_scan_size_mb, 1, 1 << 20, "memory looked at in one scan");
  reader.bind("sched_energy_aware", &sched_energy_aware,
              "with schedutil, a waking task goes to the CPU that costs the least energy");
  if (hmp) {
    reader.bind("up_threshold", &up_threshold, 0, kCapacityScale, "a task of so much load goes to a bigger CPU");
    reader.bind("down_threshold", &down_threshold, 0, kCapacityScale, "one of less goes to a smaller one");
    reader.bind("next_up_threshold_ns", &next_up_threshold, Nanos(0), kLongest, "after it went up, not again before");
    reader.bind("next_down_threshold_ns", &next_down_threshold, Nanos(0), kLongest, "nor down after it went down");
    reader.bind("packing_enable", &packing_enable, "small tasks gather on the first of the small CPUs");
    reader.bind("packing_limit", &packing_limit, 0, kCapacityScale, "up to so much load");
  }
  if (has_ipc_classes)
    reader.bind("ipc_classes", &ipc_classes, "who gains most by a bigger core goes first; else any: plain ITMT");
  reader.bind("newidle_cost_per_cpu_ns", &newidle_cost_per_cpu, Nanos(0), kLongest, "assumed cost of a look");
}

}  // namespace simsched::fair
