#include "traces/perf_data/perf_data_topology.h"

#include <algorithm>
#include <map>
#include <utility>

namespace simsched::perf {
namespace {

// A length and as many bytes, of which those up to the first NUL count.
std::string read_string(ByteReader& from) {
  std::string_view text = text_of(from.take(from.read<uint32_t>()));
  return std::string(text.substr(0, text.find('\0')));
}

// So that a damaged count does not use up the memory.
constexpr uint32_t kMaxLists = 1 << 14;

uint32_t read_count(ByteReader& from) {
  auto count = from.read<uint32_t>();
  if (count > kMaxLists) from.fail("a list of CPUs or caches is too long", "copy or record it again");
  return count;
}

std::vector<CpuSet> read_lists(ByteReader& from) {
  std::vector<CpuSet> lists;
  for (uint32_t count = read_count(from); count > 0; --count) lists.push_back(CpuSet::parse(read_string(from)));
  return lists;
}

int32_t index_of(const std::vector<CpuSet>& sets, CpuId cpu) {
  auto found = std::find_if(sets.begin(), sets.end(), [&](const CpuSet& set) { return set.contains(cpu); });
  return found == sets.end() ? -1 : static_cast<int32_t>(found - sets.begin());
}

// Unit numbers in the order in which CPUs first show them.
class Numbering {
 public:
  int32_t operator()(std::pair<int32_t, int32_t> key) {
    return ids_.try_emplace(key, static_cast<int32_t>(ids_.size())).first->second;
  }

 private:
  std::map<std::pair<int32_t, int32_t>, int32_t> ids_;
};

}  // namespace

void Topology::add_cpus(ByteReader from) {
  packages_ = read_lists(from);
  cores_ = read_lists(from);
}

void Topology::add_nodes(ByteReader from) {
  for (uint32_t count = read_count(from); count > 0; --count) {
    from.take(4 + 8 + 8);  // number, memory in all, memory free
    std::string cpus = read_string(from);
    if (!cpus.empty()) nodes_.push_back(CpuSet::parse(cpus));
  }
}

void Topology::add_caches(ByteReader from) {
  if (from.read<uint32_t>() != 1) return;  // of a version that is not known
  for (uint32_t count = read_count(from); count > 0; --count) {
    auto level = from.read<uint32_t>();
    from.take(4 + 4 + 4);  // line size, sets, ways
    std::string type = read_string(from);
    read_string(from);  // size
    std::string cpus = read_string(from);
    if (type == "Instruction" || level < cache_level_) continue;
    if (level > cache_level_) caches_.clear();
    cache_level_ = level;
    caches_.push_back(CpuSet::parse(cpus));
  }
}

std::vector<RecordedCpu> Topology::machine(size_t nr_cpus) const {
  std::vector<RecordedCpu> cpus;
  Numbering cores, llcs, nodes;
  for (size_t i = 0; i < nr_cpus; ++i) {
    CpuId cpu(i);
    int32_t core = index_of(cores_, cpu), node = nodes_.empty() ? 0 : index_of(nodes_, cpu);
    // Without caches a package counts as one.
    int32_t llc = index_of(caches_.empty() ? packages_ : caches_, cpu);
    if (core < 0 || node < 0 || llc < 0) return {};
    cpus.push_back({cores({core, 0}), llcs({llc, node}), nodes({node, 0})});
  }
  return cpus;
}

}  // namespace simsched::perf
