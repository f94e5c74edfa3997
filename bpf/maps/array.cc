// BPF_MAP_TYPE_ARRAY and PERCPU_ARRAY (kernel/bpf/arraymap.c).
#include <linux/bpf.h>

#include <cstring>

#include "base/error.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

uint32_t index_of(const std::byte* key) {
  uint32_t i = 0;
  std::memcpy(&i, key, sizeof(i));
  return i;
}

class ArrayMap : public Map {
 public:
  ArrayMap(Vm& vm, uint32_t index) : Map(vm, index), percpu_(spec_.type == BPF_MAP_TYPE_PERCPU_ARRAY) {
    if (spec_.key_size != 4 || spec_.value_size == 0 || spec_.max_entries == 0) {
      throw Error(vm.object().name, "array " + spec_.name + " has no 4-byte keys, no values or no entries",
                  "set key, value and max_entries");
    }
    element_ = (uint64_t{spec_.value_size} + 7) & ~uint64_t{7};
    copy_ = element_ * spec_.max_entries;
    // The elements of a CPU lie side by side; those of another CPU are out of reach from there.
    for (size_t cpu = 0; cpu < (percpu_ ? vm.nr_cpus() : 1); ++cpu) {
      values_.push_back(new_value(copy_, cpu));
      if (values_.back() == 0) {
        throw Error(vm.object().name, "array " + spec_.name + " does not fit into memory", "use fewer entries");
      }
    }
  }

  void assign(const Map& other) override { values_ = static_cast<const ArrayMap&>(other).values_; }
  uint64_t stride() const override { return percpu_ ? element_ : 0; }
  uint64_t lookup(const std::byte* key) override {
    return value(index_of(key), percpu_ ? vm_.host().this_cpu().index() : 0);
  }
  uint64_t lookup_percpu(const std::byte* key, uint64_t cpu) override {
    return percpu_ && cpu < vm_.nr_cpus() ? value(index_of(key), cpu) : 0;
  }
  uint64_t find(const std::byte* key) override { return value(index_of(key), 0); }

  int64_t update(const std::byte* key, const std::byte* from, uint64_t flags) override {
    if ((flags & ~kLock) > kExist) return -EINVAL;
    if (index_of(key) >= spec_.max_entries) return -E2BIG;
    if ((flags & kNoExist) != 0) return -EEXIST;
    if (!may_lock(flags)) return -EINVAL;
    const uint64_t to = lookup(key);
    copy_value(to, from);
    if ((flags & kLock) == 0) free_fields(vm_, to, spec_.value_size, fields_);
    return 0;
  }
  int64_t erase(const std::byte*) override { return -EINVAL; }

  int64_t for_each(const Visit& visit) override {
    for (uint32_t i = 0; i < spec_.max_entries; ++i) {
      std::byte key[4];
      std::memcpy(key, &i, sizeof(i));
      if (visit(key, lookup(key))) return int64_t{i} + 1;
    }
    return spec_.max_entries;
  }

  std::vector<std::vector<std::byte>> keys() override {
    std::vector<std::vector<std::byte>> all(spec_.max_entries, std::vector<std::byte>(4));
    for (uint32_t i = 0; i < spec_.max_entries; ++i) std::memcpy(all[i].data(), &i, sizeof(i));
    return all;
  }
  std::vector<std::byte> key_of(uint64_t address, uint64_t bytes, uint64_t* found) override {
    for (const uint64_t base : values_) {
      if (address < base || address - base >= copy_) continue;
      const uint32_t i = static_cast<uint32_t>((address - base) / element_);
      if (address - base - i * element_ + bytes > spec_.value_size) return {};
      *found = base + i * element_;
      std::vector<std::byte> key(4);
      std::memcpy(key.data(), &i, sizeof(i));
      return key;
    }
    return {};
  }

 private:
  uint64_t value(uint32_t i, size_t cpu) const { return i < spec_.max_entries ? values_[cpu] + i * element_ : 0; }

  bool percpu_;
  uint64_t element_ = 0;          // bytes from one to the next
  uint64_t copy_ = 0;             // bytes of all
  std::vector<uint64_t> values_;  // by CPU; one when they are shared
};

}  // namespace

std::unique_ptr<Map> make_array(Vm& vm, uint32_t index) { return std::make_unique<ArrayMap>(vm, index); }

}  // namespace simsched::bpf
