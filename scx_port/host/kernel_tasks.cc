// task_structs.

#include <algorithm>

#include "bpf/helpers/helpers.h"
#include "policies/ext/ext_class.h"
#include "scx_port/host/kernel_objects.h"

namespace simsched::bpf {
namespace {

// include/linux/sched.h, 6.18.
constexpr uint64_t kPfExiting = 0x4, kPfWqWorker = 0x20, kPfKthread = 0x200000, kPfNoSetaffinity = 0x4000000;
constexpr uint64_t kTaskInterruptible = 1, kTaskDead = 0x80;  // of __state; a trace's prev_state has other bits
constexpr int kDefaultPrio = 120, kMaxRtPrio = 100;

constexpr size_t kAlign = size_t{1} << VM_GRANULE_SHIFT;
constexpr size_t granules(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

}  // namespace

// A task_struct, a granule that only the host may touch, for members that the policy's types lack but the scheduling
// class needs; then the mm_struct, opaque but for its address.
size_t KernelObjects::task_bytes() const { return granules(layout_.size) + kAlign + layout_.mm_size; }

uint64_t KernelObjects::make_task_struct(int32_t pid, const std::string& comm, uint64_t flags, Owner owner) {
  uint64_t address = vm_.allocate(task_bytes(), 0);
  vm_.protect(address, layout_.size, VM_READ);
  // The verifier lets a policy write these three (bpf_scx_btf_struct_access(), kernel/sched/ext.c); permissions are by
  // granule.
  for (const Member* field : {&layout_.slice, &layout_.dsq_vtime, &layout_.disallow})
    if (*field) vm_.protect((address + field->offset) & ~(kAlign - 1), kAlign, VM_READ | VM_WRITE);
  std::byte* p = vm_.at(address);
  layout_.pid.put(p, static_cast<uint64_t>(pid));
  layout_.tgid.put(p, static_cast<uint64_t>(pid));
  layout_.comm.put_text(p, comm);
  layout_.flags.put(p, flags);
  layout_.prio.put(p, kDefaultPrio);
  layout_.static_prio.put(p, kDefaultPrio);
  layout_.normal_prio.put(p, kDefaultPrio);
  layout_.group_leader.put(p, address);
  layout_.cgroups.put(p, css_sets_[0]);
  layout_.task_group.put(p, task_groups_[0]);
  layout_.weight.put(p, ext::kCgroupWeightDfl);
  layout_.ddsp_dsq_id.put(p, ext::kDsqInvalid);
  layout_.sticky_cpu.put(p, ~uint64_t{0});
  layout_.holding_cpu.put(p, ~uint64_t{0});
  layout_.numa_node.put(p, ~uint64_t{0});
  if (layout_.mm && (flags & kPfKthread) == 0) {
    uint64_t mm = address + granules(layout_.size) + kAlign;
    vm_.protect(mm, layout_.mm_size, VM_READ);
    layout_.mm.put(p, mm);
    layout_.active_mm.put(p, mm);
    if (layout_.mm_owner.offset + layout_.mm_owner.size <= layout_.mm_size) layout_.mm_owner.put(vm_.at(mm), address);
  }
  layout_.signal.put(p, signal_);
  layout_.cred.put(p, cred_);
  layout_.real_cred.put(p, cred_);
  own(address, owner);
  return address;
}

void KernelObjects::adopt(TaskId task) {
  Slot& slot = slots_[task.index()];
  bool stopper = kernel_.is_stopper(task);
  const TaskSpec* spec = stopper ? nullptr : &kernel_.spec(task);
  std::string comm = stopper ? kernel_.describe(task) : kernel_.workload().task_name(task);
  // The stoppers' pids come early in a boot; no workload is recorded there. They only have to differ.
  int32_t pid = stopper ? static_cast<int32_t>(11 + (task.index() - nr_workload_tasks_)) : spec->pid;
  slot = Slot{};
  slot.address = make_task_struct(pid, comm, kernel_flags(task), {Kind::kTask, task.value()});
  std::byte* p = vm_.at(slot.address);
  uint64_t now = static_cast<uint64_t>((kernel_.now() + ext::ExtClass::kUptime).count());
  layout_.start_time.put(p, now);
  layout_.start_boottime.put(p, now);
  if (!stopper) regroup(task);
  refresh(task, slot);

  int32_t parent = spec != nullptr && spec->parent.valid() ? spec->parent.value() : -1;
  if (parent >= 0 && slots_[static_cast<size_t>(parent)].address != 0) {
    link(task.value(), parent);
    set_parent(slot.address, slots_[static_cast<size_t>(parent)].address);
  } else {
    set_parent(slot.address, root_parent(task));
  }
  if (!stopper) by_pid_[pid] = task;
}

ext::TaskFields KernelObjects::fields(TaskId task) {
  std::byte* p = vm_.at(slots_[task.index()].address);
  // What the policy's types lack lies in the host's granule, one word each.
  std::byte* spare = p + granules(layout_.size);
  auto place = [&](const Member& field, size_t word) { return field ? p + field.offset : spare + 8 * word; };
  ext::TaskFields fields;
  fields.slice = reinterpret_cast<uint64_t*>(place(layout_.slice, 0));
  fields.dsq_vtime = reinterpret_cast<uint64_t*>(place(layout_.dsq_vtime, 1));
  fields.weight = reinterpret_cast<uint32_t*>(place(layout_.weight, 2));
  fields.flags = reinterpret_cast<uint32_t*>(place(layout_.scx_flags, 3));
  fields.disallow = reinterpret_cast<uint8_t*>(place(layout_.disallow, 4));
  if (layout_.runnable_at.size == 8) fields.runnable_at = reinterpret_cast<uint64_t*>(p + layout_.runnable_at.offset);
  return fields;
}

void KernelObjects::drop(TaskId task) {
  Slot& slot = slots_[task.index()];
  if (slot.address == 0) return;
  int32_t id = task.value();
  while (slot.first_child >= 0) {
    int32_t child = slot.first_child;
    unlink(child);
    set_parent(slots_[static_cast<size_t>(child)].address, root_parent(TaskId(child)));
  }
  unlink(id);
  auto by_pid = by_pid_.find(kernel_.spec(task).pid);
  if (by_pid != by_pid_.end() && by_pid->second == task) by_pid_.erase(by_pid);
  own(slot.address, {Kind::kExited, id});
  if (slot.references > 0) {
    std::byte* p = vm_.at(slot.address);
    layout_.state.put(p, kTaskDead);
    layout_.flags.put(p, kernel_flags(task) | kPfExiting);
    set_parent(slot.address, root_parent(task));  // which outlives it
    zombies_[slot.address] = slot.references;
  } else {
    release_task_struct(slot.address);
  }
  slot = Slot{};
}

void KernelObjects::release_task_struct(uint64_t address) { vm_.release(address, task_bytes()); }

uint64_t KernelObjects::kernel_flags(TaskId task) const {
  if (kernel_.is_stopper(task)) return kPfKthread | kPfNoSetaffinity;
  const TaskSpec& spec = kernel_.spec(task);
  uint64_t flags = kernel_.task_exiting(task) ? kPfExiting : 0;
  if (!spec.kthread) return flags;
  flags |= kPfKthread;
  if (kernel_.workload().task_name(task).starts_with("kworker/")) flags |= kPfWqWorker;
  if (spec.affinity.value() != 0 && kernel_.affinity(task).size() == 1) flags |= kPfNoSetaffinity;
  return flags;
}

void KernelObjects::refresh(TaskId task, Slot& slot) {
  std::byte* p = vm_.at(slot.address);
  uint64_t now = signature(task), changed = now ^ slot.signature;
  slot.signature = now;
  if (changed >> kAttributeShift != 0 || kernel_.affinity_id(task) != slot.affinity) refresh_attributes(task, slot);
  if (static_cast<uint32_t>(changed) != 0) {
    uint64_t cpu = static_cast<uint32_t>(now);
    layout_.cpu.put(p, cpu);
    layout_.wake_cpu.put(p, cpu);
    layout_.recent_used_cpu.put(p, cpu);
  }
  layout_.on_cpu.put(p, kernel_.task_running(task));
  layout_.on_rq.put(p, kernel_.task_on_rq(task));
  layout_.state.put(p, kernel_.task_blocked(task) ? kTaskInterruptible : 0);
}

// What seldom changes.
void KernelObjects::refresh_attributes(TaskId task, Slot& slot) {
  std::byte* p = vm_.at(slot.address);
  // cpus_ptr keeps CPUs that are offline.
  if (kernel_.affinity_id(task) != slot.affinity) {
    slot.affinity = kernel_.affinity_id(task);
    const CpuSet& allowed = kernel_.affinity(task);
    layout_.nr_cpus_allowed.put(p, allowed.size());
    if (layout_.cpus_mask.size >= mask_words_ * 8) {
      write_mask(slot.address + layout_.cpus_mask.offset, allowed);
      layout_.cpus_ptr.put(p, slot.address + layout_.cpus_mask.offset);
    } else {
      layout_.cpus_ptr.put(p, mask_of(task));
    }
  }
  layout_.flags.put(p, kernel_flags(task));
  bool stopper = kernel_.is_stopper(task);
  SchedPolicy policy = kernel_.policy(task);
  bool rt = is_real_time(policy);
  int static_prio = kDefaultPrio + kernel_.nice(task);
  bool deadline = policy == SchedPolicy::kDeadline;
  int prio = stopper ? 0 : deadline ? -1 : rt ? kMaxRtPrio - 1 - kernel_.rt_priority(task) : static_prio;
  layout_.policy.put(p, static_cast<uint64_t>(stopper ? SchedPolicy::kFifo : policy));
  layout_.static_prio.put(p, static_cast<uint64_t>(static_prio));
  layout_.prio.put(p, static_cast<uint64_t>(prio));
  layout_.normal_prio.put(p, static_cast<uint64_t>(prio));
  layout_.rt_priority.put(p, rt ? static_cast<uint64_t>(kernel_.rt_priority(task)) : 0);
  // __setparam_dl(); what is left of the budget is not kept.
  const Reservation none{}, &reservation = deadline ? kernel_.reservation(task) : none;
  layout_.dl_runtime.put(p, static_cast<uint64_t>(reservation.runtime.count()));
  layout_.dl_deadline.put(p, static_cast<uint64_t>(reservation.deadline.count()));
  layout_.dl_period.put(p, static_cast<uint64_t>(reservation.period.count()));
}

void KernelObjects::count_switch(TaskId task, bool voluntary) {
  const Member& field = voluntary ? layout_.nvcsw : layout_.nivcsw;
  uint64_t address = slots_[task.index()].address;
  if (field && address != 0) field.put(vm_.at(address), field.get(vm_.at(address)) + 1);
}

// ---- families ----

void KernelObjects::set_parent(uint64_t task, uint64_t parent) {
  layout_.real_parent.put(vm_.at(task), parent);
  layout_.parent.put(vm_.at(task), parent);
}

uint64_t KernelObjects::root_parent(TaskId task) const {
  return kernel_.is_stopper(task) || kernel_.spec(task).kthread ? kthreadd_ : init_;
}

void KernelObjects::link(int32_t task, int32_t parent) {
  Slot &child = slots_[static_cast<size_t>(task)], &above = slots_[static_cast<size_t>(parent)];
  child.parent = parent;
  child.next_sibling = above.first_child;
  if (above.first_child >= 0) slots_[static_cast<size_t>(above.first_child)].previous_sibling = task;
  above.first_child = task;
}

void KernelObjects::unlink(int32_t task) {
  Slot& slot = slots_[static_cast<size_t>(task)];
  if (slot.parent < 0) return;
  if (slot.previous_sibling >= 0)
    slots_[static_cast<size_t>(slot.previous_sibling)].next_sibling = slot.next_sibling;
  else
    slots_[static_cast<size_t>(slot.parent)].first_child = slot.next_sibling;
  if (slot.next_sibling >= 0) slots_[static_cast<size_t>(slot.next_sibling)].previous_sibling = slot.previous_sibling;
  slot.parent = slot.next_sibling = slot.previous_sibling = -1;
}

// ---- what the policy passes ----

TaskId KernelObjects::with_pid(int32_t pid) const {
  auto found = by_pid_.find(pid);
  return found == by_pid_.end() ? TaskId() : found->second;
}

TaskId KernelObjects::next_alive(TaskId after) const {
  for (size_t i = static_cast<size_t>(after.value() + 1); i < nr_workload_tasks_; ++i)
    if (slots_[i].address != 0) return TaskId(i);
  return {};
}

void KernelObjects::refuse_task(uint64_t address, const char* kfunc) {
  Owner owner = owner_of(address);
  std::string what = hex(address) + ", which is no task";
  if (address == 0) what = "a null task";
  if (owner.kind == Kind::kExited) what = "a task that has exited";
  if (owner.kind == Kind::kIdleTask) what = "an idle task";
  if (owner.kind == Kind::kInit) what = "a task that never runs here";
  if (owner.kind == Kind::kTask) what = kernel_.describe(TaskId(owner.id)) + ", which is above sched_ext";
  vm_.refuse(std::string(kfunc) + "() is passed " + what);
}

TaskId KernelObjects::any_argument(uint64_t address, const char* kfunc, CpuId* idle) {
  *idle = CpuId();
  Owner owner = owner_of(address);
  if (owner.kind == Kind::kTask) return TaskId(owner.id);
  if (owner.kind == Kind::kIdleTask)
    *idle = CpuId(owner.id);
  else
    refuse_task(address, kfunc);
  return {};
}

uint64_t KernelObjects::acquire(uint64_t address) {
  Owner owner = owner_of(address);
  switch (owner.kind) {
    case Kind::kTask:
      ++slots_[static_cast<size_t>(owner.id)].references;
      return address;
    case Kind::kIdleTask:
    case Kind::kInit:
      return address;
    case Kind::kExited: {
      auto zombie = zombies_.find(address);
      if (zombie == zombies_.end()) return 0;
      ++zombie->second;
      return address;
    }
    default:
      refuse_task(address, "bpf_task_acquire");
      return 0;
  }
}

void KernelObjects::release(uint64_t address, const char* kfunc) {
  Owner owner = owner_of(address);
  if (owner.kind == Kind::kIdleTask || owner.kind == Kind::kInit) return;
  if (owner.kind == Kind::kTask) {
    uint32_t& references = slots_[static_cast<size_t>(owner.id)].references;
    if (references > 0) {
      --references;
      return;
    }
    vm_.refuse(std::string(kfunc) + "() releases a task that it holds no reference to");
    return;
  }
  auto zombie = zombies_.find(address);
  if (zombie == zombies_.end()) {
    refuse_task(address, kfunc);
    return;
  }
  if (--zombie->second > 0) return;
  zombies_.erase(zombie);
  release_task_struct(address);
}

}  // namespace simsched::bpf
