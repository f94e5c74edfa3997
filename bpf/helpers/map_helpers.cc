// bpf_map_*(), bpf_for_each_map_elem() and bpf_loop().
#include <linux/bpf.h>

#include <cstring>

#include "bpf/helpers/helpers.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kMaxLoops = uint64_t{8} << 20;  // BPF_MAX_LOOPS

const std::byte* key_at(Vm& vm, const Map& map, uint64_t key) { return vm.checked(key, VM_READ, map.spec().key_size); }

uint64_t map_lookup_elem(Vm& vm, uint64_t handle, uint64_t key, uint64_t, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  const std::byte* const k = key_at(vm, *map, key);
  return k != nullptr ? map->lookup(k) : 0;
}
uint64_t map_lookup_percpu_elem(Vm& vm, uint64_t handle, uint64_t key, uint64_t cpu, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  const std::byte* const k = key_at(vm, *map, key);
  return k != nullptr ? map->lookup_percpu(k, static_cast<uint32_t>(cpu)) : 0;
}
uint64_t map_update_elem(Vm& vm, uint64_t handle, uint64_t key, uint64_t value, uint64_t flags, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  const std::byte* const k = key_at(vm, *map, key);
  const std::byte* const v = k != nullptr ? vm.checked(value, VM_READ, map->spec().value_size) : nullptr;
  return v != nullptr ? static_cast<uint64_t>(map->update(k, v, flags)) : 0;
}
uint64_t map_delete_elem(Vm& vm, uint64_t handle, uint64_t key, uint64_t, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  const std::byte* const k = key_at(vm, *map, key);
  return k != nullptr ? static_cast<uint64_t>(map->erase(k)) : 0;
}
uint64_t map_push_elem(Vm& vm, uint64_t handle, uint64_t value, uint64_t flags, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  const std::byte* const v = vm.checked(value, VM_READ, map->spec().value_size);
  return v != nullptr ? static_cast<uint64_t>(map->push(v, flags)) : 0;
}
uint64_t map_pop_elem(Vm& vm, uint64_t handle, uint64_t value, uint64_t, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  std::byte* const v = vm.checked(value, VM_READ | VM_WRITE, map->spec().value_size);
  return v != nullptr ? static_cast<uint64_t>(map->pop(v)) : 0;
}
uint64_t map_peek_elem(Vm& vm, uint64_t handle, uint64_t value, uint64_t, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  std::byte* const v = vm.checked(value, VM_READ | VM_WRITE, map->spec().value_size);
  return v != nullptr ? static_cast<uint64_t>(map->peek(v)) : 0;
}

uint64_t for_each_map_elem(Vm& vm, uint64_t handle, uint64_t callback, uint64_t context, uint64_t flags, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr) return 0;
  if (flags != 0) return fail(EINVAL);
  // The callback sees a copy of the key, which it cannot write.
  const size_t key_size = map->spec().key_size;
  const uint64_t key = vm.allocate(key_size, VM_READ);
  if (key == 0) return fail(ENOMEM);
  const int64_t visited = map->for_each([&](const std::byte* k, uint64_t value) {
    if (!vm.charge(1)) return true;
    std::memcpy(vm.at(key), k, key_size);
    return vm.call_back(callback, {handle, key, value, context}) != 0 || vm.trap != VM_TRAP_NONE;
  });
  vm.release(key, key_size);
  return static_cast<uint64_t>(visited);
}

uint64_t loop(Vm& vm, uint64_t count, uint64_t callback, uint64_t context, uint64_t flags, uint64_t) {
  const uint32_t n = static_cast<uint32_t>(count);
  if (flags != 0) return fail(EINVAL);
  if (n > kMaxLoops) return fail(E2BIG);
  for (uint32_t i = 0; i < n; ++i) {
    if (!vm.charge(1)) return 0;
    const uint64_t stop = vm.call_back(callback, {i, context});
    if (vm.trap != VM_TRAP_NONE) return 0;
    if (stop != 0) return i + 1;
  }
  return n;
}

// No event was ever put into a PERF_EVENT_ARRAY here, and nobody writes to a USER_RINGBUF.
uint64_t perf_event_read_value(Vm&, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return fail(ENOENT); }
uint64_t user_ringbuf_drain(Vm&, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return 0; }
constexpr uint32_t kUserRingbufDrain = 209;  // BPF_FUNC_user_ringbuf_drain: newer than the header

}  // namespace

std::span<const VmExport> map_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_map_lookup_elem, map_lookup_elem},
      {nullptr, BPF_FUNC_map_lookup_percpu_elem, map_lookup_percpu_elem},
      {nullptr, BPF_FUNC_map_update_elem, map_update_elem},
      {nullptr, BPF_FUNC_map_delete_elem, map_delete_elem},
      {nullptr, BPF_FUNC_map_push_elem, map_push_elem},
      {nullptr, BPF_FUNC_map_pop_elem, map_pop_elem},
      {nullptr, BPF_FUNC_map_peek_elem, map_peek_elem},
      {nullptr, BPF_FUNC_for_each_map_elem, for_each_map_elem},
      {nullptr, BPF_FUNC_loop, loop},
      {nullptr, BPF_FUNC_perf_event_read_value, perf_event_read_value},
      {nullptr, kUserRingbufDrain, user_ringbuf_drain},
  };
  return kExports;
}

}  // namespace simsched::bpf
