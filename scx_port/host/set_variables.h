// Sets a policy's global variables by name from text, as a loader's options do: before it starts.
#pragma once

#include <string>

#include "base/error.h"
#include "bpf/vm.h"
#include "topology/machine.h"

namespace simsched::bpf {

// `text` is a number (decimal, 0x..., negative), true or false, the name of an enumerator, a duration for a variable
// whose name ends in a unit ("20ms" for slice_ns), text for an array of characters, or [a, b, ...] for other arrays.
// Throws Error (where: `where`) for an unknown name or a value that does not fit.
void set_variable(Vm& vm, const std::string& name, const std::string& text, const std::string& where = {});
// The same in a copy of the variable's memory.
void set_variable(const BpfObject& object, std::span<std::byte> bytes, const std::string& name,
                  const std::string& text, const std::string& where);
std::string variable_of(const std::string& name);  // "options" of "options.slice_ns"

// What every loader sets: the number of CPUs and nodes under their usual names, SMT, and the values of the kernel's
// constants that upstream's headers keep in variables (__SCX_SLICE_DFL). A policy has those that it declares.
void set_known_variables(Vm& vm, const Machine& machine);

// "no variable 'x'" with the nearest that there is.
Error unknown_variable(const BpfObject& object, const std::string& name, const std::string& where);

}  // namespace simsched::bpf
