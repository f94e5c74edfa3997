// The kfuncs on CPUs: choosing an idle one, kicking one (kernel/sched/ext_idle.c, and kick_cpus_irq_workfn() of ext.c).
#include <algorithm>
#include <cstdio>

#include "policies/ext/ext_class.h"

namespace simsched::ext {

bool ExtClass::cpu_valid(int32_t cpu, const char* where) {
  if (cpu >= 0 && static_cast<size_t>(cpu) < nr_cpu_ids()) return true;
  error("invalid CPU " + std::to_string(cpu) + (where ? std::string(" ") + where : ""));
  return false;
}

bool ExtClass::check_builtin_idle() {
  if (life_.builtin_idle) return true;
  error("built-in idle tracking is disabled");
  return false;
}

// Whose node comes first, where idle CPUs are tracked by node.
NodeId ExtClass::idle_node(int32_t cpu) const {
  return life_.info.flags & kOpsBuiltinIdlePerNode ? kernel_->machine().cpu(CpuId(cpu)).node : NodeId();
}

// scx_select_cpu_dfl(): an idle CPU for a waking task, claimed; -EBUSY when there is none.
int32_t ExtClass::select_idle(TaskId id, int32_t prev_cpu, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags) {
  const Machine& m = machine();
  CpuId prev(prev_cpu), here = this_cpu();
  NodeId node = idle_node(prev_cpu);
  bool prev_allowed = allowed.contains(prev) && kernel_->cpu_allowed(id, prev);
  bool everywhere = &allowed == &kernel_->online_cpus();
  const CpuSet& mine = kernel_->allowed(id);
  const CpuSet* usable = &allowed;
  if (&allowed != &mine && !everywhere) {
    scratch_ = allowed & mine;
    if (scratch_.empty()) return -kEBUSY;
    usable = &scratch_;
  } else if (&allowed != &mine) {
    usable = &mine;
  }
  auto pick = [&](const CpuSet& set, uint64_t pick_flags) { return idle_->pick(set, node, pick_flags, here); };
  // CPUs of the LLC or node of `prev`; not looked at where it makes no difference.
  bool whole = usable == &kernel_->online_cpus() || *usable == kernel_->online_cpus();
  CpuSet llc, numa;
  const CpuSet *llc_cpus = nullptr, *numa_cpus = nullptr;
  if (idle_->by_node()) {
    const CpuSet& span = m.node_cpus(m.cpu(prev).node);
    if (whole)
      numa_cpus = &span;
    else if (!(numa = *usable & span).empty() && !(numa == *usable))
      numa_cpus = &numa;
  }
  if (idle_->by_llc()) {
    const CpuSet& span = m.llc_cpus(m.cpu(prev).llc);
    if (whole)
      llc_cpus = &span;
    else if (!(llc = *usable & span).empty() && !(llc == *usable))
      llc_cpus = &llc;
  }

  if (wake_flags & kWakeSync) {
    // The waker is about to sleep. Stay on an idle CPU that shares its cache; else take over the waker's CPU, unless
    // others wait there or the machine is full.
    if (prev_allowed && m.cpu(here).llc == m.cpu(prev).llc && idle_->test_and_clear(prev)) return prev_cpu;
    TaskId waker = current();
    bool exiting = waker.valid() && !kernel_->is_stopper(waker) && kernel_->task_exiting(waker);
    bool same_node = !(flags & kPickIdleInNode) || m.cpu(here).node == m.cpu(prev).node;
    bool some_idle = node.valid() ? idle_->cpus().intersects(m.node_cpus(m.cpu(here).node)) : !idle_->cpus().empty();
    if (!exiting && local_dsq_nr(here) == 0 && same_node && some_idle && usable->contains(here)) return here.value();
  }
  if (idle_->smt()) {
    // A wholly idle core is better than the idle half of a busy one.
    if (prev_allowed && idle_->cores().contains(prev) && idle_->test_and_clear(prev)) return prev_cpu;
    for (const CpuSet* set : {llc_cpus, numa_cpus, usable}) {
      if (!set) continue;
      CpuId cpu = pick(*set, set == usable ? flags | kPickIdleCore : uint64_t{kPickIdleCore} | kPickIdleInNode);
      if (cpu.valid()) return cpu.value();
    }
    if (flags & kPickIdleCore) return -kEBUSY;
  }
  if (prev_allowed && idle_->test_and_clear(prev)) return prev_cpu;
  for (const CpuSet* set : {llc_cpus, numa_cpus, usable}) {
    if (!set) continue;
    CpuId cpu = pick(*set, set == usable ? flags : uint64_t{kPickIdleInNode});
    if (cpu.valid()) return cpu.value();
  }
  return -kEBUSY;
}

int32_t ExtClass::select_cpu_dfl(TaskId id, int32_t prev, uint64_t wake_flags, bool* is_idle) {
  *is_idle = false;
  if (!select_from_enqueue_ && !kf_allowed(Callback::kSelectCpu)) return prev;
  int32_t cpu = select_from_kfunc(id, prev, wake_flags, kernel_->allowed(id), 0);
  if (cpu < 0) return prev;
  *is_idle = true;
  return cpu;
}

int32_t ExtClass::select_cpu_and(TaskId id, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags) {
  return select_from_kfunc(id, prev, wake_flags, allowed, flags);
}

// select_cpu_from_kfunc()
int32_t ExtClass::select_from_kfunc(TaskId id, int32_t prev, uint64_t wake_flags, const CpuSet& allowed,
                                    uint64_t flags) {
  if (!cpu_valid(prev, nullptr)) return -kEINVAL;
  if (!check_builtin_idle()) return -kEBUSY;
  if (!kf_allowed(Callback::kSelectCpu | Callback::kEnqueue, true)) return -kEPERM;
  // enqueue() is called for tasks bound to one CPU too, select_cpu() is not.
  if (kernel_->affinity_id(id).value() != 0 && kernel_->allowed(id).size() == 1) {
    return allowed.contains(CpuId(prev)) && idle_->test_and_clear(CpuId(prev)) ? prev : -kEBUSY;
  }
  return select_idle(id, prev, wake_flags, allowed, flags);
}

const CpuSet& ExtClass::idle_cpumask(int32_t node) { return idle_view(idle_->cpus(), node, &node_view_[0]); }
const CpuSet& ExtClass::idle_smtmask(int32_t node) { return idle_view(idle_->cores(), node, &node_view_[1]); }

// None where the kernel would return cpu_none_mask.
const CpuSet& ExtClass::idle_view(const CpuSet& whole, int32_t node, CpuSet* view) {
  bool by_node = life_.info.flags & kOpsBuiltinIdlePerNode;
  view->clear();
  if (!check_builtin_idle()) return *view;
  if (node < 0) {
    if (!by_node) return whole;
    error("SCX_OPS_BUILTIN_IDLE_PER_NODE enabled");
  } else if (!by_node) {
    error("per-node idle tracking is disabled");
  } else if (static_cast<size_t>(node) >= machine().nr_nodes()) {
    error("invalid node " + std::to_string(node));
  } else {
    *view = whole & machine().node_cpus(NodeId(node));
  }
  return *view;
}

bool ExtClass::test_and_clear_cpu_idle(int32_t cpu) {
  return check_builtin_idle() && cpu_valid(cpu, nullptr) && idle_->test_and_clear(CpuId(cpu));
}

int32_t ExtClass::pick_idle_cpu(const CpuSet& allowed, uint64_t flags) {
  if (life_.info.flags & kOpsBuiltinIdlePerNode) return error("per-node idle tracking is enabled"), -kEBUSY;
  if (!check_builtin_idle()) return -kEBUSY;
  CpuId cpu = idle_->pick(allowed, NodeId(), flags, this_cpu());
  return cpu.valid() ? cpu.value() : -kEBUSY;
}

int32_t ExtClass::pick_any_cpu(const CpuSet& allowed, uint64_t flags) {
  if (life_.info.flags & kOpsBuiltinIdlePerNode) return error("per-node idle tracking is enabled"), -kEBUSY;
  return pick_any(allowed, -1, flags);
}

int32_t ExtClass::pick_idle_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags) {
  if (int32_t invalid = check_node(node)) return invalid;
  CpuId cpu = idle_->pick(allowed, NodeId(node), flags, this_cpu());
  return cpu.valid() ? cpu.value() : -kEBUSY;
}

