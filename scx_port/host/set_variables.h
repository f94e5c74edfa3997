// Sets a policy's global variables by name, as a loader's options do: before it starts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tunables.h"
#include "bpf/vm.h"
#include "topology/machine.h"

namespace simsched::bpf {

// One value that is set, and the whole variable that it makes: what a loader writes.
struct VariableSetting {
  std::string name, text;  // "slice_us", "5ms"; of a member "options.limit_ns"
  std::vector<std::byte> bytes;
};

// A value is a number (decimal, 0x..., negative), true or false, the name of an enumerator, a duration for a variable
// whose name ends in a unit ("20ms" for slice_ns), text for an array of characters, a list for other arrays, a map of
// members of a struct, or {0: VALUE} of elements of an array; "layers[0].kind" names a part. Parts that are set one
// after the other add up. Throws Error for an unknown name or a value that does not fit. An array that loaders size has
// an element for each of `nr_cpus`.
std::vector<VariableSetting> resolve_variables(const BpfObject& object, const Tunables& variables, size_t nr_cpus);
// The same of a value of any type in memory: of a map, of a program's context. `value.key` names it in errors.
void set_typed(const Btf& btf, std::span<std::byte> to, uint32_t type, const Tunable& value);
// Throws Error (where: `where`) when the object has no such variable.
void write_variable(Vm& vm, const VariableSetting& setting, const std::string& where = {});

// What every loader sets: the number of CPUs and nodes under their usual names, SMT, and the values of the kernel's
// constants that upstream's headers keep in variables (__SCX_SLICE_DFL). A policy has those that it declares.
void set_known_variables(Vm& vm, const Machine& machine);

// "no variable 'x'" with the nearest that there is.
Error unknown_variable(const BpfObject& object, const std::string& name, const std::string& where);

}  // namespace simsched::bpf
