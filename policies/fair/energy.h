// The energy model of the fair class (kernel/power/energy_model.c, include/linux/energy_model.h, 6.12): what it would
// cost to run so much on the CPUs of a performance domain. A guess in integers, from the powers of the machine file;
// what a simulated machine really uses is sim/energy.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "topology/machine.h"

namespace simsched::fair {

// struct em_perf_state
struct PerfState {
  int64_t performance = 0;   // capacity of a CPU there, of 1024
  int64_t cost = 0;          // 10 uW a unit of performance
  bool inefficient = false;  // the next higher state does more for less
};

// CPUs with one clock (struct em_perf_domain).
struct PerfDomain {
  std::vector<CpuId> cpus;
  std::vector<PerfState> states;  // ascending

  // em_cpu_energy(): of all its CPUs together, when one of them needs `max_util` of at most `allowed`, and all of them
  // `sum_util`.
  int64_t energy(int64_t max_util, int64_t sum_util, int64_t allowed) const;
};

// em_create_perf_table(), em_compute_costs()
std::vector<PerfState> perf_states(std::span<const OperatingPoint> opps);

// Of all CPUs; empty where EAS cannot be: CPUs of one capacity, SMT, or a CPU of unknown power (build_perf_domains()).
std::vector<PerfDomain> perf_domains(const Machine& machine);

}  // namespace simsched::fair
