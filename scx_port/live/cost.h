// What a BPF program costs in this machine's kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/units.h"
#include "scx_port/live/kernel_object.h"

namespace simsched::live {

struct CostOptions {
  uint32_t calls = 100'000;  // in a round
  uint32_t rounds = 7;       // the quickest counts: others were disturbed
};

// Mean times of one call, as it was measured and for a program that does nothing, which is what calling costs.
struct Cost {
  Nanos gross, empty;
  Nanos net() const { return gross > empty ? gross - empty : Nanos(0); }
};

// Calls `program`, of type XDP, with `input` as its packet, or of type syscall, with `input` as its context; in turn
// with an empty program of its type, round by round, so that both meet the same machine. XDP is the finer measure: the
// kernel itself repeats and times the program (an empty one takes some 20 ns); each call of a syscall program is a
// system call (1.5 us). Throws Error when the kernel refuses, or the program is of another type.
Cost measure_cost(KernelObject& object, const std::string& program, std::span<const std::byte> input,
                  const CostOptions& options = {});

}  // namespace simsched::live
