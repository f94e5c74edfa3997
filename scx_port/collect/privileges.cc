// What recording needs of the process, as little as possible and no longer than needed.
#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "scx_port/collect/recorder.h"
#include "scx_port/live/capabilities.h"

namespace simsched::collect {
using live::Capabilities;

void check_can_record() {
  constexpr const char* kBtf = "/sys/kernel/btf/vmlinux";
  Capabilities own;
  if (own.read() && !own.has(CAP_SYS_ADMIN) && !(own.has(CAP_BPF) && own.has(CAP_PERFMON)))
    throw Error("", "recording needs the capabilities CAP_BPF and CAP_PERFMON", "run it as root");
  uint32_t id;
  if (bpf_prog_get_next_id(0, &id) != 0 && errno == ENOSYS)
    throw Error("", "this kernel has no BPF", "record on one with CONFIG_BPF_SYSCALL");
  if (access(kBtf, R_OK) != 0)
    throw Error(kBtf, "cannot be read: the kernel does not describe its types",
                "record on a kernel with CONFIG_DEBUG_INFO_BTF");
}

void drop_privileges() {
  Capabilities own;
  if (!own.read()) return;
  Capabilities less = own;
  for (auto& word : less.words) word = {};
  const uint32_t files = own.words[0].permitted & (1U << CAP_DAC_OVERRIDE);
  less.words[0] = {files, files, 0};
  less.write();
}

}  // namespace simsched::collect