int32_t ExtClass::pick_any_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags) {
  if (int32_t invalid = check_node(node)) return invalid;
  return pick_any(allowed, node, flags);
}

// validate_node()
int32_t ExtClass::check_node(int32_t node) {
  if (!(life_.info.flags & kOpsBuiltinIdlePerNode)) return error("per-node idle tracking is disabled"), -kEOPNOTSUPP;
  if (node < 0) return -kENOENT;
  if (static_cast<size_t>(node) >= machine().nr_nodes()) return error("invalid node " + std::to_string(node)), -kEINVAL;
  return 0;
}

int32_t ExtClass::pick_any(const CpuSet& allowed, int32_t node, uint64_t flags) {
  if (life_.builtin_idle) {
    CpuId cpu = idle_->pick(allowed, node < 0 ? NodeId() : NodeId(node), flags, this_cpu());
    if (cpu.valid()) return cpu.value();
  }
  const CpuSet& among = flags & kPickIdleInNode && node >= 0 ? machine().node_cpus(NodeId(node)) : all_cpus_;
  CpuId cpu = idle_->any_distribute(allowed, among, this_cpu());
  return cpu.valid() ? cpu.value() : -kEBUSY;
}

uint32_t ExtClass::cpuperf_cap(int32_t cpu) {
  return cpu_valid(cpu, nullptr) ? static_cast<uint32_t>(machine().cpu(CpuId(cpu)).kernel_capacity) : kCpuPerfOne;
}

