// A machine for people and for tools. All are pure functions of the machine.
#pragma once

#include <string>

#include "topology/machine.h"

namespace simsched {

std::string machine_table(const Machine& machine);  // a text tree, distances and costs
std::string machine_dot(const Machine& machine);    // Graphviz: the tree, and the distances between nodes
std::string machine_json(const Machine& machine);   // a machine file in JSON: load_machine() reads it back
std::string machine_svg(const Machine& machine);    // nested boxes, self-contained

}  // namespace simsched
