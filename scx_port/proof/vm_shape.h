// The shape of a machine as QEMU can give it to a kernel, and the same machine numbered as that kernel numbers it.
#pragma once

#include <string>
#include <vector>

#include "topology/machine.h"

namespace simsched {

// QEMU takes turns: with more CPUs than this a boot and its loads take longer than anybody waits.
inline constexpr size_t kMostVmCpus = 64;

class VmShape {
 public:
  // Throws Error: what of the machine no virtual machine can have, with the number.
  explicit VmShape(const Machine& machine);

  // CPUs of a core, cores of an LLC, LLCs of a node side by side; all else as the machine given has it.
  const Machine& machine() const { return machine_; }
  std::vector<std::string> qemu_words() const;  // -machine, -cpu, -smp, -m, -numa
  int icount_shift() const;                     // so that an emulated CPU does about as much beside few as beside many
  int turn_us() const;                          // how long QEMU lets one CPU run: all have their turn within 0.4 ms
  // What the kernel said of CPU 0's scheduling domains (with sched_verbose) is this shape. Throws Error when it is not.
  void check_domains(const std::string& kernel_log) const;
  std::string summary() const;  // "2 nodes at 32 x 8 cores, Zen"

 private:
  bool zen() const;
  std::string cpu_model() const;

  size_t nodes_, llcs_, cores_, threads_;  // of one unit of the level above
  Machine machine_;
};

}  // namespace simsched
