// Globals and maps by name: how the host and the user-space half of a policy see them.
#include <algorithm>
#include <cstring>

#include "bpf/maps/map.h"
#include "bpf/maps/ringbuf.h"
#include "bpf/maps/storage.h"
#include "bpf/vm.h"

namespace simsched::bpf {
namespace {

size_t key_size(const Map& map) {
  return dynamic_cast<const StorageMap*>(&map) != nullptr ? sizeof(uint64_t) : map.spec().key_size;
}

}  // namespace

std::span<std::byte> Vm::variable(const std::string& name) {
  const BpfVariable* const found = object_->variable(name);
  if (found == nullptr) return {};
  const BpfSection& section = object_->sections[found->section];
  // An array that is grown to the number of CPUs is alone in its section.
  return {at(section.address + found->offset), section.element != 0 ? section.size_for(nr_cpus_) : found->size};
}

bool Vm::map_lookup(const std::string& name, std::span<const std::byte> key, std::span<std::byte> value) {
  Map* const map = map_by_name(name);
  if (map == nullptr || key.size() != key_size(*map)) return false;
  const uint64_t from = map->find(key.data());
  const uint64_t bytes = map->spec().value_size, stride = map->stride();
  if (from == 0 || value.size() != (stride != 0 ? stride * nr_cpus_ : bytes)) return false;
  if (stride == 0) {
    if (dynamic_cast<const StorageMap*>(map) == nullptr && memory_.block_containing(from) == nullptr) return false;
    std::memcpy(value.data(), at(from), bytes);
    return true;
  }
  for (size_t cpu = 0; cpu < nr_cpus_; ++cpu) {
    std::memset(value.data() + cpu * stride, 0, stride);
    std::memcpy(value.data() + cpu * stride, at(map->lookup_percpu(key.data(), cpu)), bytes);
  }
  return true;
}

bool Vm::map_update(const std::string& name, std::span<const std::byte> key, std::span<const std::byte> value) {
  Map* const map = map_by_name(name);
  if (map == nullptr) return false;
  const uint64_t bytes = map->spec().value_size, stride = map->stride();
  if (map->spec().key_size == 0 && key.empty() && value.size() == bytes) return map->push(value.data(), kAny) == 0;
  if (key.size() != key_size(*map)) return false;
  if (stride == 0) return value.size() == bytes && map->update(key.data(), value.data(), kAny) == 0;
  if (value.size() != bytes && value.size() != stride * nr_cpus_) return false;
  // The element first, for whatever CPU; then the values of all.
  if (map->find(key.data()) == 0 && map->update(key.data(), value.data(), kAny) != 0) return false;
  for (size_t cpu = 0; cpu < nr_cpus_; ++cpu) {
    const std::byte* const from = value.data() + (value.size() == bytes ? 0 : cpu * stride);
    std::memcpy(at(map->lookup_percpu(key.data(), cpu)), from, bytes);
  }
  return true;
}

bool Vm::map_delete(const std::string& name, std::span<const std::byte> key) {
  Map* const map = map_by_name(name);
  return map != nullptr && key.size() == key_size(*map) && map->erase(key.data()) == 0;
}

std::vector<std::vector<std::byte>> Vm::map_keys(const std::string& name) {
  Map* const map = map_by_name(name);
  return map != nullptr ? map->keys() : std::vector<std::vector<std::byte>>{};
}

std::span<std::byte> Vm::map_value(const std::string& name, uint32_t index, CpuId cpu) {
  Map* const map = map_by_name(name);
  if (map == nullptr || map->spec().key_size != sizeof(index)) return {};
  std::byte key[sizeof(index)];
  std::memcpy(key, &index, sizeof(index));
  const uint64_t found = map->stride() != 0 ? map->lookup_percpu(key, cpu.valid() ? cpu.index() : 0) : map->find(key);
  if (found == 0 || memory_.block_containing(found) == nullptr) return {};  // a map's handle is no value
  return {at(found), map->spec().value_size};
}

bool Vm::map_set_inner(const std::string& name, std::span<const std::byte> key, const std::string& inner) {
  Map* const map = map_by_name(name);
  Map* const value = map_by_name(inner);
  if (map == nullptr || key.size() != map->spec().key_size || (value == nullptr && !inner.empty())) return false;
  return map->set_inner(key.data(), value != nullptr ? value->spec().address : 0) == 0;
}

size_t Vm::drain(const std::string& ring, const std::function<void(std::span<const std::byte>)>& take) {
  auto* const map = dynamic_cast<RingbufMap*>(map_by_name(ring));
  return map != nullptr ? map->drain(take) : 0;
}

void Vm::release_storage(uint64_t owner) {
  for (const auto& map : maps_) {
    if (auto* const storage = dynamic_cast<StorageMap*>(map.get())) storage->remove(owner);
  }
}

}  // namespace simsched::bpf
