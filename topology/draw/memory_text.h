// What memory costs on a machine, for people and for tools.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "topology/machine.h"

namespace simsched {

std::string memory_text(const Machine& machine);                               // lines of a table; empty: not known
void write_memory(const MemorySpec& memory, nlohmann::ordered_json& machine);  // the key `memory`, if any is known

// A square over the nodes: a line a row, beneath the numbers of the nodes.
std::string square_text(size_t nodes, const std::function<int64_t(NodeId, NodeId)>& value);

}  // namespace simsched
