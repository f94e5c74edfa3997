// A boot of a stock kernel in a virtual machine, for the checks of an exported scheduler (guest/).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/proof/virtual_machine.h"

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

// By this clock, with `icount`, an instruction takes so long.
inline constexpr int64_t kInstructionNanos = 8;

// The first file system of such a boot. Boots that are to be compared share one: a guest program that is built anew, or
// an export that is written again, between them would make them differ. Throws Error where a program is missing.
std::string boot_files(const BootOptions& options);

// Throws Error where QEMU is missing; says how to get it.
BootResult boot(const BootOptions& options, const std::string& files);

// The kernels that scripts/fetch-kernels has brought or brings now. Throws Error with its reason.
std::vector<std::string> fetch_kernels(Architecture architecture = Architecture::kX86);

}  // namespace simsched
