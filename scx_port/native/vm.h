// Vm: one running instance of a BpfObject: its memory, globals and maps. A simulation owns one; any number run side by
// side in any threads, sharing the object's code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/units.h"
#include "base/ids.h"
#include "scx_port/native/object.h"
#include "scx_port/native/vm_abi.h"

namespace simsched::native {

class Vm;

// What generic helpers need to know of the world outside; the scheduler's host implements it.
class VmHost {
 public:
  virtual ~VmHost() = default;
  virtual Nanos now() const = 0;
  virtual CpuId this_cpu() const = 0;
  virtual uint64_t current_task() = 0;                  // guest address of the current task_struct
  virtual void arm_timer(uint64_t timer, Nanos at) = 0; // calls Vm::fire_timer(timer) then; replaces an earlier arming
  virtual void cancel_timer(uint64_t timer) = 0;
  virtual void print(const std::string& text) = 0;      // bpf_printk()
};

// A helper or kfunc in the host. Reads its arguments as the kernel's would; answers in r0.
using VmFunction = uint64_t (*)(Vm& vm, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
struct VmExport {
  const char* name;         // of a kfunc; null: a helper
  uint32_t id;              // of a helper
  VmFunction function;
};

struct Trap {
  vm_trap_kind kind;
  std::string where;        // "simple.bpf.c:42"
  std::string what;         // "reads 8 bytes at 0x0, which is not memory of its own"
};

class Vm : public vm {
 public:
  // `exports`: what the host offers beside the generic helpers and kfuncs (generic_exports()); found first.
  // Throws Error (where: the object's name) when the policy needs a helper or kfunc that nobody offers.
  Vm(std::shared_ptr<const BpfObject> object, VmHost& host, std::span<const VmExport> exports, size_t nr_cpus,
     uint64_t seed);
  ~Vm();
  Vm(const Vm&) = delete;

  const BpfObject& object() const { return *object_; }
  VmHost& host() { return host_; }
  size_t nr_cpus() const { return nr_cpus_; }
  Rng& rng() { return rng_; }
  void* user = nullptr;     // the scheduler's host, for its kfuncs

  // Calls a function with up to five arguments; 0 after a trap. The outermost call renews the budget.
  uint64_t call(size_t function, std::initializer_list<uint64_t> arguments);
  // Calls a struct_ops or tracing program: its r1 is the address of the array of its arguments.
  uint64_t call_program(size_t function, std::initializer_list<uint64_t> arguments);
  void fire_timer(uint64_t timer);
  const std::optional<Trap>& trap_info() const { return trap_info_; }  // the first one; the Vm is of no more use then
  // A helper or kfunc refuses: the policy ends with this message, e.g. "passes a freed task to scx_bpf_dsq_insert()".
  void refuse(const std::string& message);

  // ---- guest memory ----
  // Zeroed; apart from its neighbours by a granule that cannot be accessed.
  uint64_t allocate(size_t size, int perm);
  void release(uint64_t address, size_t size);           // faults from now on; used again as late as possible
  void protect(uint64_t address, size_t size, int perm);
  bool mapped(uint64_t address, size_t size, int perm) const;
  // Unchecked, for addresses of the host's own.
  template <class T = std::byte>
  T* at(uint64_t address) { return reinterpret_cast<T*>(mem + (address - VM_BASE)); }
  // For addresses from the policy: null after a trap when it may not access [address, address + size).
  template <class T = std::byte>
  T* checked(uint64_t address, int perm, size_t size = sizeof(T)) {
    return mapped(address, size, perm) ? at<T>(address) : (bad_pointer(address, size, perm), nullptr);
  }
  uint64_t address_of(const void* host) const { return VM_BASE + static_cast<uint64_t>(static_cast<const unsigned char*>(host) - mem); }

  // ---- globals and maps, for the host and the user-space half ----
  std::span<std::byte> variable(const std::string& name);   // empty: none
  // By name; key and value have the map's sizes. False: no such map or key.
  bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value);
  bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value);
  // The value in place, for arrays and per-CPU arrays; empty: none.
  std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu = {});

 private:
  void bad_pointer(uint64_t address, size_t size, int perm);
  std::shared_ptr<const BpfObject> object_;
  VmHost& host_;
  size_t nr_cpus_;
  Rng rng_;
  std::optional<Trap> trap_info_;
  // The implementation adds what it needs.
};

// Helpers and kfuncs that have nothing to do with scheduling: maps, memory, cpumasks, objects, time, printing.
std::span<const VmExport> generic_exports();

}  // namespace simsched::native
