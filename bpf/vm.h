// Vm: one running instance of a BpfObject: its memory, globals and maps. A simulation owns one; any number run side by
// side in any threads, sharing the object's code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "base/units.h"
#include "bpf/object.h"
#include "bpf/vm_abi.h"
#include "bpf/vm_memory.h"

namespace simsched::bpf {

class Map;
class Vm;
struct HelperState;

// What generic helpers need to know of the world outside; the scheduler's host implements it.
class VmHost {
 public:
  virtual ~VmHost() = default;
  virtual Nanos now() const = 0;
  virtual CpuId this_cpu() const = 0;
  virtual void arm_timer(uint64_t timer, Nanos at) = 0;  // calls Vm::fire_timer(timer) then; replaces an earlier arming
  virtual void cancel_timer(uint64_t timer) = 0;
  virtual void print(const std::string& text) = 0;  // bpf_printk()
  virtual int64_t hz() const { return 250; }        // ticks a second: jiffies, the coarse clock
  virtual NodeId node_of(CpuId) const { return NodeId(0); }

  // The current task.
  virtual uint64_t current_task() { return 0; }      // guest address of its task_struct
  virtual uint64_t current_pid_tgid() { return 0; }  // tgid << 32 | pid
  virtual uint64_t current_uid_gid() { return 0; }   // gid << 32 | uid
  virtual std::string current_comm() { return {}; }
  virtual uint64_t current_cgroup_id() { return 1; }

