// Map: a BPF map of a Vm, with the kernel's semantics (kernel/bpf/*map*.c, 6.18). Keys are bytes in the host's hands;
// values live in guest memory at addresses that stay, and fault once the element is deleted.
// Errors are negative numbers of the kernel's: -E2BIG when full, -EEXIST and -ENOENT with BPF_NOEXIST and BPF_EXIST.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bpf/fields.h"
#include "bpf/vm.h"

namespace simsched::bpf {

constexpr uint64_t kAny = 0, kNoExist = 1, kExist = 2, kLock = 4;  // BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK
constexpr uint64_t kPerm = VM_READ | VM_WRITE;

class Map {
 public:
  // Throws Error when the type is not supported or the sizes are not the type's.
  static std::unique_ptr<Map> make(Vm& vm, uint32_t index);
  virtual ~Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  const BpfMap& spec() const { return spec_; }
  uint32_t index() const { return index_; }
  const Fields& fields() const { return fields_; }
  // Bytes from one CPU's copy of a value to the next one's; 0: the value is not per CPU.
  virtual uint64_t stride() const { return 0; }
  virtual void fill() {}  // with what the object puts into it, once all maps are there
  // Becomes like `other`, the map of the same number of another Vm, whose guest memory is copied beside it.
  virtual void assign(const Map& /*other*/) {}

  // ---- what helpers do; `key` has key_size bytes ----
  virtual uint64_t lookup(const std::byte* /*key*/) { return 0; }  // address of the value; per CPU: this CPU's
  virtual uint64_t lookup_percpu(const std::byte* /*key*/, uint64_t /*cpu*/) { return 0; }
  virtual int64_t update(const std::byte* /*key*/, const std::byte* /*value*/, uint64_t /*flags*/) {
    return -EOPNOTSUPP;
  }
  virtual int64_t erase(const std::byte* /*key*/) { return -EOPNOTSUPP; }
  virtual int64_t push(const std::byte* /*value*/, uint64_t /*flags*/) { return -EOPNOTSUPP; }
  virtual int64_t pop(std::byte* /*value*/) { return -EOPNOTSUPP; }
  virtual int64_t peek(std::byte* /*value*/) { return -EOPNOTSUPP; }
  // Calls `visit` for every element, with its key and this CPU's value, until it answers true; counts the calls.
  using Visit = std::function<bool(const std::byte* key, uint64_t value)>;
  virtual int64_t for_each(const Visit&) { return -EOPNOTSUPP; }

  // ---- what the user-space half does ----
  // Address of the value, per CPU the first CPU's; counts as no use of it.
  virtual uint64_t find(const std::byte* /*key*/) { return 0; }
  virtual std::vector<std::vector<std::byte>> keys() { return {}; }
  virtual int64_t set_inner(const std::byte* /*key*/, uint64_t /*handle*/) { return -EOPNOTSUPP; }  // 0: takes it out
  // The key whose value holds these bytes of guest memory; empty: none.
  virtual std::vector<std::byte> key_of(uint64_t /*address*/, uint64_t /*bytes*/, uint64_t* /*value*/) { return {}; }

 protected:
  Map(Vm& vm, uint32_t index);
  uint64_t new_value(uint64_t bytes, uint64_t tag);  // 0: no more memory
  void drop_value(uint64_t address);                 // of new_value(), and what hangs on it
  // Copies a value from the policy or the host over one in guest memory, but for its special fields.
  void copy_value(uint64_t address, const std::byte* value);
  bool may_lock(uint64_t flags) const { return (flags & kLock) == 0 || fields_.has(FieldKind::kSpinLock); }

  Vm& vm_;
  const BpfMap& spec_;
  uint32_t index_;
  Fields fields_;
};

// By kind; see the files of their names.
std::unique_ptr<Map> make_array(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_hash(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_queue_stack(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_storage(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_ringbuf(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_map_of_maps(Vm& vm, uint32_t index);
std::unique_ptr<Map> make_arena(Vm& vm, uint32_t index);

}  // namespace simsched::bpf
