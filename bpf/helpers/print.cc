// bpf_trace_printk(), bpf_trace_vprintk(), bpf_snprintf().
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "bpf/format.h"
#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

uint64_t print(Vm& vm, const std::optional<std::string>& text) {
  if (vm.trap != VM_TRAP_NONE) return 0;
  if (!text) return fail(EINVAL);
  vm.host().print(*text);
  return text->size();
}

uint64_t trace_printk(Vm& vm, uint64_t format, uint64_t size, uint64_t a, uint64_t b, uint64_t c) {
  const auto text = vm.string_at(format, std::min<uint64_t>(static_cast<uint32_t>(size), 4096));
  const uint64_t arguments[] = {a, b, c};
  return text ? print(vm, format_guest(vm, *text, arguments)) : 0;
}
uint64_t trace_vprintk(Vm& vm, uint64_t format, uint64_t size, uint64_t data, uint64_t data_size, uint64_t) {
  return print(vm, format_guest(vm, format, static_cast<uint32_t>(size), data, static_cast<uint32_t>(data_size)));
}
// Answers the length that the whole text has, with its NUL, even when it was cut.
uint64_t snprintf(Vm& vm, uint64_t to, uint64_t size, uint64_t format, uint64_t data, uint64_t data_size) {
  const uint32_t room = static_cast<uint32_t>(size);
  const auto text = format_guest(vm, format, UINT32_MAX, data, static_cast<uint32_t>(data_size));
  if (vm.trap != VM_TRAP_NONE) return 0;
  if (!text) return fail(EINVAL);
  char* const target = vm.checked<char>(to, VM_WRITE, room);
  if (target == nullptr) return 0;
  if (room != 0) {
    const size_t length = std::min<size_t>(text->size(), room - 1);
    std::memcpy(target, text->data(), length);
    target[length] = '\0';
  }
  return text->size() + 1;
}

// For iterators over the kernel's objects, whose files nobody reads here.
uint64_t seq_write(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.refuse("writes to a file of an iterator's, outside of one");
}

}  // namespace

std::span<const VmExport> print_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_trace_printk, trace_printk}, {nullptr, BPF_FUNC_trace_vprintk, trace_vprintk},
      {nullptr, BPF_FUNC_snprintf, snprintf},         {nullptr, BPF_FUNC_seq_printf, seq_write},
      {nullptr, BPF_FUNC_seq_write, seq_write},
  };
  return kExports;
}

}  // namespace simsched::bpf
