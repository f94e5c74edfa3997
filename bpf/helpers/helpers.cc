#include "bpf/helpers/helpers.h"

#include <vector>

namespace simsched::bpf {

std::string hex(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value & 15]);
  } while ((value >>= 4) != 0);
  return "0x" + text;
}

std::span<const VmExport> generic_exports() {
  static const std::vector<VmExport> all = [] {
    std::vector<VmExport> exports;
    for (const auto part : {map_exports(), storage_exports(), memory_exports(), print_exports(), current_exports(),
                            timer_exports(), sync_exports(), cpumask_exports(), object_exports(), list_exports(),
                            tree_exports(), iterator_exports(), arena_exports()}) {
      exports.insert(exports.end(), part.begin(), part.end());
    }
    return exports;
  }();
  return all;
}

}  // namespace simsched::bpf
