// One boot of QEMU with a kernel and a first file system, and what the guest (guest/) left of it.
//
// QEMU emulates; no rights and no hardware help are needed. One host thread runs all CPUs in turn
// (thread=single): with a thread for each, a CPU now and then runs an instruction that another has just patched away,
// and the kernel dies of it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace simsched {

enum class Architecture { kX86, kArm64 };

struct VirtualMachine {
  Architecture architecture = Architecture::kX86;
  std::string kernel;                 // a vmlinuz
  std::string append;                 // to the kernel's command line, for the guest
  std::vector<std::string> hardware;  // words for QEMU: CPUs, memory, nodes
  // What QEMU's own device tree lacks: what to tell fdtput(1), a call a line, FILE in the place of the file. arm64
  // only.
  std::vector<std::string> device_tree;
  int icount_shift = -1;    // a clock that counts instructions, each of 2^shift ns; -1: this machine's clock
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

// What QEMU is told; `folder` holds initramfs and, for arm64, machine.dtb, and takes console and out.tar.
std::vector<std::string> qemu_words(const VirtualMachine& machine, const std::string& folder);

// Throws Error where QEMU is missing; says how to get it.
BootResult run_virtual_machine(const VirtualMachine& machine, const std::string& initramfs);

// The program that runs in the guest, to be its /init. Throws Error where it is not there.
std::string guest_program(Architecture architecture = Architecture::kX86);

}  // namespace simsched
