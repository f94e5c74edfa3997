// The generic helpers and kfuncs by subject, each in the file of its name, and what they share.
//
// A policy can pass any number for any argument: a pointer goes through Vm::checked(), Vm::load() or Memory::block(), a
// size is bounded, and a loop as long as the policy wishes goes through Vm::charge().
#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>

#include "bpf/vm.h"

namespace simsched::bpf {

std::span<const VmExport> map_exports();
std::span<const VmExport> storage_exports();  // task and cgroup storage, ring buffers, perf events
std::span<const VmExport> memory_exports();   // probe reads, strings, per-CPU pointers
std::span<const VmExport> print_exports();
std::span<const VmExport> current_exports();  // time, CPU, current task
std::span<const VmExport> timer_exports();
std::span<const VmExport> sync_exports();  // locks, sections
std::span<const VmExport> cpumask_exports();
std::span<const VmExport> object_exports();  // bpf_obj_new() and company, kptr_xchg()
std::span<const VmExport> list_exports();
std::span<const VmExport> tree_exports();
std::span<const VmExport> iterator_exports();  // numbers, bits
std::span<const VmExport> arena_exports();

// An error number of the kernel's, as r0.
constexpr uint64_t fail(int64_t error) { return static_cast<uint64_t>(-error); }

std::string hex(uint64_t value);  // "0x1f"

}  // namespace simsched::bpf
