#include "scx_port/schedulers/known_variables.h"

namespace simsched {
namespace {

constexpr uint64_t kSliceDfl = 20'000'000;  // SCX_SLICE_DFL

}  // namespace

std::vector<KnownVariable> known_variables(const Machine& machine) {
  std::vector<KnownVariable> known;
  // Left 0 in newer sources, for the loader to fill in with SCX_SLICE_DFL.
  for (const char* name : {"slice_ns", "cgrp_slice_ns", "pair_batch_dur_ns"}) known.push_back({name, kSliceDfl, true});
  known.push_back({"__SCX_SLICE_DFL", kSliceDfl});
  for (const char* name : {"nr_cpu_ids", "nr_cpus", "nr_possible_cpus", "nr_online_cpus", "nr_cpus_onln"})
    known.push_back({name, machine.nr_cpus()});
  for (const char* name : {"nr_node_ids", "nr_nodes", "nr_numa_nodes"}) known.push_back({name, machine.nr_nodes()});
  known.push_back({"nr_llcs", machine.nr_llcs()});
  for (const char* name : {"smt_enabled", "is_smt_active"})
    known.push_back({name, machine.nr_cores() < machine.nr_cpus()});
  return known;
}

}  // namespace simsched
