// The kfuncs of sched_ext, and those on tasks and cgroups, that BPF schedulers call: those of Linux 6.12 to 7.3, under
// all the names they have had. Each reads its arguments out of the policy's memory and asks the scheduling class.
#pragma once

#include <span>

#include "bpf/vm.h"

namespace simsched::bpf {

std::span<const VmExport> scx_exports();

// The parts, each in a file of its own.
std::span<const VmExport> scx_dsq_exports();   // scx_kfuncs_dsq.cc
std::span<const VmExport> scx_cpu_exports();   // scx_kfuncs_cpu.cc
std::span<const VmExport> scx_cid_exports();   // scx_kfuncs_cid.cc
std::span<const VmExport> scx_task_exports();  // scx_kfuncs_task.cc
std::span<const VmExport> scx_text_exports();  // scx_kfuncs_text.cc

}  // namespace simsched::bpf
