// A boot of a stock kernel in a virtual machine, for the checks of an exported scheduler (guest/).
//
// QEMU emulates; no rights and no hardware help are needed. One host thread runs all CPUs in turn
// (thread=single): with a thread for each, a CPU now and then runs an instruction that another has just patched away,
// and the kernel dies of it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace simsched {

enum class BootShape {
  kCores,   // 8 CPUs on 2 nodes
  kSmt,     // ... two threads a core
  kOneCpu,  // whose clock counts nothing of what others do
};

struct BootOptions {
  std::string kernel;                                       // a vmlinuz
  std::string exported;                                     // what `simsched export` wrote
  std::vector<std::pair<std::string, std::string>> others;  // (path in the guest, folder here): schedulers with a fault
  std::string checks;                                       // groups of guest/checks.h: "basic,log"
  BootShape shape = BootShape::kCores;
  bool icount = false;      // a clock that counts instructions: two boots do the very same
  int limit_seconds = 600;  // of this machine's time
};

struct BootCheck {
  std::string name;
  bool ok = false;
  std::string seen;
};

struct BootResult {
  std::string release;  // of the kernel, as it says itself; empty: it did not come so far
  std::vector<BootCheck> checks;
  std::string unusable;  // why no scheduler loads in this kernel, as the loader says; empty: they do
  std::string problem;   // the machine died, hung, or never came to its end; empty: it did
  std::map<std::string, std::string> files;  // what the guest left: decisions, statistics.json, trace.txt, dmesg, ...
  std::string console;

  bool ok() const;
};

// By this clock, with `icount`, an instruction takes so long.
inline constexpr int64_t kInstructionNanos = 8;

// The first file system of such a boot. Boots that are to be compared share one: a guest program that is built anew, or
// an export that is written again, between them would make them differ. Throws Error where a program is missing.
std::string boot_files(const BootOptions& options);

// Throws Error where QEMU is missing; says how to get it.
BootResult boot(const BootOptions& options, const std::string& files);

// The kernels that scripts/fetch-kernels has brought or brings now. Throws Error with its reason.
std::vector<std::string> fetch_kernels();

}  // namespace simsched
