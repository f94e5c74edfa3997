// What schedulers' loaders find out of a machine, by name: see machine_values.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "topology/machine.h"

namespace simsched::bpf {

enum class Thing : uint8_t { kMachine, kCpu, kCore, kLlc, kNode };
constexpr const char* kThings[] = {"machine", "cpu", "core", "llc", "node"};

size_t nr_things(const Machine& machine, Thing thing);

struct MachineFact {
  enum class Form : uint8_t { kNumber, kMask, kList };  // the last two have no sign

  Thing thing;
  const char* name;
  std::vector<int64_t> (*read)(const Machine& machine, size_t id);  // one value, but for a list
  Form form = Form::kNumber;
};

std::span<const MachineFact> machine_facts();

}  // namespace simsched::bpf
