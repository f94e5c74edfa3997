#include "bpf/object.h"

#include <algorithm>

namespace simsched::bpf {

const BpfVariable* BpfObject::variable(const std::string& variable_name) const {
  const auto it = std::ranges::find(variables, variable_name, &BpfVariable::name);
  return it == variables.end() ? nullptr : &*it;
}

const BpfMap* BpfObject::map(const std::string& map_name) const {
  const auto it = std::ranges::find(maps, map_name, &BpfMap::name);
  return it == maps.end() ? nullptr : &*it;
}

int32_t BpfObject::function(const std::string& function_name) const {
  const auto it = std::ranges::find(functions, function_name, &BpfFunction::name);
  return it == functions.end() ? -1 : static_cast<int32_t>(it - functions.begin());
}

std::string BpfObject::where(uint32_t function_number, uint32_t insn) const {
  // The last line that begins at or before the instruction.
  const auto after = std::ranges::upper_bound(lines_, std::pair(function_number, insn), {},
                                              [](const Line& line) { return std::pair(line.function, line.insn); });
  if (after != lines_.begin() && std::prev(after)->function == function_number) {
    auto line = std::prev(after);
    for (auto at = line; at->function == function_number; --at) {
      if (at->own) line = at;
      if (at->own || at == lines_.begin()) break;
    }
    return line->file + ":" + std::to_string(line->line);
  }
  return function_number < functions.size() ? functions[function_number].name : name;
}

std::string policy_name(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const char* ending : {".bpf.c", ".bpf.o", ".c", ".o"}) {
    if (name.size() > std::string(ending).size() && name.ends_with(ending)) {
      return name.substr(0, name.size() - std::string(ending).size());
    }
  }
  return name;
}

}  // namespace simsched::bpf
