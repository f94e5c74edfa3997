// Machine files: YAML as docs/machines.md describes it. JSON is YAML too: what machine_json() writes
// reads back.
#pragma once

#include <string>

#include "topology/machine.h"

namespace YAML {
class Node;
}

namespace simsched {

// A machine from the text of a machine file; `name` stands for the file in messages and names a machine
// that does not name itself. Throws Error with file and line. `max_cpus` bounds time and memory.
Machine parse_machine_yaml(const std::string& text, const std::string& name, size_t max_cpus = kMaxCpus);

// The same from a mapping that is already parsed, as in the `machine:` of a config.
Machine machine_from_yaml(const YAML::Node& node, const std::string& file, const std::string& name,
                          size_t max_cpus = kMaxCpus);

}  // namespace simsched
