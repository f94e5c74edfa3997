// Reads of memory that may not be there, and strings. A bad source is an error number; a bad destination is a trap.
#include <linux/bpf.h>

#include <cstring>

#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

uint64_t probe_read_kernel(Vm& vm, uint64_t to, uint64_t size, uint64_t from, uint64_t, uint64_t) {
  const uint32_t bytes = static_cast<uint32_t>(size);
  std::byte* const target = vm.checked(to, VM_WRITE, bytes);
  if (target == nullptr || bytes == 0) return 0;
  if (!vm.mapped(from, bytes, VM_READ)) {
    std::memset(target, 0, bytes);
    return fail(EFAULT);
  }
  std::memmove(target, vm.at(from), bytes);
  return 0;
}

// Copies up to the NUL, or cuts; answers the bytes written, with the NUL.
uint64_t probe_read_kernel_str(Vm& vm, uint64_t to, uint64_t size, uint64_t from, uint64_t, uint64_t) {
  const uint32_t bytes = static_cast<uint32_t>(size);
  char* const target = vm.checked<char>(to, VM_WRITE, bytes);
  if (target == nullptr || bytes == 0) return 0;
  for (uint32_t i = 0; i < bytes; ++i) {
    if (!vm.mapped(from + i, 1, VM_READ)) {
      std::memset(target, 0, bytes);
      return fail(EFAULT);
    }
    target[i] = i + 1 < bytes ? *vm.at<char>(from + i) : '\0';
    if (target[i] == '\0') return i + 1;
  }
  return bytes;
}

// A policy has no user memory to read: it always faults.
uint64_t probe_read_user(Vm& vm, uint64_t to, uint64_t size, uint64_t, uint64_t, uint64_t) {
  const uint32_t bytes = static_cast<uint32_t>(size);
  std::byte* const target = vm.checked(to, VM_WRITE, bytes);
  if (target == nullptr) return 0;
  std::memset(target, 0, bytes);
  return fail(EFAULT);
}

uint64_t compare_strings(Vm& vm, uint64_t a, uint64_t size, uint64_t b, uint64_t, uint64_t) {
  const uint32_t bytes = static_cast<uint32_t>(size);
  const unsigned char* const s = vm.checked<unsigned char>(a, VM_READ, bytes);
  if (s == nullptr) return 0;
  for (uint32_t i = 0; i < bytes; ++i) {
    const unsigned char* const t = vm.checked<unsigned char>(b + i, VM_READ, 1);
    if (t == nullptr) return 0;
    if (s[i] != *t) return static_cast<uint64_t>(s[i] < *t ? int64_t{-1} : int64_t{1});
    if (*t == '\0') break;
  }
  return 0;
}

}  // namespace

std::span<const VmExport> memory_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_probe_read, probe_read_kernel},
      {nullptr, BPF_FUNC_probe_read_kernel, probe_read_kernel},
      {nullptr, BPF_FUNC_probe_read_str, probe_read_kernel_str},
      {nullptr, BPF_FUNC_probe_read_kernel_str, probe_read_kernel_str},
      {nullptr, BPF_FUNC_probe_read_user, probe_read_user},
      {nullptr, BPF_FUNC_probe_read_user_str, probe_read_user},
      {nullptr, BPF_FUNC_strncmp, compare_strings},
  };
  return kExports;
}

}  // namespace simsched::bpf
