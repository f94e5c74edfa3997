#include "scx_port/host/kernel_objects.h"

#include <algorithm>

#include "base/error.h"
#include "policies/ext/ext_class.h"

namespace simsched::bpf {

KernelObjects::KernelObjects(Vm& vm, const Kernel& kernel)
    : vm_(vm),
      kernel_(kernel),
      layout_(vm.object().btf),
      cgroup_layout_(vm.object().btf),
      rq_layout_(vm.object().btf),
      nr_workload_tasks_(kernel.workload().tasks.size()),
      mask_words_((vm.nr_cpus() + 63) / 64),
      mask_bytes_(structure_size(vm.object().btf, "cpumask", mask_words_ * 8)),
      slots_(kernel.nr_tasks()),
      argument_words_(mask_words_) {
  signal_ = vm.allocate(layout_.signal_size, VM_READ);
  layout_.signal_threads.put(vm.at(signal_), 1);
  cred_ = vm.allocate(layout_.cred_size, VM_READ);
  make_cgroups(kernel.params().autogroup ? 1 : kernel.nr_groups());
  constexpr uint64_t kIdle = 0x2, kKthread = 0x200000;
  for (size_t cpu = 0; cpu < vm.nr_cpus(); ++cpu) {
    uint64_t task = make_task_struct(0, "swapper/" + std::to_string(cpu), kIdle | kKthread,
                                     {Kind::kIdleTask, static_cast<int32_t>(cpu)});
    std::byte* p = vm_.at(task);
    layout_.cpu.put(p, cpu);
    layout_.wake_cpu.put(p, cpu);
    layout_.on_cpu.put(p, 1);
    layout_.on_rq.put(p, 1);
    uint64_t mask = mask_of(TaskId(nr_workload_tasks_ + cpu));
    layout_.cpus_ptr.put(p, mask);
    layout_.nr_cpus_allowed.put(p, 1);
    set_parent(task, idle_tasks_.empty() ? task : idle_tasks_[0]);
    idle_tasks_.push_back(task);
  }
  init_ = make_task_struct(1, "systemd", 0, {Kind::kInit, 0});
  kthreadd_ = make_task_struct(2, "kthreadd", kKthread, {Kind::kInit, 0});
  for (uint64_t task : {init_, kthreadd_}) {
    layout_.state.put(vm_.at(task), 1);  // they sleep for ever
    layout_.cpus_ptr.put(vm_.at(task), possible_mask());
    layout_.nr_cpus_allowed.put(vm_.at(task), vm.nr_cpus());
    set_parent(task, idle_tasks_[0]);
  }
  for (size_t cpu = 0; cpu < vm.nr_cpus(); ++cpu) adopt(TaskId(nr_workload_tasks_ + cpu));
  for (size_t cpu = 0; cpu < vm.nr_cpus(); ++cpu) {
    uint64_t rq = vm_.allocate(rq_layout_.size, VM_READ);
    std::byte* object = vm_.at(rq);
    rq_layout_.cpu.put(object, cpu);
    rq_layout_.idle.put(object, idle_tasks_[cpu]);
    rq_layout_.stop.put(object, slots_[nr_workload_tasks_ + cpu].address);
    rq_layout_.curr.put(object, idle_tasks_[cpu]);
    rqs_.push_back(rq);
    pelt_clocks_.emplace_back();
  }
}

void KernelObjects::assign(const KernelObjects& other) {
  // What is made at the start lies where it does there.
  SIMSCHED_CHECK(rqs_ == other.rqs_ && slots_.size() == other.slots_.size(), "both have the same kernel");
  owners_ = other.owners_;
  slots_ = other.slots_;
  by_pid_ = other.by_pid_;
  zombies_ = other.zombies_;
  masks_ = other.masks_;
  pelt_clocks_ = other.pelt_clocks_;
}

void KernelObjects::own(uint64_t address, Owner owner) {
  size_t granule = static_cast<size_t>((address - VM_BASE) >> VM_GRANULE_SHIFT);
  if (granule >= owners_.size()) owners_.resize(std::max(granule + 1, owners_.size() + owners_.size() / 2));
  owners_[granule] = owner;
}

uint64_t KernelObjects::current(CpuId cpu) {
  uint64_t address = task(kernel_.curr(cpu));
  return address != 0 ? address : idle_task(cpu);
}

uint64_t KernelObjects::rq(CpuId cpu, uint32_t nr_local, uint32_t nr_ext) {
  uint64_t address = rqs_[cpu.index()];
  std::byte* object = vm_.at(address);
  rq_layout_.curr.put(object, current(cpu));
  rq_layout_.nr_running.put(object, kernel_.nr_running(cpu));
  rq_layout_.local_nr.put(object, nr_local);
  rq_layout_.scx_nr_running.put(object, nr_ext);
  const auto clock = static_cast<uint64_t>((kernel_.now() + ext::ExtClass::kUptime).count());
  rq_layout_.clock.put(object, clock);
  if (rq_layout_.clock_task)
    rq_layout_.clock_task.put(object, static_cast<uint64_t>((kernel_.clock_task(cpu) + ext::ExtClass::kUptime).count()));
  if (rq_layout_.clock_pelt) rq_layout_.clock_pelt.put(object, clock_pelt(cpu));
  return address;
}

// rq_clock_pelt(): stands still while the CPU idles, and goes as fast as the CPU does. lost_idle_time, which is to be
// subtracted, is 0.
uint64_t KernelObjects::clock_pelt(CpuId cpu) {
  PeltClock& clock = pelt_clocks_[cpu.index()];
  const CpuTime time = kernel_.cpu_time(cpu);
  const Nanos busy = time.task + time.overhead;
  const auto speed = static_cast<uint64_t>(kernel_.capacity(cpu) * kernel_.frequency(cpu));  // of 1 << 20
  clock.scaled += static_cast<uint64_t>((busy - clock.busy).count()) * speed >> 20;
  clock.busy = busy;
  return clock.scaled;
}

}  // namespace simsched::bpf
