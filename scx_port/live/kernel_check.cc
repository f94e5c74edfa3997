#include "scx_port/live/kernel_check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "scx_port/live/capabilities.h"

namespace simsched::live {
namespace {

using Types = std::unique_ptr<btf, decltype(&btf__free)>;

// Parameters of a kernel function by its types; -1: there is none.
int parameters_of(const btf* types, const char* function) {
  const int32_t id = btf__find_by_name_kind(types, function, BTF_KIND_FUNC);
  if (id < 0) return -1;
  return btf_vlen(btf__type_by_id(types, btf__type_by_id(types, static_cast<uint32_t>(id))->type));
}

constexpr int kNeeded[] = {CAP_BPF, CAP_PERFMON};

}  // namespace

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "";
}

std::string sched_ext_state() { return first_line("/sys/kernel/sched_ext/state"); }
std::string enable_sequence() { return first_line("/sys/kernel/sched_ext/enable_seq"); }
std::string hotplug_sequence() { return first_line("/sys/kernel/sched_ext/hotplug_seq"); }
std::string attached_scheduler() { return first_line("/sys/kernel/sched_ext/root/ops"); }

std::vector<std::string> kernel_problems() {
  std::vector<std::string> problems;
  const std::string release = kernel_release();
  if (access("/sys/kernel", R_OK) != 0 || first_line("/sys/kernel/fscaps").empty())
    problems.push_back("sysfs is not mounted on /sys");
  else if (sched_ext_state().empty())
    problems.push_back("kernel " + release + " has no sched_ext: it needs CONFIG_SCHED_CLASS_EXT, from 6.12 on");
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    problems.push_back("kernel " + release + " does not publish its types: it needs CONFIG_DEBUG_INFO_BTF");
  } else if (problems.empty()) {
    const Types types(btf__load_vmlinux_btf(), &btf__free);
    const int create = types ? parameters_of(types.get(), "scx_bpf_create_dsq") : -1;
    if (!types || btf__find_by_name_kind(types.get(), "sched_ext_ops", BTF_KIND_STRUCT) < 0)
      problems.push_back("the types of kernel " + release + " do not have sched_ext_ops");
    else if (create < 0)
      problems.push_back("kernel " + release + " has no kernel function scx_bpf_create_dsq");
    else if (create != 2)
      problems.push_back("kernel " + release +
                         " describes its sched_ext functions wrongly (7.1 and 7.2 are known to; "
                         "scx_bpf_create_dsq has " +
                         std::to_string(create) + " parameters): no scheduler loads there");
  }
  Capabilities capabilities;
  if (!capabilities.read()) throw Error("", "cannot read this process's capabilities");
  if (!capabilities.has(CAP_BPF) || !capabilities.has(CAP_PERFMON))
    problems.push_back("this process lacks CAP_BPF and CAP_PERFMON: start it as root, or by its systemd unit");
  return problems;
}

void keep_needed_capabilities() {
  Capabilities capabilities;
  if (!capabilities.read()) throw Error("", "cannot read this process's capabilities");
  uint32_t keep[2] = {0, 0};
  for (int capability : kNeeded) keep[capability / 32] |= 1u << (capability % 32);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    // Not allowed without CAP_SETPCAP, and then no program that is started gets them back: see above.
    if ((keep[capability / 32] >> (capability % 32) & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  for (int word = 0; word < 2; ++word) {
    capabilities.words[word].permitted &= keep[word];
    capabilities.words[word].effective &= keep[word];
    capabilities.words[word].inheritable = 0;
  }
  if (!capabilities.write()) throw Error("", "cannot drop the capabilities that are not needed");
}

}  // namespace simsched::live
