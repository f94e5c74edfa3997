// bpf_obj_new() and company, and kptr_xchg() (kernel/bpf/helpers.c, 6.18). What an object is and how many references
// it has stands in the block before it.
#include <linux/bpf.h>

#include <cstring>

#include "bpf/fields.h"
#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kMaxObject = uint64_t{1} << 20;
constexpr uint64_t kMaxPercpuObject = 512;  // BPF_GLOBAL_PERCPU_MA_MAX_SIZE

// The object of a kind at this address; null after a trap.
Block* object_at(Vm& vm, uint64_t address, BlockKind kind, const char* kfunc) {
  Block* const block = vm.memory().block(address);
  if (block != nullptr && block->kind == kind) return block;
  vm.refuse("passes " + hex(address) + " to " + kfunc + "(), which is no object that is alive");
  return nullptr;
}

uint64_t new_object(Vm& vm, uint64_t type, uint64_t most, const char* kfunc) {
  const uint64_t size = type <= UINT32_MAX ? vm.object().btf.size_of(static_cast<uint32_t>(type)) : 0;
  if (size != 0 && size <= most) return size;
  return vm.refuse("passes " + std::to_string(type) + " to " + kfunc + "(), which is no type of a good size");
}

uint64_t obj_new(Vm& vm, uint64_t type, uint64_t, uint64_t, uint64_t, uint64_t) {
  const uint64_t size = new_object(vm, type, kMaxObject, "bpf_obj_new");
  if (size == 0) return 0;
  const uint64_t address = vm.memory().allocate(size, VM_READ | VM_WRITE, BlockKind::kObject);
  if (address != 0) vm.memory().own(address).type = static_cast<uint32_t>(type);
  return address;
}
uint64_t obj_drop(Vm& vm, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (object_at(vm, address, BlockKind::kObject, "bpf_obj_drop") != nullptr) drop_reference(vm, address);
  return 0;
}
uint64_t refcount_acquire(Vm& vm, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
  Block* const object = object_at(vm, address, BlockKind::kObject, "bpf_refcount_acquire");
  if (object == nullptr) return 0;
  ++object->refs;
  return address;
}

uint64_t percpu_obj_new(Vm& vm, uint64_t type, uint64_t, uint64_t, uint64_t, uint64_t) {
  const uint64_t size = new_object(vm, type, kMaxPercpuObject, "bpf_percpu_obj_new");
  if (size == 0) return 0;
  const uint64_t stride = (size + 7) & ~uint64_t{7};
  const uint64_t address = vm.memory().allocate(stride * vm.nr_cpus(), VM_READ | VM_WRITE, BlockKind::kPercpuObject);
  if (address != 0) vm.memory().own(address).tag = stride;
  return address;
}
uint64_t percpu_obj_drop(Vm& vm, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (object_at(vm, address, BlockKind::kPercpuObject, "bpf_percpu_obj_drop") != nullptr) drop_reference(vm, address);
  return 0;
}

uint64_t kptr_xchg(Vm& vm, uint64_t slot, uint64_t pointer, uint64_t, uint64_t, uint64_t) {
  std::byte* const at = vm.checked(slot, VM_READ | VM_WRITE, 8);
  if (at == nullptr) return 0;
  uint64_t old = 0;
  std::memcpy(&old, at, 8);
  std::memcpy(at, &pointer, 8);
  return old;
}

// The copy of a per-CPU object, or of a per-CPU variable of the kernel, that belongs to a CPU.
uint64_t copy_of(Vm& vm, uint64_t address, size_t cpu, const char* helper) {
  const Block* const block = vm.memory().block(address);
  if (block != nullptr && block->kind == BlockKind::kPercpuObject) return address + cpu * block->tag;
  if (const uint64_t copy = vm.host().per_cpu_ptr(address, CpuId(cpu)); copy != 0) return copy;
  return vm.refuse("passes " + hex(address) + " to " + helper + "(), which is nothing that each CPU has");
}
uint64_t per_cpu_ptr(Vm& vm, uint64_t address, uint64_t cpu, uint64_t, uint64_t, uint64_t) {
  const uint32_t number = static_cast<uint32_t>(cpu);
  return number < vm.nr_cpus() ? copy_of(vm, address, number, "bpf_per_cpu_ptr") : 0;
}
uint64_t this_cpu_ptr(Vm& vm, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
  return copy_of(vm, address, vm.host().this_cpu().index(), "bpf_this_cpu_ptr");
}

}  // namespace

std::span<const VmExport> object_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_obj_new_impl", 0, obj_new},
      {"bpf_obj_drop_impl", 0, obj_drop},
      {"bpf_refcount_acquire_impl", 0, refcount_acquire},
      {"bpf_percpu_obj_new_impl", 0, percpu_obj_new},
      {"bpf_percpu_obj_drop_impl", 0, percpu_obj_drop},
      {nullptr, BPF_FUNC_kptr_xchg, kptr_xchg},
      {nullptr, BPF_FUNC_per_cpu_ptr, per_cpu_ptr},
      {nullptr, BPF_FUNC_this_cpu_ptr, this_cpu_ptr},
  };
  return kExports;
}

}  // namespace simsched::bpf
