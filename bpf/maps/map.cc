#include "bpf/maps/map.h"

#include <linux/bpf.h>

#include <cstring>
#include <string>

#include "base/error.h"

namespace simsched::bpf {
namespace {

std::string type_name(uint32_t type) {
  static constexpr const char* kNames[] = {"UNSPEC",
                                           "HASH",
                                           "ARRAY",
                                           "PROG_ARRAY",
                                           "PERF_EVENT_ARRAY",
                                           "PERCPU_HASH",
                                           "PERCPU_ARRAY",
                                           "STACK_TRACE",
                                           "CGROUP_ARRAY",
                                           "LRU_HASH",
                                           "LRU_PERCPU_HASH",
                                           "LPM_TRIE",
                                           "ARRAY_OF_MAPS",
                                           "HASH_OF_MAPS",
                                           "DEVMAP",
                                           "SOCKMAP",
                                           "CPUMAP",
                                           "XSKMAP",
                                           "SOCKHASH",
                                           "CGROUP_STORAGE",
                                           "REUSEPORT_SOCKARRAY",
                                           "PERCPU_CGROUP_STORAGE",
                                           "QUEUE",
                                           "STACK",
                                           "SK_STORAGE",
                                           "DEVMAP_HASH",
                                           "STRUCT_OPS",
                                           "RINGBUF",
                                           "INODE_STORAGE",
                                           "TASK_STORAGE",
                                           "BLOOM_FILTER",
                                           "USER_RINGBUF",
                                           "CGRP_STORAGE",
                                           "ARENA"};
  return type < std::size(kNames) ? std::string("BPF_MAP_TYPE_") + kNames[type] : "number " + std::to_string(type);
}

// BPF_MAP_TYPE_PERF_EVENT_ARRAY, whose events nobody takes, USER_RINGBUF, into which nobody writes, and STRUCT_OPS,
// which the policy does not use: handles.
class OpaqueMap : public Map {
 public:
  OpaqueMap(Vm& vm, uint32_t index) : Map(vm, index) {}
};

constexpr uint32_t kUserRingbuf = 31, kCgrpStorage = 32;  // BPF_MAP_TYPE_: newer than the header

}  // namespace

Map::Map(Vm& vm, uint32_t index)
    : vm_(vm), spec_(vm.object().maps[index]), index_(index), fields_(vm.object().btf, spec_.value_type) {}

std::unique_ptr<Map> Map::make(Vm& vm, uint32_t index) {
  const BpfMap& spec = vm.object().maps[index];
  switch (spec.type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return make_array(vm, index);
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return make_hash(vm, index);
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return make_queue_stack(vm, index);
    case BPF_MAP_TYPE_TASK_STORAGE:
    case kCgrpStorage:
      return make_storage(vm, index);
    case BPF_MAP_TYPE_RINGBUF:
      return make_ringbuf(vm, index);
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return make_map_of_maps(vm, index);
    case kArenaMap:
      return make_arena(vm, index);
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case kUserRingbuf:
    case BPF_MAP_TYPE_STRUCT_OPS:
      return std::make_unique<OpaqueMap>(vm, index);
    default:
      throw Error(vm.object().name,
                  "map " + spec.name + " is of type " + type_name(spec.type) + ", which the simulator does not have",
                  "use another type");
  }
}

uint64_t Map::new_value(uint64_t bytes, uint64_t tag) {
  const uint64_t address = vm_.memory().allocate(bytes, kPerm, BlockKind::kMapValue);
  if (address == 0) return 0;
  Block& block = vm_.memory().own(address);
  block.type = index_;
  block.tag = tag;
  return address;
}

void Map::drop_value(uint64_t address) {
  Block& block = vm_.memory().own(address);
  const uint64_t step = stride();
  // Of a per-CPU value every copy has the fields.
  for (uint64_t at = 0; at < block.size; at += step != 0 ? step : block.size) {
    free_fields(vm_, address + at, spec_.value_size, fields_);
  }
  vm_.memory().release(block);
}

void Map::copy_value(uint64_t address, const std::byte* value) {
  std::byte* const to = vm_.at(address);
  uint64_t done = 0;
  for (const Field& field : fields_.all()) {
    if (field.offset + field.size > spec_.value_size || field.offset < done) continue;
    std::memmove(to + done, value + done, field.offset - done);
    done = field.offset + field.size;
  }
  std::memmove(to + done, value + done, spec_.value_size - done);
}

}  // namespace simsched::bpf
