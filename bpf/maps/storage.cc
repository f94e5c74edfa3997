#include "bpf/maps/storage.h"

#include <linux/bpf.h>

#include <cstring>

#include "base/error.h"

namespace simsched::bpf {
namespace {

const std::byte* as_key(const uint64_t& owner) { return reinterpret_cast<const std::byte*>(&owner); }

uint64_t as_owner(const std::byte* key) {
  uint64_t owner = 0;
  std::memcpy(&owner, key, sizeof(owner));
  return owner;
}

}  // namespace

StorageMap::StorageMap(Vm& vm, uint32_t index)
    : Map(vm, index), of_tasks_(spec_.type == BPF_MAP_TYPE_TASK_STORAGE), table_(sizeof(uint64_t)) {
  if (spec_.value_size == 0)
    throw Error(vm.object().name, "local storage " + spec_.name + " has no values", "set value");
}

uint64_t StorageMap::get(uint64_t owner, bool create, const std::byte* initial) {
  uint32_t i = table_.find(as_key(owner));
  if (i != KeyTable::kNone) return table_.entry(i).value;
  if (!create) return 0;
  const uint64_t value = new_value(spec_.value_size, 0);
  if (value == 0) return 0;
  if (initial != nullptr) copy_value(value, initial);
  i = table_.insert(as_key(owner), value);
  vm_.memory().own(value).tag = i;
  return value;
}

int64_t StorageMap::remove(uint64_t owner) {
  const uint32_t i = table_.find(as_key(owner));
  if (i == KeyTable::kNone) return -ENOENT;
  const uint64_t value = table_.entry(i).value;
  table_.erase(i);
  drop_value(value);
  return 0;
}

uint64_t StorageMap::find(const std::byte* key) { return get(as_owner(key), false, nullptr); }
int64_t StorageMap::erase(const std::byte* key) { return remove(as_owner(key)); }

int64_t StorageMap::update(const std::byte* key, const std::byte* value, uint64_t flags) {
  if (flags > kExist) return -EINVAL;
  const uint64_t old = find(key);
  if (old != 0 && flags == kNoExist) return -EEXIST;
  if (old == 0 && flags == kExist) return -ENOENT;
  if (old != 0) {
    copy_value(old, value);
    return 0;
  }
  return get(as_owner(key), true, value) != 0 ? 0 : -ENOMEM;
}

std::vector<std::vector<std::byte>> StorageMap::keys() {
  std::vector<std::vector<std::byte>> all;
  for (uint32_t i = table_.oldest(); i != KeyTable::kNone; i = table_.after(i)) {
    all.emplace_back(table_.key(i), table_.key(i) + sizeof(uint64_t));
  }
  return all;
}

std::unique_ptr<Map> make_storage(Vm& vm, uint32_t index) { return std::make_unique<StorageMap>(vm, index); }

}  // namespace simsched::bpf