  // Whether a guest address is that of a task_struct / a cgroup that is alive: what local storage may hang on.
  virtual bool is_task(uint64_t /*address*/) { return true; }
  virtual bool is_cgroup(uint64_t /*address*/) { return true; }
  // A reference to a kernel object that was stored in a map (a kptr) goes: neither a cpumask nor of bpf_obj_new().
  virtual void release_kptr(uint64_t /*address*/) {}
  // The copy of a per-CPU variable of the kernel that belongs to `cpu`; 0: not known.
  virtual uint64_t per_cpu_ptr(uint64_t /*address*/, CpuId /*cpu*/) { return 0; }
};

// A helper or kfunc in the host. Reads its arguments as the kernel's would; answers in r0.
using VmFunction = uint64_t (*)(Vm& vm, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
struct VmExport {
  const char* name;  // of a kfunc; null: a helper
  uint32_t id;       // of a helper
  VmFunction function;
};

struct Trap {
  vm_trap_kind kind;
  std::string where;  // "simple.bpf.c:42"
  std::string what;   // "reads 8 bytes at 0x0, which is not the policy's to read (null, freed or out of bounds)"
  std::string text() const { return where + ": " + what; }
};

class Vm : public vm {
 public:
  // `exports`: what the host offers beside the generic helpers and kfuncs (generic_exports()); found first.
  // `memory_limit`: bytes of globals, maps and objects, 0: Memory::kDefaultLimit.
  // Throws Error (where: the object's name) when the policy needs a helper, a kfunc or a type of map that nobody
  // offers.
  Vm(std::shared_ptr<const BpfObject> object, VmHost& host, std::span<const VmExport> exports, size_t nr_cpus,
     uint64_t seed, uint64_t memory_limit = 0);
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  // Becomes like `other`, between two callbacks of both: a Vm of the same object, for as many CPUs. What it is linked
  // to (host, exports, `user`) stays its own.
  void assign(const Vm& other);

  const BpfObject& object() const { return *object_; }
  VmHost& host() { return host_; }
  size_t nr_cpus() const { return nr_cpus_; }
  Rng& rng() { return rng_; }
  void* user = nullptr;  // the scheduler's host, for its kfuncs

  // Calls a function with up to five arguments; 0 after a trap. The outermost call renews the budget.
  uint64_t call(size_t function, std::initializer_list<uint64_t> arguments);
  // Calls a struct_ops or tracing program: its r1 is the address of the array of its arguments.
  uint64_t call_program(size_t function, std::initializer_list<uint64_t> arguments);
  // Calls a function that the policy passed to a helper as a callback.
  uint64_t call_back(uint64_t function_pointer, std::initializer_list<uint64_t> arguments);
  void fire_timer(uint64_t timer);
  const std::optional<Trap>& trap_info() const { return trap_info_; }  // the first one; the Vm is of no more use then
  // A helper or kfunc refuses: the policy ends with this message, e.g. "passes a freed task to scx_bpf_dsq_insert()".
  // Answers 0, so that a helper can return it.
  uint64_t refuse(const std::string& message);
  // The policy's line that calls a kfunc, while it does: "simple.bpf.c:42".
  std::string call_site() const {
    return object_->where(static_cast<uint32_t>(site >> 32), static_cast<uint32_t>(site));
  }
  // Backward jumps and calls of functions that the last outermost call took.
  int64_t last_steps() const { return last_steps_; }
  // A helper loops over `count` things at the policy's wish: false after a trap when the callback has no more budget.
  bool charge(uint64_t count);

  // ---- guest memory ----
  // Zeroed; apart from its neighbours by a granule that cannot be accessed. 0: no more memory.
  uint64_t allocate(size_t bytes, int perm_bits) { return memory_.allocate(bytes, perm_bits, BlockKind::kPlain); }
  void release(uint64_t address, size_t bytes);  // faults from now on; used again as late as possible
  void protect(uint64_t address, size_t bytes, int perm_bits) { memory_.protect(address, bytes, perm_bits); }
  bool mapped(uint64_t address, size_t bytes, int perm_bits) const {
    const uint64_t offset = address - VM_BASE;  // wraps for what lies below: too large then
    if (offset >= size || bytes > size - offset) return false;
    if (bytes == 0) return true;
    for (uint64_t g = offset >> VM_GRANULE_SHIFT; g <= (offset + bytes - 1) >> VM_GRANULE_SHIFT; ++g) {
      if ((perm[g] & perm_bits) != perm_bits) return false;
    }
    return true;
  }
  // Unchecked, for addresses of the host's own.
  template <class T = std::byte>
  T* at(uint64_t address) {
    return reinterpret_cast<T*>(mem + (address - VM_BASE));
  }
  // For addresses from the policy: null after a trap when it may not access [address, address + bytes). May be
  // misaligned, as for BPF code: read what is wider than a byte with load() and store() or memcpy.
  template <class T = std::byte>
  T* checked(uint64_t address, int perm_bits, size_t bytes = sizeof(T)) {
    return mapped(address, bytes, perm_bits) ? at<T>(address) : (bad_pointer(address, bytes, perm_bits), nullptr);
  }
  template <class T>
  std::optional<T> load(uint64_t address) {
    const std::byte* const from = checked(address, VM_READ, sizeof(T));
    if (from == nullptr) return std::nullopt;
    T value;
    __builtin_memcpy(&value, from, sizeof(T));
    return value;
  }
  template <class T>
  bool store(uint64_t address, T value) {
    std::byte* const to = checked(address, VM_WRITE, sizeof(T));
    if (to != nullptr) __builtin_memcpy(to, &value, sizeof(T));
    return to != nullptr;
  }
  // A string of the policy's without its NUL, cut at `limit` bytes; none after a trap.
  std::optional<std::string> string_at(uint64_t address, size_t limit);
  Memory& memory() { return memory_; }
  const Memory& memory() const { return memory_; }
  // Bytes of a struct cpumask as the policy knows it, and of the part that holds CPUs of this machine.
  size_t cpumask_size() const { return cpumask_size_; }
  size_t cpumask_bytes() const { return (nr_cpus_ + 63) / 64 * 8; }

  // ---- globals and maps, for the host and the user-space half ----
  std::span<std::byte> variable(const std::string& name);  // empty: none
  // By name; key and value have the map's sizes. A per-CPU value is the values of all CPUs, each rounded up to 8 bytes,
  // as in the kernel; an update with one value sets that for every CPU. False: no such map or key, or wrong sizes.
  bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value);
  bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value);
  bool map_delete(const std::string& map, std::span<const std::byte> key);
  std::vector<std::vector<std::byte>> map_keys(const std::string& map);  // in the order the policy would see them
  // The value in place, for arrays and per-CPU arrays; empty: none.
  std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu = {});
  // Puts the map `inner` into a map of maps; "" takes one out. False: no such maps or key.
  bool map_set_inner(const std::string& map, std::span<const std::byte> key, const std::string& inner);
  // Passes every complete record of a ring buffer to `take`, oldest first, and frees it; says how many.
  size_t drain(const std::string& ring, const std::function<void(std::span<const std::byte>)>& take);
  // The task or cgroup dies: its local storage goes.
  void release_storage(uint64_t owner);

  // ---- for helpers ----
  Map* map_at(uint64_t handle);                // null after a trap when it is no map
  uint64_t make_map(uint32_t template_index);  // one more map like a template; its handle, 0: no memory
  Map* map_by_index(size_t index) { return maps_[index].get(); }
  Map* map_by_name(const std::string& name);  // null: none
  HelperState& state() { return *state_; }

 private:
  uint64_t enter(size_t function, const uint64_t (&r)[5]);
  void note_trap(size_t function);
  void bad_pointer(uint64_t address, size_t bytes, int perm_bits);
  void lay_out();
  void link(std::span<const VmExport> exports);

  std::shared_ptr<const BpfObject> object_;
  VmHost& host_;
  size_t nr_cpus_;
  Rng rng_;
  std::optional<Trap> trap_info_;
  Memory memory_;
  std::unique_ptr<HelperState> state_;
  std::vector<std::unique_ptr<Map>> maps_;              // as object().maps; null: a template
  std::map<uint64_t, std::unique_ptr<Map>> more_maps_;  // by handle: those of make_map()
  std::vector<vm_func> calls_;
  std::string refusal_;
  size_t cpumask_size_ = 0;
  uint64_t maps_base_ = 0;  // address of the first handle
  uint64_t contexts_ = 0;   // the arguments of call_program(), a level each
  uint32_t nesting_ = 0;    // calls under way
  int64_t allowance_;       // budget that is left to the run
  int64_t granted_ = 0, last_steps_ = 0;
};

// Helpers and kfuncs that have nothing to do with scheduling: maps, memory, cpumasks, objects, time, printing.
std::span<const VmExport> generic_exports();

}  // namespace simsched::bpf
