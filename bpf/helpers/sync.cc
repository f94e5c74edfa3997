// Locks and sections. A policy runs alone, so that they only have to balance: what the verifier checks is checked here.
#include <linux/bpf.h>

#include <algorithm>

#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"

namespace simsched::bpf {
namespace {

constexpr uint32_t kMaxDepth = 1 << 16;

uint64_t spin_lock(Vm& vm, uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (vm.checked(lock, VM_READ | VM_WRITE, 4) == nullptr) return 0;
  auto& held = vm.state().spin_locks;
  if (!held.empty()) return vm.refuse("takes a spin lock while it holds one");
  held.push_back(lock);
  return 0;
}
uint64_t spin_unlock(Vm& vm, uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  auto& held = vm.state().spin_locks;
  if (held.empty() || held.back() != lock) return vm.refuse("gives up a spin lock that it does not hold");
  held.pop_back();
  return 0;
}

uint64_t res_spin_lock(Vm& vm, uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (vm.checked(lock, VM_READ | VM_WRITE, 4) == nullptr) return 0;
  auto& held = vm.state().res_locks;
  if (std::find(held.begin(), held.end(), lock) != held.end()) return fail(EDEADLK);
  if (held.size() >= 31) return fail(ETIMEDOUT);  // RES_NR_HELD
  held.push_back(lock);
  return 0;
}
uint64_t res_spin_unlock(Vm& vm, uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  auto& held = vm.state().res_locks;
  if (held.empty() || held.back() != lock) {
    return vm.refuse("gives up a resilient spin lock that it did not take last");
  }
  held.pop_back();
  return 0;
}
uint64_t res_spin_lock_irqsave(Vm& vm, uint64_t lock, uint64_t flags, uint64_t, uint64_t, uint64_t) {
  return vm.store<uint64_t>(flags, 0) ? res_spin_lock(vm, lock, 0, 0, 0, 0) : 0;
}

uint64_t enter(Vm& vm, uint32_t& depth, const char* what) {
  return depth < kMaxDepth ? ++depth, 0 : vm.refuse(std::string(what) + " too often");
}
uint64_t leave(Vm& vm, uint32_t& depth, const char* what) {
  return depth > 0 ? --depth, 0 : vm.refuse(std::string(what) + " that it is not in");
}

uint64_t rcu_read_lock(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return enter(vm, vm.state().rcu, "takes the RCU read lock");
}
uint64_t rcu_read_unlock(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return leave(vm, vm.state().rcu, "leaves an RCU section");
}
uint64_t preempt_disable(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return enter(vm, vm.state().preempt, "disables preemption");
}
uint64_t preempt_enable(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return leave(vm, vm.state().preempt, "leaves a section without preemption");
}
uint64_t local_irq_save(Vm& vm, uint64_t flags, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.store<uint64_t>(flags, vm.state().irq) ? enter(vm, vm.state().irq, "disables interrupts") : 0;
}
uint64_t local_irq_restore(Vm& vm, uint64_t flags, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.checked(flags, VM_READ, 8) != nullptr ? leave(vm, vm.state().irq, "leaves a section without interrupts")
                                                  : 0;
}

}  // namespace

std::span<const VmExport> sync_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_spin_lock, spin_lock},
      {nullptr, BPF_FUNC_spin_unlock, spin_unlock},
      {"bpf_res_spin_lock", 0, res_spin_lock},
      {"bpf_res_spin_unlock", 0, res_spin_unlock},
      {"bpf_res_spin_lock_irqsave", 0, res_spin_lock_irqsave},
      {"bpf_res_spin_unlock_irqrestore", 0, res_spin_unlock},
      {"bpf_rcu_read_lock", 0, rcu_read_lock},
      {"bpf_rcu_read_unlock", 0, rcu_read_unlock},
      {"bpf_preempt_disable", 0, preempt_disable},
      {"bpf_preempt_enable", 0, preempt_enable},
      {"bpf_local_irq_save", 0, local_irq_save},
      {"bpf_local_irq_restore", 0, local_irq_restore},
  };
  return kExports;
}

}  // namespace simsched::bpf
