// The translator: a BPF object's bytecode as one C file, for the machine's own compiler.
#pragma once

#include <string>

#include "bpf/object.h"

namespace simsched::bpf {

// Changes whenever the same object would be translated differently.
inline constexpr int kTranslatorVersion = 2;

// C source that needs nothing else and defines `const struct vm_code vm_code_NAME`, see code_symbol().
// The same object gives the same text. What cannot be executed traps when it is reached; nothing is refused here.
std::string translate(const BpfObject& object);

// "vm_code_scx_simple": the object's name, with other characters than letters and digits as '_'.
std::string code_symbol(const std::string& object_name);

}  // namespace simsched::bpf
