// CPUs: choosing, kicking, idle masks, performance (scx_kfunc_ids_any, ext_idle.c).

#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/scx_kfuncs_common.h"

namespace simsched::bpf {
namespace {

// ops_cpu_valid(): a CPU that does not exist ends the scheduler.
bool valid_cpu(Vm& vm, int32_t cpu) {
  if (cpu >= 0 && static_cast<size_t>(cpu) < vm.nr_cpus()) return true;
  ext_class(vm).error("invalid CPU " + std::to_string(cpu));
  return false;
}

bool valid_node(Vm& vm, int32_t node) {
  if (node >= 0 && static_cast<size_t>(node) < ext_class(vm).machine().nr_nodes()) return true;
  ext_class(vm).error("invalid node " + std::to_string(node));
  return false;
}

Word kick(Vm& vm, Word cpu, Word flags, Word, Word, Word) {
  ext_class(vm).kick_cpu(s32(cpu), flags);
  return 0;
}

Word select_dfl(Vm& vm, Word p, Word prev, Word wake_flags, Word is_idle, Word) {
  TaskId task = objects(vm).argument(p, "scx_bpf_select_cpu_dfl");
  if (!task.valid() || vm.checked<bool>(is_idle, VM_WRITE) == nullptr) return 0;
  bool idle = false;
  int32_t cpu = ext_class(vm).select_cpu_dfl(task, s32(prev), wake_flags, &idle);
  vm.store<uint8_t>(is_idle, idle);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

Word select_and(Vm& vm, Word p, Word prev, Word wake_flags, Word allowed, Word flags) {
  constexpr const char* kName = "scx_bpf_select_cpu_and";
  TaskId task = objects(vm).argument(p, kName);
  const CpuSet* cpus = task.valid() ? objects(vm).mask_argument(allowed, kName) : nullptr;
  if (cpus == nullptr) return 0;
  int32_t cpu = ext_class(vm).select_cpu_and(task, s32(prev), wake_flags, *cpus, flags);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

// struct scx_bpf_select_cpu_and_args of 6.19
struct SelectAndArgs {
  int32_t prev;
  uint32_t pad;
  uint64_t wake_flags, flags;
};

Word select_and_args(Vm& vm, Word p, Word allowed, Word args, Word, Word) {
  auto a = vm.load<SelectAndArgs>(args);
  return a ? select_and(vm, p, static_cast<uint32_t>(a->prev), a->wake_flags, allowed, a->flags) : 0;
}

Word pick_idle(Vm& vm, Word allowed, Word flags, Word, Word, Word) {
  const CpuSet* cpus = objects(vm).mask_argument(allowed, "scx_bpf_pick_idle_cpu");
  if (cpus == nullptr) return 0;
  int32_t cpu = ext_class(vm).pick_idle_cpu(*cpus, flags);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

Word pick_idle_node(Vm& vm, Word allowed, Word node, Word flags, Word, Word) {
  const CpuSet* cpus = objects(vm).mask_argument(allowed, "scx_bpf_pick_idle_cpu_node");
  if (cpus == nullptr) return 0;
  int32_t cpu = ext_class(vm).pick_idle_cpu_node(*cpus, s32(node), flags);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

Word pick_any(Vm& vm, Word allowed, Word flags, Word, Word, Word) {
  const CpuSet* cpus = objects(vm).mask_argument(allowed, "scx_bpf_pick_any_cpu");
  if (cpus == nullptr) return 0;
  int32_t cpu = ext_class(vm).pick_any_cpu(*cpus, flags);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

Word pick_any_node(Vm& vm, Word allowed, Word node, Word flags, Word, Word) {
  const CpuSet* cpus = objects(vm).mask_argument(allowed, "scx_bpf_pick_any_cpu_node");
  if (cpus == nullptr) return 0;
  int32_t cpu = ext_class(vm).pick_any_cpu_node(*cpus, s32(node), flags);
  BpfOps::of(vm).idle_changed();
  return errno_word(cpu);
}

Word test_and_clear_idle(Vm& vm, Word cpu, Word, Word, Word, Word) {
  bool was_idle = ext_class(vm).test_and_clear_cpu_idle(s32(cpu));
  BpfOps::of(vm).idle_changed();
  return was_idle;
}

template <bool kSmt>
Word get_idle_mask(Vm& vm, Word, Word, Word, Word, Word) {
  return BpfOps::of(vm).idle_mask(kSmt, -1);
}

template <bool kSmt>
Word get_idle_mask_node(Vm& vm, Word node, Word, Word, Word, Word) {
  // The kernel answers an empty mask after the error.
  return valid_node(vm, s32(node)) ? BpfOps::of(vm).idle_mask(kSmt, s32(node)) : objects(vm).transient_mask({});
}

Word put_idle_mask(Vm& vm, Word, Word, Word, Word, Word) {
  BpfOps::of(vm).put_idle_mask();
  return 0;
}

Word get_online_mask(Vm& vm, Word, Word, Word, Word, Word) { return objects(vm).online_mask(); }

Word get_possible_mask(Vm& vm, Word, Word, Word, Word, Word) { return objects(vm).possible_mask(); }

Word nothing(Vm&, Word, Word, Word, Word, Word) { return 0; }

Word nr_cpu_ids(Vm& vm, Word, Word, Word, Word, Word) { return ext_class(vm).nr_cpu_ids(); }
Word nr_node_ids(Vm& vm, Word, Word, Word, Word, Word) { return ext_class(vm).machine().nr_nodes(); }

Word cpu_node(Vm& vm, Word cpu, Word, Word, Word, Word) {
  if (!valid_cpu(vm, s32(cpu))) return errno_word(-1);  // NUMA_NO_NODE
  return errno_word(ext_class(vm).machine().cpu(CpuId(s32(cpu))).node.value());
}

Word cpuperf_cap(Vm& vm, Word cpu, Word, Word, Word, Word) { return ext_class(vm).cpuperf_cap(s32(cpu)); }

Word cpuperf_cur(Vm& vm, Word cpu, Word, Word, Word, Word) { return ext_class(vm).cpuperf_cur(s32(cpu)); }

Word cpuperf_set(Vm& vm, Word cpu, Word perf, Word, Word, Word) {
  ext_class(vm).cpuperf_set(s32(cpu), static_cast<uint32_t>(perf));
  return 0;
}

Word cpu_rq(Vm& vm, Word cpu, Word, Word, Word, Word) {
  return valid_cpu(vm, s32(cpu)) ? BpfOps::of(vm).rq(CpuId(s32(cpu))) : 0;
}

// Variables of the kernel: they have an address. Of `runqueues` and `__preempt_count` each CPU has its own
// (BpfOps::per_cpu_ptr()); at others nothing can be read, as where the kernel has no cpufreq.
Word variable(Vm& vm, Word, Word, Word, Word, Word) { return vm.refuse("calls a variable of the kernel's"); }

Word locked_rq(Vm& vm, Word, Word, Word, Word, Word) {
  CpuId cpu = BpfOps::of(vm).locked_cpu();
  if (cpu.valid()) return BpfOps::of(vm).rq(cpu);
  ext_class(vm).error("accessing rq without holding rq lock");
  return 0;
}

// The idle task and tasks of other classes too, as rq->curr.
Word cpu_curr(Vm& vm, Word cpu, Word, Word, Word, Word) {
  return valid_cpu(vm, s32(cpu)) ? objects(vm).current(CpuId(s32(cpu))) : 0;
}

constexpr VmExport kExports[] = {
    {"scx_bpf_kick_cpu", 0, kick},
    {"scx_bpf_select_cpu_dfl", 0, select_dfl},
    {"scx_bpf_select_cpu_and", 0, select_and},
    {"__scx_bpf_select_cpu_and", 0, select_and_args},
    {"scx_bpf_pick_idle_cpu", 0, pick_idle},
    {"scx_bpf_pick_idle_cpu_node", 0, pick_idle_node},
    {"scx_bpf_pick_any_cpu", 0, pick_any},
    {"scx_bpf_pick_any_cpu_node", 0, pick_any_node},
    {"scx_bpf_test_and_clear_cpu_idle", 0, test_and_clear_idle},
    {"scx_bpf_get_idle_cpumask", 0, get_idle_mask<false>},
    {"scx_bpf_get_idle_cpumask_node", 0, get_idle_mask_node<false>},
    {"scx_bpf_get_idle_smtmask", 0, get_idle_mask<true>},
    {"scx_bpf_get_idle_smtmask_node", 0, get_idle_mask_node<true>},
    {"scx_bpf_put_idle_cpumask", 0, put_idle_mask},
    {"scx_bpf_get_online_cpumask", 0, get_online_mask},
    {"scx_bpf_get_possible_cpumask", 0, get_possible_mask},
    {"scx_bpf_put_cpumask", 0, nothing},
    {"scx_bpf_nr_cpu_ids", 0, nr_cpu_ids},
    {"scx_bpf_nr_node_ids", 0, nr_node_ids},
    {"scx_bpf_cpu_node", 0, cpu_node},
    {"scx_bpf_cpuperf_cap", 0, cpuperf_cap},
    {"scx_bpf_cpuperf_cur", 0, cpuperf_cur},
    {"scx_bpf_cpuperf_set", 0, cpuperf_set},
    {"scx_bpf_cpu_rq", 0, cpu_rq},
    {"runqueues", 0, variable},
    {"cpufreq_cpu_data", 0, variable},
    {"__preempt_count", 0, variable},
    {"scx_bpf_locked_rq", 0, locked_rq},
    {"scx_bpf_cpu_curr", 0, cpu_curr},
};

}  // namespace

std::span<const VmExport> scx_cpu_exports() { return kExports; }

}  // namespace simsched::bpf
