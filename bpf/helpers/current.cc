// Time, random numbers, and what runs where.
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "base/int128.h"
#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

uint64_t ktime_get_ns(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return static_cast<uint64_t>(vm.host().now().count());
}
uint64_t ktime_get_coarse_ns(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  const int64_t now = vm.host().now().count(), tick = kSecond / vm.host().hz();
  return static_cast<uint64_t>(now - now % tick);
}
// Starts five minutes before it wraps as 32 bits (INITIAL_JIFFIES).
uint64_t jiffies64(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  const int64_t hz = vm.host().hz();
  return static_cast<uint32_t>(-300 * hz) +
         static_cast<uint64_t>(static_cast<Int128>(vm.host().now().count()) * hz / kSecond);
}
uint64_t get_prandom_u32(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return vm.rng().next() >> 32; }
uint64_t get_smp_processor_id(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return static_cast<uint64_t>(vm.host().this_cpu().value());
}
uint64_t get_numa_node_id(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return static_cast<uint64_t>(vm.host().node_of(vm.host().this_cpu()).value());
}
uint64_t get_current_task(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return vm.host().current_task(); }
uint64_t get_current_pid_tgid(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.host().current_pid_tgid();
}
uint64_t get_current_uid_gid(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.host().current_uid_gid();
}
uint64_t get_current_cgroup_id(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.host().current_cgroup_id();
}
uint64_t get_current_comm(Vm& vm, uint64_t to, uint64_t size, uint64_t, uint64_t, uint64_t) {
  const uint32_t bytes = static_cast<uint32_t>(size);
  char* const target = vm.checked<char>(to, VM_WRITE, bytes);
  if (target == nullptr || bytes == 0) return 0;
  const std::string comm = vm.host().current_comm();
  std::memset(target, 0, bytes);
  std::memcpy(target, comm.data(), std::min<size_t>(comm.size(), bytes - 1));
  return 0;
}

}  // namespace

std::span<const VmExport> current_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_ktime_get_ns, ktime_get_ns},
      {nullptr, BPF_FUNC_ktime_get_boot_ns, ktime_get_ns},
      {nullptr, BPF_FUNC_ktime_get_tai_ns, ktime_get_ns},
      {nullptr, BPF_FUNC_ktime_get_coarse_ns, ktime_get_coarse_ns},
      {nullptr, BPF_FUNC_jiffies64, jiffies64},
      {nullptr, BPF_FUNC_get_prandom_u32, get_prandom_u32},
      {nullptr, BPF_FUNC_get_smp_processor_id, get_smp_processor_id},
      {nullptr, BPF_FUNC_get_numa_node_id, get_numa_node_id},
      {nullptr, BPF_FUNC_get_current_task, get_current_task},
      {nullptr, BPF_FUNC_get_current_task_btf, get_current_task},
      {nullptr, BPF_FUNC_get_current_pid_tgid, get_current_pid_tgid},
      {nullptr, BPF_FUNC_get_current_uid_gid, get_current_uid_gid},
      {nullptr, BPF_FUNC_get_current_comm, get_current_comm},
      {nullptr, BPF_FUNC_get_current_cgroup_id, get_current_cgroup_id},
  };
  return kExports;
}

}  // namespace simsched::bpf
