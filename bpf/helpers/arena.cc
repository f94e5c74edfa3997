// Pages of an arena (kernel/bpf/arena.c, 6.18). All nodes are one here.
#include "bpf/maps/arena.h"

#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

ArenaMap* arena_at(Vm& vm, uint64_t handle) {
  Map* const map = vm.map_at(handle);
  auto* const arena = dynamic_cast<ArenaMap*>(map);
  if (map != nullptr && arena == nullptr) vm.refuse("passes map " + map->spec().name + " as an arena, which it is not");
  return arena;
}

uint64_t alloc_pages(Vm& vm, uint64_t map, uint64_t address, uint64_t count, uint64_t, uint64_t flags) {
  ArenaMap* const arena = arena_at(vm, map);
  return arena == nullptr || flags != 0 ? 0 : arena->take(address, static_cast<uint32_t>(count));
}
uint64_t free_pages(Vm& vm, uint64_t map, uint64_t address, uint64_t count, uint64_t, uint64_t) {
  if (ArenaMap* const arena = arena_at(vm, map)) arena->give_back(address, static_cast<uint32_t>(count));
  return 0;
}
uint64_t reserve_pages(Vm& vm, uint64_t map, uint64_t address, uint64_t count, uint64_t, uint64_t) {
  ArenaMap* const arena = arena_at(vm, map);
  return arena == nullptr ? 0 : static_cast<uint64_t>(arena->reserve(address, static_cast<uint32_t>(count)));
}

}  // namespace

std::span<const VmExport> arena_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_arena_alloc_pages", 0, alloc_pages},     {"bpf_arena_alloc_pages_non_sleepable", 0, alloc_pages},
      {"bpf_arena_free_pages", 0, free_pages},       {"bpf_arena_free_pages_non_sleepable", 0, free_pages},
      {"bpf_arena_reserve_pages", 0, reserve_pages},
  };
  return kExports;
}

}  // namespace simsched::bpf
