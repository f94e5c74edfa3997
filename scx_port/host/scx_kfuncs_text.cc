// What a scheduler says in words: exit, error, dump.

#include "bpf/format.h"
#include "scx_port/host/bpf_ops.h"
#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/scx_kfuncs_common.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kMessageBytes = 1024;  // SCX_EXIT_MSG_LEN

// As __bstr_format(): a format that is wrong is an error of its own.
std::optional<std::string> message(Vm& vm, Word format, Word data, Word size) {
  auto text = format_guest(vm, format, kMessageBytes, data, static_cast<uint32_t>(size));
  if (!text && vm.trap == VM_TRAP_NONE) ext_class(vm).error("format preparation failed");
  if (text && text->size() >= kMessageBytes) text->resize(kMessageBytes - 1);
  return text;
}

Word exit(Vm& vm, Word code, Word format, Word data, Word size, Word) {
  if (auto text = message(vm, format, data, size)) ext_class(vm).exit(static_cast<int64_t>(code), *text);
  return 0;
}

Word error(Vm& vm, Word format, Word data, Word size, Word, Word) {
  if (auto text = message(vm, format, data, size)) ext_class(vm).policy_error(*text);
  return 0;
}

Word dump(Vm& vm, Word format, Word data, Word size, Word, Word) {
  auto text = message(vm, format, data, size);
  if (!text) return 0;
  if (!BpfOps::of(vm).add_dump(*text))
    ext_class(vm).error("scx_bpf_dump() must only be called from ops.dump() and friends");
  return 0;
}

constexpr VmExport kExports[] = {
    {"scx_bpf_exit_bstr", 0, exit},
    {"scx_bpf_error_bstr", 0, error},
    {"scx_bpf_dump_bstr", 0, dump},
};

}  // namespace

std::span<const VmExport> scx_text_exports() { return kExports; }

}  // namespace simsched::bpf
