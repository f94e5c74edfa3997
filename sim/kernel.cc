#include "sim/kernel.h"

#include "base/error.h"

namespace simsched {

Kernel::Kernel(const Machine& machine, const Workload& workload, const KernelParams& params, uint64_t seed,
               std::vector<std::unique_ptr<SchedClass>> classes)
    : machine_(machine), workload_(workload), params_(params), seed_(seed), classes_(std::move(classes)) {
  rng_ = Rng(seed);
  cost_rng_ = rng_.split(1);
  tasks_.resize(workload.tasks.size() + machine.nr_cpus());
  occupancy_.resize(machine.nr_cpus());
  rqs_.resize(machine.nr_cpus());
  agenda_ = Agenda(machine.nr_cpus());
  stop_work_.resize(machine.nr_cpus());
  // The first tick comes at an instant that has nothing to do with the workload's start.
  next_tick_ = Nanos(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(params_.tick().count()))));

  // An affinity that this machine has no CPU for is broken, as the kernel does when a CPU goes away.
  for (const CpuSet& wanted : workload.affinities) {
    CpuSet cpus = wanted & machine.cpus();
    wanted_affinities_.push_back(cpus.empty() ? machine.cpus() : cpus);
  }
  for (CpuId cpu : machine.cpus()) wanted_affinities_.push_back(CpuSet::single(cpu));
  affinities_ = wanted_affinities_;
  memory_ = Memory(machine, workload);
  IsaSet everywhere = ~IsaSet{0};
  for (const CoreType& type : machine.spec().core_types) {
    everywhere &= type.isa;
    classes_matter_ |= type.class_speed[0] != kCapacityScale || type.class_smt_share[0] != 0;
  }
  for (const TaskSpec& spec : workload.tasks) {
    classes_matter_ |= spec.work_class != WorkClass::kScalar;
    isa_matters_ |= (spec.isa & ~everywhere) != 0;
  }

  group_settings_.resize(workload.nr_groups(), -1);
  group_usage_.resize(workload.nr_groups());
  if (workload.nr_groups() > 1) usage_booked_.resize(workload.tasks.size());
  update_group_cpus();
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& spec = workload.tasks[i];
    Task& task = tasks_[i];
    task.policy = spec.policy;
    task.nice = spec.nice;
    task.rt_priority = spec.rt_priority;
    task.reservation = spec.reservation;
    task.group = spec.group;
    task.wanted_affinity = spec.affinity;
    task.affinity = affinity_for(TaskId(i), spec.affinity);
    CpuId cpu = spec.start_cpu.valid() && machine.cpus().contains(spec.start_cpu) ? spec.start_cpu
                                                                                  : CpuId(i % machine.nr_cpus());
    const CpuSet& cpus = allowed(TaskId(i));
    task.cpu = cpus.contains(cpu) ? cpu : cpus.first_cpu();
    set_class(task);
  }
  for (CpuId cpu : machine.cpus()) {
    Task& stopper = tasks_[workload.tasks.size() + cpu.index()];
    stopper.policy = SchedPolicy::kStop;
    stopper.affinity = AffinityId(workload.affinities.size() + cpu.index());
    stopper.cpu = cpu;
    stopper.state = TaskState::kBlocked;
    stopper.blocked_by = Cause::kBlockedIdle;
    set_class(stopper);
    rqs_[cpu.index()].has_siblings = machine.smt_cpus(cpu).size() > 1;
  }
  recount_wasted(wasted_);
  energy_ = EnergyMeter(machine, tasks_.size());
  start_frequencies();
  start_power_cap();
  for (CpuId cpu : machine.cpus()) refresh_speed(cpu);
  start_sleeps();
}

void Kernel::attach_classes() {
  for (auto& cls : classes_) {
    cls->attach(*this);
    const uint32_t watches = cls->watches();
    if (watches & kWatchTasks) watchers_.tasks.push_back(cls.get());
    if (watches & kWatchIdle) watchers_.idle.push_back(cls.get());
    if (watches & kWatchSwitches) watchers_.switches.push_back(cls.get());
    if (watches & kWatchScheduled) watchers_.scheduled.push_back(cls.get());
    if (watches & kWatchOnline) watchers_.online.push_back(cls.get());
  }
}

Kernel::~Kernel() = default;

void Kernel::assign(const Kernel& other) {
  SIMSCHED_CHECK(&machine_ == &other.machine_ && &workload_ == &other.workload_ && seed_ == other.seed_ &&
                     classes_.size() == other.classes_.size(),
                 "a simulation is copied into one of other inputs");
  SIMSCHED_CHECK(!recorder_ || other.recorder_, "a simulation that records cannot become like one that does not");
  static_cast<KernelState&>(*this) = other;
  if (recorder_) recorder_ = other.recorder_;
  for (size_t i = 0; i < classes_.size(); ++i) classes_[i]->assign(*other.classes_[i]);
}

uint8_t Kernel::trace_context() const {
  switch (context_.by) {
    case Context::By::kTask:
      break;
    case Context::By::kSoftIrq:
      return kSoftIrq;
    case Context::By::kHardIrq:
      return kHardIrq;
  }
  return 0;
}

std::string Kernel::describe(TaskId task) const {
  if (is_stopper(task)) return "migration/" + std::to_string(tasks_[task.index()].cpu.value());
  return workload_.task_name(task) + "[" + std::to_string(spec(task).pid) + "]";
}

}  // namespace simsched
