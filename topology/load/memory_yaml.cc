#include "topology/load/memory_yaml.h"

#include "base/error.h"
#include "topology/load/machine_keys.h"

namespace simsched {
namespace {

constexpr int64_t kSlowest = 100'000;           // ns; beyond it, a unit was mistaken
constexpr int64_t kMostMbs = 100'000'000;       // MB/s
constexpr int64_t kMostKib = int64_t{1} << 24;  // 16 GiB

std::vector<int64_t> read_numbers(const YAML::Node& node, const std::string& file, const std::string& what,
                                  int64_t most) {
  std::vector<int64_t> numbers;
  for (const auto& number : node) numbers.push_back(yaml_integer(number, file, what, 1, most));
  return numbers;
}

}  // namespace

void read_memory(const YamlMap& machine, size_t nodes, size_t llcs, MemorySpec& memory) {
  YamlMap map(machine.at("memory"), machine.file(), "memory", names_of(memory_keys()));
  if (map.has("latency_ns")) {
    YAML::Node rows = map.at("latency_ns");
    const char* remedy = "write rows like [[80, 140], [140, 80]], one a node";
    if (!rows.IsSequence()) throw Error(map.where("latency_ns"), "latency_ns is not a matrix", remedy);
    memory.latency_ns.clear();
    for (const auto& row : rows) {
      if (!row.IsSequence()) throw Error(yaml_where(row, map.file()), "a row of latency_ns is not a list", remedy);
      memory.latency_ns.push_back(read_numbers(row, map.file(), "a latency", kSlowest));
    }
  }
  auto read_list = [&](const char* key, size_t count, int64_t most, std::vector<int64_t>& list) {
    if (!map.has(key)) return;
    YAML::Node node = map.at(key);
    list = node.IsSequence() ? read_numbers(node, map.file(), key, most)
                             : std::vector<int64_t>(count, map.integer(key, 1, most));
  };
  read_list("node_mbs", nodes, kMostMbs, memory.node_mbs);
  read_list("link_mbs", nodes, kMostMbs, memory.link_mbs);
  read_list("llc_kib", llcs, kMostKib, memory.llc_kib);
}

}  // namespace simsched
