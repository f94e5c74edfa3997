// BPF_MAP_TYPE_ARRAY_OF_MAPS and HASH_OF_MAPS (kernel/bpf/map_in_map.c): the value is a map; a lookup answers its
// handle.
#include <linux/bpf.h>

#include <cstring>

#include "base/error.h"
#include "bpf/maps/key_table.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

class MapOfMaps : public Map {
 public:
  MapOfMaps(Vm& vm, uint32_t index)
      : Map(vm, index), array_(spec_.type == BPF_MAP_TYPE_ARRAY_OF_MAPS), table_(spec_.key_size) {
    if (spec_.key_size == 0 || (array_ && spec_.key_size != 4) || spec_.max_entries == 0) {
      throw Error(vm.object().name, "map of maps " + spec_.name + " has no keys or no entries",
                  "set key and max_entries");
    }
  }

  void fill() override {
    for (uint32_t i = 0; i < spec_.values.size(); ++i) {
      if (spec_.values[i] < 0) continue;
      std::vector<std::byte> key(spec_.key_size);  // libbpf: the number of the initial value
      std::memcpy(key.data(), &i, std::min<size_t>(sizeof(i), key.size()));
      const uint64_t handle = vm_.object().maps[static_cast<size_t>(spec_.values[i])].address;
      if (set(key.data(), handle) != 0) {
        throw Error(vm_.object().name, "map of maps " + spec_.name + " has more values than max_entries", "raise it");
      }
    }
  }

  void assign(const Map& other) override { table_ = static_cast<const MapOfMaps&>(other).table_; }
  uint64_t lookup(const std::byte* key) override {
    const uint32_t i = table_.find(key);
    if (i != KeyTable::kNone) return table_.entry(i).value;
    if (!spec_.filled || spec_.inner < 0) return 0;
    const uint64_t handle = vm_.make_map(static_cast<uint32_t>(spec_.inner));
    return handle != 0 && set(key, handle) == 0 ? handle : 0;
  }
  uint64_t find(const std::byte* key) override { return lookup(key); }

  // The value is a map's handle; only the user-space half may set one. The host has checked the handle.
  int64_t set(const std::byte* key, uint64_t handle) {
    uint32_t n = 0;
    if (array_) std::memcpy(&n, key, sizeof(n));
    const uint32_t i = table_.find(key);
    if (i != KeyTable::kNone) {
      table_.entry(i).value = handle;
      return 0;
    }
    if (array_ ? n >= spec_.max_entries : table_.size() >= spec_.max_entries) return -E2BIG;
    table_.insert(key, handle);
    return 0;
  }
  int64_t set_inner(const std::byte* key, uint64_t handle) override {
    return handle != 0 ? set(key, handle) : erase(key);
  }
  int64_t erase(const std::byte* key) override {
    const uint32_t i = table_.find(key);
    if (i == KeyTable::kNone) return -ENOENT;
    table_.erase(i);
    return 0;
  }
  std::vector<std::vector<std::byte>> keys() override {
    std::vector<std::vector<std::byte>> all;
    for (uint32_t i = table_.oldest(); i != KeyTable::kNone; i = table_.after(i)) {
      all.emplace_back(table_.key(i), table_.key(i) + spec_.key_size);
    }
    return all;
  }

 private:
  bool array_;
  KeyTable table_;
};

}  // namespace

std::unique_ptr<Map> make_map_of_maps(Vm& vm, uint32_t index) { return std::make_unique<MapOfMaps>(vm, index); }

}  // namespace simsched::bpf
