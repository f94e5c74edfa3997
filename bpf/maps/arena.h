// BPF_MAP_TYPE_ARENA: pages that a policy takes and gives back (kernel/bpf/arena.c). They lie at kArenaAddress, in the
// order in which they are taken; the arena's global variables come first.
#pragma once

#include <vector>

#include "bpf/maps/map.h"

namespace simsched::bpf {

class ArenaMap : public Map {
 public:
  ArenaMap(Vm& vm, uint32_t index);
  void assign(const Map& other) override;

  // Zeroed pages, at `address` unless that is 0; 0: none are left, or these are not free.
  uint64_t take(uint64_t address, uint64_t pages);
  void give_back(uint64_t address, uint64_t pages);
  int64_t reserve(uint64_t address, uint64_t pages);  // nobody takes them from now on

 private:
  bool place(uint64_t first, uint64_t pages);

  enum class Page : uint8_t { kFree, kReserved, kTaken };
  std::vector<Page> pages_;
  uint64_t first_free_ = 0;  // none is below
};

}  // namespace simsched::bpf
