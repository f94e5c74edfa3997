// The shape of a machine as QEMU can give it to a kernel, and the same machine as that kernel sees it. A machine of
// equal cores is an x86_64 one; one of unequal cores an arm64 one, whose device tree says the capacities that the
// kernel is to take CPUs for. In truth they are equally fast there, and so in machine(): what is compared is where
// tasks go.
#pragma once

#include <string>
#include <vector>

#include "scx_port/proof/virtual_machine.h"
#include "topology/machine.h"

namespace simsched {

// QEMU takes turns: with more CPUs than this a boot and its loads take longer than anybody waits.
inline constexpr size_t kMostVmCpus = 64;

class VmShape {
 public:
  // Throws Error: what of the machine no virtual machine can have, with the number.
  explicit VmShape(const Machine& machine);

  // x86_64: CPUs of a core, cores of an LLC, LLCs of a node side by side; all else as the machine given has it.
  const Machine& machine() const { return machine_; }
  VirtualMachine virtual_machine() const;  // its kernel and limits are left to the caller
  int turn_us() const;                     // how long QEMU lets one CPU run: all have their turn within 0.4 ms
  // What the kernel said of CPU 0's scheduling domains (with sched_verbose) is this shape. Throws Error when it is not.
  void check_domains(const std::string& kernel_log) const;
  std::string summary() const;  // "2 nodes at 32 of 8 cores, Zen", "4 CPUs of capacity 446 and 2 of 1024"

 private:
  bool arm() const;
  bool zen() const;
  std::string cpu_model() const;
  std::vector<std::string> x86_words() const;
  std::vector<std::string> device_tree() const;

  size_t nodes_, threads_, llcs_ = 0, cores_ = 0;  // of one unit of the level above
  Machine machine_;
};

}  // namespace simsched
