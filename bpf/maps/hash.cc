// BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH and LRU_PERCPU_HASH (kernel/bpf/hashtab.c).
//
// The kernel's LRU is approximate: lists by CPU, filled in batches. Here the element that was used longest ago goes.
// An update of an element that is there keeps its address, where the kernel takes another.
#include <linux/bpf.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "bpf/maps/key_table.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

class HashMap : public Map {
 public:
  HashMap(Vm& vm, uint32_t index)
      : Map(vm, index),
        percpu_(spec_.type == BPF_MAP_TYPE_PERCPU_HASH || spec_.type == BPF_MAP_TYPE_LRU_PERCPU_HASH),
        lru_(spec_.type == BPF_MAP_TYPE_LRU_HASH || spec_.type == BPF_MAP_TYPE_LRU_PERCPU_HASH),
        stride_((uint64_t{spec_.value_size} + 7) & ~uint64_t{7}),
        table_(spec_.key_size) {
    if (spec_.key_size == 0 || spec_.value_size == 0 || spec_.max_entries == 0) {
      throw Error(vm.object().name, "hash map " + spec_.name + " has no keys, no values or no entries",
                  "set key, value and max_entries");
    }
  }

  void assign(const Map& other) override { table_ = static_cast<const HashMap&>(other).table_; }
  uint64_t stride() const override { return percpu_ ? stride_ : 0; }

  uint64_t lookup(const std::byte* key) override {
    const uint32_t i = table_.find(key);
    if (i == KeyTable::kNone) return 0;
    if (lru_) table_.touch(i);
    return this_value(i);
  }
  uint64_t lookup_percpu(const std::byte* key, uint64_t cpu) override {
    const uint32_t i = percpu_ && cpu < vm_.nr_cpus() ? table_.find(key) : KeyTable::kNone;
    if (i == KeyTable::kNone) return 0;
    if (lru_) table_.touch(i);
    return table_.entry(i).value + cpu * stride_;
  }
  uint64_t find(const std::byte* key) override {
    const uint32_t i = table_.find(key);
    return i == KeyTable::kNone ? 0 : table_.entry(i).value;
  }

  int64_t update(const std::byte* key, const std::byte* value, uint64_t flags) override {
    // Only plain hash maps know BPF_F_LOCK.
    if ((percpu_ || lru_ ? flags : flags & ~kLock) > kExist) return -EINVAL;
    if (!may_lock(flags)) return -EINVAL;
    uint32_t i = table_.find(key);
    if (i != KeyTable::kNone) {
      if ((flags & kNoExist) != 0) return -EEXIST;
      const uint64_t to = this_value(i);
      copy_value(to, value);
      // The kernel replaces the element, so that what hung on the old one goes.
      if (!percpu_ && (flags & kLock) == 0) free_fields(vm_, to, spec_.value_size, fields_);
      if (lru_) table_.touch(i);
      return 0;
    }
    if ((flags & kExist) != 0) return -ENOENT;
    if (table_.size() >= spec_.max_entries) {
      if (!lru_) return -E2BIG;
      remove(table_.oldest());
    }
    const uint64_t address = new_value(percpu_ ? stride_ * vm_.nr_cpus() : spec_.value_size, 0);
    if (address == 0) return -ENOMEM;
    i = table_.insert(key, address);
    vm_.memory().own(address).tag = i;
    copy_value(this_value(i), value);
    return 0;
  }

  int64_t erase(const std::byte* key) override {
    const uint32_t i = table_.find(key);
    if (i == KeyTable::kNone) return -ENOENT;
    remove(i);
    return 0;
  }

  // Over the elements that were there at the start and still are; the callback may delete any.
  int64_t for_each(const Visit& visit) override {
    std::vector<std::pair<uint32_t, uint64_t>> all;
    for (uint32_t i = table_.oldest(); i != KeyTable::kNone; i = table_.after(i)) {
      all.emplace_back(i, table_.entry(i).generation);
    }
    int64_t visited = 0;
    for (const auto& [i, generation] : all) {
      if (table_.entry(i).generation != generation) continue;
      ++visited;
      if (visit(table_.key(i), this_value(i))) break;
    }
    return visited;
  }

  std::vector<std::vector<std::byte>> keys() override {
    std::vector<std::vector<std::byte>> all;
    for (uint32_t i = table_.oldest(); i != KeyTable::kNone; i = table_.after(i)) {
      all.emplace_back(table_.key(i), table_.key(i) + spec_.key_size);
    }
    return all;
  }
  std::vector<std::byte> key_of(uint64_t address, uint64_t bytes, uint64_t* value) override {
    const Block* const block = vm_.memory().block_containing(address);
    if (block == nullptr || block->kind != BlockKind::kMapValue || block->type != index_) return {};
    if (address - block->address + bytes > spec_.value_size) return {};
    const auto i = static_cast<uint32_t>(block->tag);
    *value = block->address;
    return {table_.key(i), table_.key(i) + spec_.key_size};
  }

 private:
  uint64_t this_value(uint32_t i) {
    return table_.entry(i).value + (percpu_ ? vm_.host().this_cpu().index() * stride_ : 0);
  }
  void remove(uint32_t i) {
    const uint64_t value = table_.entry(i).value;
    table_.erase(i);
    drop_value(value);
  }

  bool percpu_, lru_;
  uint64_t stride_;
  KeyTable table_;
};

}  // namespace

std::unique_ptr<Map> make_hash(Vm& vm, uint32_t index) { return std::make_unique<HashMap>(vm, index); }

}  // namespace simsched::bpf
