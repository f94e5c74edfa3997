// CPUs by their topological ids (kernel/sched/ext/cid.c, and the cid forms of kfuncs in ext.c, 7.2).

#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/scx_kfuncs_common.h"

namespace simsched::bpf {
namespace {

const CidMap& cids(Vm& vm) { return BpfOps::of(vm).cids(); }

// scx_cid_to_cpu(): an id that does not exist ends the scheduler.
int32_t to_cpu(Vm& vm, Word cid) { return BpfOps::of(vm).cpu_of_cid(s32(cid)); }

Word cid_to_cpu(Vm& vm, Word cid, Word, Word, Word, Word) { return errno_word(to_cpu(vm, cid)); }

Word cpu_to_cid(Vm& vm, Word cpu, Word, Word, Word, Word) {
  if (s32(cpu) >= 0 && static_cast<size_t>(s32(cpu)) < vm.nr_cpus()) return errno_word(cids(vm).cid(CpuId(s32(cpu))));
  ext_class(vm).error("invalid CPU " + std::to_string(s32(cpu)));
  return errno_word(-ext::kEINVAL);
}

Word cid_topo(Vm& vm, Word cid, Word out, Word, Word, Word) {
  constexpr const char* kType = "scx_cid_topo";
  const Btf& btf = vm.object().btf;
  const size_t bytes = structure_size(btf, kType, 0);
  std::byte* const to = vm.checked(out, VM_WRITE, bytes);
  if (to == nullptr) return 0;
  std::fill_n(to, bytes, std::byte{0xff});
  if (to_cpu(vm, cid) < 0) return 0;
  const CidTopo& topo = cids(vm).topo(s32(cid));
  const auto put = [&](const char* member, int32_t value) { Member(btf, kType, {member}).put(to, errno_word(value)); };
  put("core_cid", topo.core_cid);
  put("core_idx", topo.core_idx);
  put("llc_cid", topo.llc_cid);
  put("llc_idx", topo.llc_idx);
  put("node_cid", topo.node_cid);
  put("node_idx", topo.node_idx);
  return 0;
}

Word nr_cids(Vm& vm, Word, Word, Word, Word, Word) { return cids(vm).size(); }
Word nr_online_cids(Vm& vm, Word, Word, Word, Word, Word) { return ext_class(vm).online_cpus().size(); }
Word this_cid(Vm& vm, Word, Word, Word, Word, Word) { return errno_word(cids(vm).cid(ext_class(vm).this_cpu())); }

Word task_cid(Vm& vm, Word p, Word, Word, Word, Word) {
  CpuId cpu;
  const TaskId task = objects(vm).any_argument(p, "scx_bpf_task_cid", &cpu);
  if (task.valid()) cpu = ext_class(vm).kernel().task_cpu(task);
  return cpu.valid() ? errno_word(cids(vm).cid(cpu)) : 0;
}

Word kick_cid(Vm& vm, Word cid, Word flags, Word, Word, Word) {
  if (const int32_t cpu = to_cpu(vm, cid); cpu >= 0) ext_class(vm).kick_cpu(cpu, flags);
  return 0;
}

Word cid_curr(Vm& vm, Word cid, Word, Word, Word, Word) {
  const int32_t cpu = to_cpu(vm, cid);
  return cpu >= 0 ? objects(vm).current(CpuId(cpu)) : 0;
}

Word cidperf_cap(Vm& vm, Word cid, Word, Word, Word, Word) {
  const int32_t cpu = to_cpu(vm, cid);
  return cpu >= 0 ? ext_class(vm).cpuperf_cap(cpu) : ext::kCpuPerfOne;
}

Word cidperf_cur(Vm& vm, Word cid, Word, Word, Word, Word) {
  const int32_t cpu = to_cpu(vm, cid);
  return cpu >= 0 ? ext_class(vm).cpuperf_cur(cpu) : ext::kCpuPerfOne;
}

Word cidperf_set(Vm& vm, Word cid, Word perf, Word, Word, Word) {
  const int32_t cpu = to_cpu(vm, cid);
  if (cpu < 0) return errno_word(cpu);
  ext_class(vm).cpuperf_set(cpu, static_cast<uint32_t>(perf));
  return 0;
}

constexpr VmExport kExports[] = {
    {"scx_bpf_cid_to_cpu", 0, cid_to_cpu},
    {"scx_bpf_cpu_to_cid", 0, cpu_to_cid},
    {"scx_bpf_cid_topo", 0, cid_topo},
    {"scx_bpf_nr_cids", 0, nr_cids},
    {"scx_bpf_nr_online_cids", 0, nr_online_cids},
    {"scx_bpf_this_cid", 0, this_cid},
    {"scx_bpf_task_cid", 0, task_cid},
    {"scx_bpf_kick_cid", 0, kick_cid},
    {"scx_bpf_cid_curr", 0, cid_curr},
    {"scx_bpf_cidperf_cap", 0, cidperf_cap},
    {"scx_bpf_cidperf_cur", 0, cidperf_cur},
    {"scx_bpf_cidperf_set", 0, cidperf_set},
};

}  // namespace

std::span<const VmExport> scx_cid_exports() { return kExports; }

}  // namespace simsched::bpf
