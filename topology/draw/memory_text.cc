#include "topology/draw/memory_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "topology/draw/padded.h"

namespace simsched {
namespace {

struct Row {
  const char* key;
  std::vector<int64_t> MemorySpec::*list;
  const char *of, *unit;
};
constexpr Row kRows[] = {{"node_mbs", &MemorySpec::node_mbs, "memory of a node", "MB/s"},
                         {"link_mbs", &MemorySpec::link_mbs, "links of a node, each way", "MB/s"},
                         {"llc_kib", &MemorySpec::llc_kib, "last-level caches", "KiB"}};

}  // namespace

std::string square_text(size_t nodes, const std::function<int64_t(NodeId, NodeId)>& value) {
  auto cell = [](int64_t number, size_t width) { return padded(std::to_string(number), width); };
  std::string text = "      ";
  for (size_t to = 0; to < nodes; ++to) text += cell(static_cast<int64_t>(to), 5);
  for (size_t from = 0; from < nodes; ++from) {
    text += '\n' + cell(static_cast<int64_t>(from), 6);
    for (size_t to = 0; to < nodes; ++to) text += cell(value(NodeId(from), NodeId(to)), 5);
  }
  return text + "\n";
}

std::string memory_text(const Machine& machine) {
  const MemorySpec& memory = machine.memory();
  std::string text;
  if (memory.known())
    text += "latency of memory (ns, from the node of the row)\n" +
            square_text(machine.nr_nodes(),
                        [&](NodeId from, NodeId to) { return memory.latency_ns[from.index()][to.index()]; });
  for (const Row& row : kRows) {
    const std::vector<int64_t>& list = memory.*row.list;
    if (list.empty()) continue;
    text += std::string(row.of) + " (" + row.unit + ")";
    const bool alike = std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>()) == list.end();
    for (size_t i = 0; i < (alike ? 1 : list.size()); ++i) text += " " + std::to_string(list[i]);
    text += "\n";
  }
  return text;
}

void write_memory(const MemorySpec& memory, nlohmann::ordered_json& machine) {
  if (memory.known()) machine["memory"]["latency_ns"] = memory.latency_ns;
  for (const Row& row : kRows)
    if (!(memory.*row.list).empty()) machine["memory"][row.key] = memory.*row.list;
}

}  // namespace simsched
