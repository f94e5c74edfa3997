// KernelObjects: the kernel's structures as a policy sees them, in its own memory: task_struct, cgroup, rq, cpumask.
// The engine's state is the truth; what the policy may look at is brought up to date when it is handed out.
//
// An object is known by its address, never by its content: nothing that a policy writes makes one pointer pass for
// another. A task that has exited stays readable only while the policy holds a reference (bpf_task_acquire()).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "bpf/vm.h"
#include "policies/ext/ops.h"
#include "scx_port/host/cid_map.h"
#include "scx_port/host/layout.h"
#include "sim/kernel.h"

namespace simsched::bpf {

class KernelObjects {
 public:
  KernelObjects(Vm& vm, const Kernel& kernel);
  KernelObjects(const KernelObjects&) = delete;
  // Becomes like `other`, of the same inputs, whose guest memory has been copied.
  void assign(const KernelObjects& other);

  // ---- tasks (kernel_tasks.cc) ----
  void adopt(TaskId task);
  ext::TaskFields fields(TaskId task);  // of one that was adopted
  void drop(TaskId task);
  // The task_struct, up to date; 0 for no task or one that was never adopted.
  uint64_t task(TaskId task) {
    if (!task.valid()) return 0;
    Slot& slot = slots_[task.index()];
    if (slot.address == 0) return 0;
    if (signature(task) != slot.signature || kernel_.affinity_id(task) != slot.affinity) refresh(task, slot);
    if (layout_.sum_exec_runtime)
      layout_.sum_exec_runtime.put(vm_.at(slot.address), static_cast<uint64_t>(kernel_.time_on_cpu(task).count()));
    if (layout_.utime)  // all of it: no task is in the kernel here, and stime stays 0
      layout_.utime.put(vm_.at(slot.address), static_cast<uint64_t>(kernel_.time_on_cpu(task).count()));
    return slot.address;
  }
  uint64_t idle_task(CpuId cpu) const { return idle_tasks_[cpu.index()]; }
  uint64_t current(CpuId cpu);         // what runs there: a task, the stopper or the idle task
  TaskId with_pid(int32_t pid) const;  // of the living; none
  TaskId next_alive(TaskId after) const;
  // The task at an address that the policy passes: none after a refusal that names `kfunc`. Only tasks of the workload,
  // alive, unless `any`: then stoppers too, and none without a refusal for an idle task, whose CPU `idle` tells.
  TaskId argument(uint64_t address, const char* kfunc) {
    TaskId task = live(address);
    if (task.valid() && task.index() < nr_workload_tasks_) [[likely]]
      return task;
    refuse_task(address, kfunc);
    return {};
  }
  TaskId any_argument(uint64_t address, const char* kfunc, CpuId* idle);
  void count_switch(TaskId task, bool voluntary);
  uint64_t acquire(uint64_t address);  // bpf_task_acquire(): 0 when it is too late
  void release(uint64_t address, const char* kfunc);
  bool is_task(uint64_t address) const {
    Kind kind = owner_of(address).kind;
    return kind == Kind::kTask || kind == Kind::kIdleTask || kind == Kind::kInit;
  }
  bool is_cgroup(uint64_t address) const { return owner_of(address).kind == Kind::kCgroup; }

  // ---- cgroups (kernel_cgroups.cc) ----
  uint64_t cgroup(GroupId group) const { return cgroups_[group.index()]; }
  uint64_t css(GroupId group) const { return cgroups_[group.index()] + cgroup_layout_.self.offset; }
  GroupId group_with_id(uint64_t id) const;                     // kn->id; none
  GroupId group_argument(uint64_t address, const char* kfunc);  // none after a refusal
  GroupId css_argument(uint64_t address, const char* kfunc);
  size_t nr_groups() const { return cgroups_.size(); }
  static uint64_t group_id(GroupId group) { return static_cast<uint64_t>(group.value()) + 1; }  // kn->id
  int level(GroupId group) const;
  GroupId ancestor(GroupId group, int level) const;                // up to its own
  std::vector<GroupId> subtree(GroupId top, bool post = false) const;  // with `top`: first, or last
  void regroup(TaskId task);                                       // its pointers follow Kernel::group()

  // ---- run queues (kernel_cgroups.cc) ----
  uint64_t rq(CpuId cpu, uint32_t nr_local, uint32_t nr_ext);

