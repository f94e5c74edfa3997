// The built-in idle tracking of sched_ext (kernel/sched/ext_idle.c, Linux 6.18): which CPUs, and which whole cores, are
// idle and not yet claimed by anybody.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "topology/machine.h"

namespace simsched::ext {

class IdleMasks {
 public:
  explicit IdleMasks(const Machine& machine);
  void assign(const IdleMasks& other) { state_ = other.state_; }  // of the same machine

  // All of `online` idle: where the kernel starts from when a scheduler is enabled.
  void reset(const CpuSet& online);
  void update(CpuId cpu, bool idle);  // update_builtin_idle()
  bool test_and_clear(CpuId cpu);     // scx_idle_test_and_clear_cpu(): claims it
  // scx_pick_idle_cpu(): claims and returns an idle CPU of `allowed`, a whole core's where there is one; none when
  // there is none. `node` valid: that node's CPUs first, the others by distance unless kPickIdleInNode. The search goes
  // round, from where the last one of `this_cpu` ended (cpumask_any_and_distribute()).
  CpuId pick(const CpuSet& allowed, NodeId node, uint64_t flags, CpuId this_cpu);
  CpuId any_distribute(const CpuSet& a, const CpuSet& b, CpuId this_cpu);  // cpumask_any_and_distribute()

  const CpuSet& cpus() const { return state_.cpus; }
  const CpuSet& cores() const { return smt_ ? state_.cores : state_.cpus; }  // CPUs of wholly idle cores
  bool smt() const { return smt_; }
  // Whether the topology makes it worth while to look within LLC or node first (scx_idle_update_selcpu_topology()).
  bool by_llc() const { return state_.by_llc; }
  bool by_node() const { return state_.by_node; }
  void update_topology(const CpuSet& online);

 private:
  CpuId pick_in(const CpuSet& allowed, const CpuSet* node, uint64_t flags, CpuId this_cpu);
  CpuId next_and_wrap(const CpuSet& a, const CpuSet& b, const CpuSet* c, CpuId this_cpu);

  const Machine& machine_;
  bool smt_ = false;
  std::vector<std::vector<NodeId>> nearest_;  // by node: all nodes, nearest first
  struct {
    CpuSet cpus, cores;
    std::vector<int32_t> last;  // by CPU that searches: distribute_cpu_mask_prev
    bool by_llc = false, by_node = false;
  } state_;
};

}  // namespace simsched::ext