uint32_t ExtClass::cpuperf_cur(int32_t cpu) {
  return cpu_valid(cpu, nullptr) ? static_cast<uint32_t>(kernel_->frequency(CpuId(cpu))) : kCpuPerfOne;
}

// Schedutil asks for it; under other governors it has no effect, as in the kernel.

void ExtClass::cpuperf_set(int32_t cpu, uint32_t perf) {
  if (perf > kCpuPerfOne) {
    return error("Invalid cpuperf target " + std::to_string(perf) + " for CPU " + std::to_string(cpu));
  }
  if (!cpu_valid(cpu, nullptr)) return;
  const CpuId locked = ops_->locked_cpu();
  if (locked.valid() && locked != CpuId(cpu)) return error("Invalid target CPU " + std::to_string(cpu));
  cpu_state(CpuId(cpu)).perf_target = perf;
  kernel_->cpufreq_update_util(CpuId(cpu));
}

TaskId ExtClass::cpu_curr(int32_t cpu) {
  if (!cpu_valid(cpu, nullptr)) return TaskId();
  TaskId curr = kernel_->curr(CpuId(cpu));
  return curr.valid() && !kernel_->is_stopper(curr) ? curr : TaskId();
}

void ExtClass::kick_cpu(int32_t cpu, uint64_t flags) {
  if (!cpu_valid(cpu, nullptr) || life_.bypass || life_.state == State::kOff) return;
  CpuState& state = cpu_state(CpuId(cpu));
  if (flags & kKickIdle) {
    if (flags & (kKickPreempt | kKickWait)) error("PREEMPT/WAIT cannot be used with SCX_KICK_IDLE");
    // Not needed for a CPU that goes through a whole scheduling cycle before it idles. Of one whose run queue is locked
    // that cannot be seen: it is judged when the callback, and the switch that it is part of, are over.
    if (kernel_->curr(CpuId(cpu)).valid() && !state.in_balance && ops_->locked_cpu() != CpuId(cpu)) return;
    if (!state.kicked && !state.kicked_if_idle) kicks_.cpus.push_back(CpuId(cpu));
    state.kicked_if_idle = true;
  } else {
    if (!state.kicked && !state.kicked_if_idle) kicks_.cpus.push_back(CpuId(cpu));
    state.kicked = true;
    state.kick_flags |= flags;
  }
  kicks_.pending = true;
  const CpuState& here = cpu_state(this_cpu());
  if (callback_.depth == 0 && !here.in_balance && !here.in_put_prev) flush_kicks();
}

// The interrupt work that follows the callback.
void ExtClass::flush_kicks() {
  kicks_.pending = false;
  std::vector<CpuId> kicks;
  kicks.swap(kicks_.cpus);
  for (CpuId cpu : kicks) kick_one(cpu);
  kicks.clear();
  if (kicks_.cpus.empty()) kicks.swap(kicks_.cpus);  // keep the allocation
}

void ExtClass::kick_one(CpuId cpu) {
  CpuState& state = cpu_state(cpu);
  bool hard = state.kicked;
  uint64_t flags = state.kick_flags;
  state.kicked = state.kicked_if_idle = false;
  state.kick_flags = 0;
  TaskId curr = kernel_->curr(cpu);
  CpuId here = this_cpu();
  if (!kernel_->cpu_online(cpu) && cpu != here) return;
  if (!hard) {
    if (!curr.valid() || state.in_balance) kernel_->resched_curr(cpu);
    return;
  }
  if (curr.valid() && !is_ext(curr)) return;  // a higher class runs: not ours to disturb
  if ((flags & kKickPreempt) && curr.valid()) slice(curr) = 0;
  if ((flags & kKickWait) && cpu != here && curr.valid()) {
    state.waiters.push_back(here);
    kernel_->hold(here);
  }
  kernel_->resched_curr(cpu);
}

// The CPU has been through the scheduler: whoever waited for that goes on.
void ExtClass::rescheduled(CpuId cpu) {
  CpuState& state = cpu_state(cpu);
  if (state.waiters.empty()) return;
  for (CpuId waiter : state.waiters) kernel_->release(waiter);
  state.waiters.clear();
}

}  // namespace simsched::ext