  // ---- masks (kernel_masks.cc) ----
  uint64_t make_mask();
  void write_mask(uint64_t mask, const CpuSet& cpus);
  uint64_t possible_mask();                     // of all CPUs; this and the next: the same address each time
  uint64_t online_mask();                       // brought up to date
  uint64_t mask_of_task(TaskId task);           // what p->cpus_ptr points to
  uint64_t transient_mask(const CpuSet& cpus);  // good until the next one
  uint64_t transient_cmask(const CpuSet& cpus, const CidMap& cids);  // a struct scx_cmask; likewise
  // The CPUs of a mask that the policy passes, good until the next call; null after a refusal.
  const CpuSet* mask_argument(uint64_t address, const char* kfunc);

 private:
  enum class Kind : uint8_t { kNone, kTask, kExited, kIdleTask, kInit, kCgroup };
  struct Owner {
    Kind kind = Kind::kNone;
    int32_t id = 0;
  };
  struct Slot {
    uint64_t address = 0;  // of the task_struct; 0: not adopted, or gone
    uint64_t signature = ~uint64_t{0};
    AffinityId affinity;
    uint32_t references = 0;
    int32_t parent = -1, first_child = -1, next_sibling = -1, previous_sibling = -1;
  };

  struct PeltClock {
    Nanos busy;           // up to which time of the CPU it is scaled
    uint64_t scaled = 0;  // ns
  };
  uint64_t clock_pelt(CpuId cpu);

  // What the task_struct says that changes, but for its CPUs, in one word: what seldom does from kAttributeShift on.
  static constexpr int kAttributeShift = 40;
  uint64_t signature(TaskId task) const {
    return static_cast<uint32_t>(kernel_.task_cpu(task).value()) | uint64_t{kernel_.task_running(task)} << 32 |
           uint64_t{kernel_.task_blocked(task)} << 33 | uint64_t{kernel_.task_on_rq(task)} << 34 |
           uint64_t{static_cast<uint8_t>(kernel_.nice(task))} << kAttributeShift |
           uint64_t{static_cast<uint8_t>(kernel_.policy(task))} << 48 | uint64_t{kernel_.task_exiting(task)} << 56 |
           static_cast<uint64_t>(kernel_.rt_priority(task)) << 57;  // 1..99
  }
  void refresh(TaskId task, Slot& slot);
  void refresh_attributes(TaskId task, Slot& slot);
  TaskId live(uint64_t address) const {
    Owner owner = owner_of(address);
    return owner.kind == Kind::kTask ? TaskId(owner.id) : TaskId();
  }
  Owner owner_of(uint64_t address) const {
    uint64_t offset = address - VM_BASE, granule = offset >> VM_GRANULE_SHIFT;
    if (granule >= owners_.size() || (offset & ((1 << VM_GRANULE_SHIFT) - 1)) != 0) return {};
    return owners_[granule];
  }
  void own(uint64_t address, Owner owner);
  uint64_t mask_of(TaskId task);  // of its affinity
  uint64_t made_mask(uint64_t* mask, const CpuSet& cpus);
  void refuse_task(uint64_t address, const char* kfunc);
  uint64_t make_task_struct(int32_t pid, const std::string& comm, uint64_t flags, Owner owner);
  void release_task_struct(uint64_t address);
  size_t task_bytes() const;
  void link(int32_t task, int32_t parent);
  void unlink(int32_t task);
  void set_parent(uint64_t task, uint64_t parent);
  uint64_t root_parent(TaskId task) const;
  uint64_t kernel_flags(TaskId task) const;
  void make_cgroups(size_t nr_groups);

  Vm& vm_;
  const Kernel& kernel_;
  const TaskLayout layout_;
  const CgroupLayout cgroup_layout_;
  const RqLayout rq_layout_;
  size_t nr_workload_tasks_, mask_words_, mask_bytes_;
  std::vector<Owner> owners_;  // by granule of guest memory: what begins there
  std::vector<Slot> slots_;    // by TaskId; the stoppers last
  std::vector<uint64_t> idle_tasks_, rqs_;
  std::vector<PeltClock> pelt_clocks_;  // by CPU
  uint64_t init_ = 0, kthreadd_ = 0;
  uint64_t signal_ = 0, cred_ = 0;  // the same for all: processes of one thread, of root
  std::unordered_map<int32_t, TaskId> by_pid_;
  std::unordered_map<uint64_t, uint32_t> zombies_;  // exited, still referred to: references by address
  std::vector<uint64_t> cgroups_, css_sets_, task_groups_;
  struct {
    std::vector<uint64_t> of_affinity;  // by AffinityId; 0: not made yet, here and below
    uint64_t possible = 0, online = 0, transient = 0, transient_cmask = 0;
  } masks_;
  CpuSet argument_mask_;
  std::vector<uint64_t> argument_words_;
};

}  // namespace simsched::bpf
