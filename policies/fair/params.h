// What can be set of the fair class, under the kernel's names in lower case: the features of
// kernel/sched/features.h and the values of /sys/kernel/debug/sched/. Defaults are those of the version.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/tunables.h"
#include "base/units.h"
#include "sim/kernel_params.h"

namespace simsched::fair {

enum class Discipline : uint8_t { kEevdf, kCfs };

struct Params {
  Params(Discipline discipline, const KernelParams& kernel, size_t nr_cpus);
  void bind(TunableReader& reader);

  Discipline discipline;
  int64_t tick;          // ns
  int64_t min_quantum;   // ns, the base slice before it is scaled by the number of CPUs
  bool protects_slice;   // 6.17: protection by Entity::vprot
  bool fork_preempts;    // until 6.18: a new task may preempt as a waking one does
  bool yield_forfeits;   // 6.18: sched_yield() gives up the rest of the request
  bool preempts_kernel;  // a preemptible kernel stops newidle balancing at the first task

  // EEVDF.
  Nanos base_slice;
  bool place_lag = true, place_deadline_initial = true, place_rel_deadline = true;
  bool run_to_parity = true, preempt_short = true;
  bool delay_dequeue = true, delay_zero = true;
  bool custom_slices = true;  // sched_attr's runtime of a fair task is its slice
  bool next_buddy = false, pick_buddy;

  // CFS, as in 6.5.
  Nanos latency, min_granularity, idle_min_granularity, wakeup_granularity;
  bool gentle_fair_sleepers = true, start_debit = true, last_buddy = true;

  // Both.
  bool wakeup_preemption = true;
  bool cache_hot_buddy = true, lb_min = false;
  bool sis_util = true;
  bool wa_idle = true, wa_weight = true, wa_bias = true;
  bool util_est = true, ni_random;
  Nanos migration_cost{500000};
  // Where tasks' memory is modelled and there are several nodes.
  bool numa_balancing = true;
  Nanos numa_scan_delay{1000000000}, numa_scan_period_min{1000000000}, numa_scan_period_max{60000000000};
  int64_t numa_scan_size_mb = 256;
  int64_t nr_migrate = 32;
  Nanos cfs_bandwidth_slice{5000000};
  bool sched_energy_aware = true, schedutil;  // EAS needs both
  // Policy hmp: big.LITTLE MP (hmp.cc).
  bool hmp = false;
  int64_t up_threshold = 700, down_threshold = 512;  // of a load of 1024
  Nanos next_up_threshold{4096 << 10}, next_down_threshold{4096 << 10};
  bool packing_enable = false;
  int64_t packing_limit = 650;
  // Policy itd: classes of instructions per cycle (ipc_class.cc).
  bool has_ipc_classes = false, ipc_classes = false;
  // A balancing run takes no simulated time; for the rule that a short idle period is not worth one, a look
  // at a domain counts as this much for each of its CPUs.
  Nanos newidle_cost_per_cpu{1000};
};

}  // namespace simsched::fair
