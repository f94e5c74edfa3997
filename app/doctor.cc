// simsched doctor: what this computer offers. Simulating needs nothing of it; recording wants perf, and loading an
// exported scheduler wants sched_ext.
#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/commands.h"
#include "base/error.h"
#include "base/files.h"
#include "report/table.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

struct Finding {
  std::string subject;
  bool ok;
  std::string found;
  std::string remedy;     // when it is missing
  bool optional = false;  // nothing depends on it
};

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Where the first of `names` is on the PATH; "" when nowhere.
std::string find_program(const std::vector<std::string>& names) {
  const char* path = std::getenv("PATH");
  for (const std::string& name : names) {
    std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
      std::string file = folder;
      file.append("/").append(name);
      if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
    }
  }
  return "";
}

// Effective capability number `capability` of <linux/capability.h>.
bool has_capability(int capability) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:")) return std::strtoull(line.c_str() + 7, nullptr, 16) >> capability & 1;
  }
  return false;
}
constexpr int kSysAdmin = 21, kPerfmon = 38, kBpf = 39;

Finding privileges() {
  std::string held;
  if (has_capability(kSysAdmin)) held += " CAP_SYS_ADMIN";
  if (has_capability(kPerfmon)) held += " CAP_PERFMON";
  if (has_capability(kBpf)) held += " CAP_BPF";
  return {"privileges", !held.empty(),
          geteuid() == 0 ? "root," + held
          : held.empty() ? "none"
                         : held.substr(1),
          "use sudo to record and to load schedulers; simulating needs none"};
}

Finding perf_program() {
  std::string path = find_program({"perf"});
  return {"perf", !path.empty(), path.empty() ? "not on the PATH" : path, "install the linux-perf package"};
}

Finding perf_allowed() {
  std::string paranoid = first_line("/proc/sys/kernel/perf_event_paranoid");
  bool allowed = has_capability(kPerfmon) || has_capability(kSysAdmin) || paranoid == "-1";
  if (paranoid.empty()) return {"perf events", false, "not in this kernel", "boot a kernel with CONFIG_PERF_EVENTS"};
  return {"perf events", allowed, "perf_event_paranoid is " + paranoid,
          "record as root, or: sysctl kernel.perf_event_paranoid=-1"};
}

Finding tracing() {
  for (const char* folder : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    if (exists(std::string(folder) + "/events/sched")) return {"tracefs", true, folder, ""};
  }
  return {"tracefs", false, "no scheduler events in sight", "as root: mount -t tracefs tracefs /sys/kernel/tracing"};
}

Finding kernel_release() {
  utsname name{};
  uname(&name);
  int major = 0, minor = 0;
  std::sscanf(name.release, "%d.%d", &major, &minor);
  bool recent = major > 6 || (major == 6 && minor >= 12);
  return {"kernel", recent, name.release, "boot Linux 6.12 or later to load schedulers"};
}

Finding sched_ext() {
  std::string state = first_line("/sys/kernel/sched_ext/state");
  if (state.empty()) {
    return {"sched_ext", false, "not in this kernel",
            "boot a kernel with CONFIG_SCHED_CLASS_EXT, or use a virtual machine"};
  }
  std::string loaded = first_line("/sys/kernel/sched_ext/root/ops");
  return {"sched_ext", true, state + (loaded.empty() ? "" : ", " + loaded + " is loaded"), ""};
}

Finding btf() {
  bool there = exists("/sys/kernel/btf/vmlinux");
  return {"kernel BTF", there, there ? "/sys/kernel/btf/vmlinux" : "none", "boot a kernel with CONFIG_DEBUG_INFO_BTF"};
}

// Makes a small map and closes it again.
Finding bpf_syscall() {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 1;
  long map = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
  if (map >= 0) {
    close(static_cast<int>(map));
    return {"bpf()", true, "works", ""};
  }
  std::string why = std::strerror(errno);
  return {"bpf()", false, why, errno == ENOSYS ? "boot a kernel with CONFIG_BPF_SYSCALL" : "run as root"};
}

Finding bpf_jit() {
  std::string enabled = first_line("/proc/sys/net/core/bpf_jit_enable");
  // Kernels with BPF_JIT_ALWAYS_ON need not show the file to every name space.
  if (enabled.empty()) return {"BPF JIT", true, "no switch: as the kernel was built", ""};
  return {"BPF JIT", enabled != "0", enabled != "0" ? "on" : "off", "as root: sysctl net.core.bpf_jit_enable=1"};
}

Finding clang() {
  std::string path = find_program(
      {"clang-21", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14", "clang"});
  return {"clang for BPF", !path.empty(), path.empty() ? "no clang on the PATH" : path,
          "install clang, which schedulers are compiled with: 14 or later"};
}

Finding frequency() {
  std::string folder = "/sys/devices/system/cpu/cpu0/cpufreq/", driver = first_line(folder + "scaling_driver");
  return {"cpufreq", !driver.empty(),
          driver.empty() ? "not seen" : driver + ", " + first_line(folder + "scaling_governor"),
          "give frequencies in a machine file, if they matter", true};
}

Finding idle_states() {
  std::string driver = first_line("/sys/devices/system/cpu/cpuidle/current_driver");
  bool there = !driver.empty() && driver != "none";
  return {"cpuidle", there, there ? driver : "not seen", "give idle costs in a machine file, if they matter", true};
}

Finding hardware() {
  try {
    Machine machine = machine_from_host();
    return {"machine", true,
            fmt::format("{} CPUs; cores: {}, last-level caches: {}, NUMA nodes: {}", machine.nr_cpus(),
                        machine.nr_cores(), machine.nr_llcs(), machine.nr_nodes()),
            ""};
  } catch (const Error& error) {
    return {"machine", false, error.what(), "name a preset instead of 'host'"};
  }
}

int diagnose() {
  Table table;
  table.add_column("what", Align::kLeft);
  table.add_column("state", Align::kLeft);
  table.add_column("found, and what to do", Align::kLeft);
  for (const Finding& finding : {hardware(), frequency(), idle_states(), kernel_release(), privileges(), perf_program(),
                                 perf_allowed(), tracing(), sched_ext(), btf(), bpf_syscall(), bpf_jit(), clang()}) {
    Cell missing = finding.optional ? Cell("none", Style::kDim) : Cell("missing", Style::kBad);
    table.add_row({finding.subject, finding.ok ? Cell("ok", Style::kGood) : missing,
                   finding.ok ? finding.found : finding.found + ": " + finding.remedy});
  }
  fmt::print("{}", table.str(look_of(STDOUT_FILENO)));
  return 0;
}

Action add(CLI::App& command) {
  command.footer("\nRecording wants perf and tracefs; loading an exported scheduler wants sched_ext, BTF and bpf().");
  return diagnose;
}

}  // namespace

Command doctor_command() {
  return {"doctor", "say what this computer offers for recording and for loading schedulers", add};
}

}  // namespace simsched
