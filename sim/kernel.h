// Kernel: the simulated kernel, as its scheduling classes see it. Plays kernel/sched/core.c (Linux 6.18): owns CPUs and
// tasks, asks the classes what to run, moves and wakes tasks, and accounts for the time that they get.
//
// The public members are what a class may ask and do; the life of a simulation (its events, programs, hotplug, results)
// is Engine's (sim/engine.h), which is a Kernel. It knows SchedClass, no policy.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel_params.h"
#include "sim/kernel_state.h"
#include "sim/move_observer.h"
#include "sim/recorder.h"
#include "sim/sched_class.h"
#include "topology/machine.h"
#include "workloads/workload.h"

namespace simsched {

class Kernel : protected KernelState {
 public:
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // ---- What a class may ask: time and place ----
  Nanos now() const { return now_; }
  CpuId this_cpu() const { return context_.cpu; }  // whose event is being handled: the waker's CPU
  uint64_t seed() const { return seed_; }
  Rng& rng() { return rng_; }
  const Machine& machine() const { return machine_; }
  const Workload& workload() const { return workload_; }
  const KernelParams& params() const { return params_; }

  // ---- CPUs ----
  size_t nr_cpus() const { return rqs_.size(); }
  TaskId curr(CpuId cpu) const { return occupancy_[cpu.index()].curr; }  // none: idle
  uint32_t nr_running(CpuId cpu) const { return occupancy_[cpu.index()].nr_running; }
  // idle_cpu(): runs the idle task and nothing is queued.
  bool idle_cpu(CpuId cpu) const { return !curr(cpu).valid() && nr_running(cpu) == 0; }
  bool need_resched(CpuId cpu) const { return rqs_[cpu.index()].need_resched; }
  const CpuSet& online_cpus() const { return affinities_[0]; }
  bool cpu_online(CpuId cpu) const { return online_cpus().contains(cpu); }
  CpuTime cpu_time(CpuId cpu) const;  // up to now
  // Time in interrupts, up to now; and rq_clock_task(): the time of its tasks (update_rq_clock_task(), 6.18).
  Nanos irq_time(CpuId cpu) const {
    const Rq& rq = rqs_[cpu.index()];
    return rq.irq ? rq.time.irq + (now_ - rq.settled) : rq.time.irq;
  }
  Nanos clock_task(CpuId cpu) const { return now_ - irq_time(cpu); }
  // arch_scale_cpu_capacity(): of the CPU alone at its top frequency; arch_scale_freq_capacity(): its frequency, of the
  // top one. Of 1024.
  int64_t capacity(CpuId cpu) const { return machine_.cpu(cpu).kernel_capacity; }
  int64_t frequency(CpuId cpu) const { return rqs_[cpu.index()].frequency; }
  // What of its capacity is lost to the trip point of the machine (cpufreq_get_pressure()).
  int64_t pressure(CpuId cpu) const { return caps_power_ ? pressure_of(cpu) : 0; }
  // Of an idle CPU: how long its idle state takes to leave.
  Nanos idle_exit_latency(CpuId cpu) const { return sleeps_.empty() ? Nanos(0) : exit_latency_of(cpu); }

  // ---- Tasks ----
  size_t nr_tasks() const { return tasks_.size(); }  // the workload's, then one stopper a CPU
  bool is_stopper(TaskId task) const { return task.index() >= workload_.tasks.size(); }
  // Of the workload's tasks only (not of stoppers).
  const TaskSpec& spec(TaskId task) const { return workload_.tasks[task.index()]; }
  Nanos custom_slice(TaskId task) const { return spec(task).slice; }
  GroupId group(TaskId task) const { return tasks_[task.index()].group; }
  CpuId task_cpu(TaskId task) const { return tasks_[task.index()].cpu; }
  TaskState task_state(TaskId task) const { return tasks_[task.index()].state; }
  bool task_running(TaskId task) const { return task_state(task) == TaskState::kRunning; }
  bool task_blocked(TaskId task) const { return task_state(task) == TaskState::kBlocked; }
  bool task_on_rq(TaskId task) const { return tasks_[task.index()].on_rq; }
  bool task_exiting(TaskId task) const { return tasks_[task.index()].exiting; }
  SchedPolicy policy(TaskId task) const { return tasks_[task.index()].policy; }
  int8_t nice(TaskId task) const { return tasks_[task.index()].nice; }
  uint8_t rt_priority(TaskId task) const { return tasks_[task.index()].rt_priority; }
  const Reservation& reservation(TaskId task) const {  // of SCHED_DEADLINE
    return workload_.reservations[tasks_[task.index()].reservation - 1u];
  }
  bool task_throttled(TaskId task) const { return tasks_[task.index()].throttled; }
  Nanos time_on_cpu(TaskId task) const;     // since its start, up to now
  std::string describe(TaskId task) const;  // "cc1[1234]"
  // The CPUs that it may run on, of those online; all of these for a task whose own have all gone.
  const CpuSet& allowed(TaskId task) const { return affinities_[tasks_[task.index()].affinity.index()]; }
  bool cpu_allowed(TaskId task, CpuId cpu) const {
    return !tasks_[task.index()].affinity.value() && all_online_ ? true : allowed(task).contains(cpu);
  }
  // As the task asked for, whether online or not.
  const CpuSet& affinity(TaskId task) const { return wanted_affinities_[tasks_[task.index()].affinity.index()]; }
  AffinityId affinity_id(TaskId task) const { return tasks_[task.index()].affinity; }
  // The instruction sets that the task needs and the core of that CPU lacks.
  IsaSet isa_lacking(TaskId task, CpuId cpu) const {
    return isa_matters_ && !is_stopper(task) ? spec(task).isa & ~machine_.core_type(cpu).isa : 0;
  }
  const Memory& memory() const { return memory_; }
  // ---- Groups ----
  size_t nr_groups() const { return workload_.nr_groups(); }
  GroupId parent(GroupId group) const { return workload_.groups[group.index()].parent; }
  const GroupSpec& group_spec(GroupId group) const {  // as it is now, but for name and parent
    const int32_t changed = group_settings_[group.index()];
    return changed < 0 ? workload_.groups[group.index()] : workload_.settings[static_cast<size_t>(changed)];
  }
  // An allowed CPU for a task that cannot be where it should: near its own, if possible.
  CpuId fallback_cpu(TaskId task) const;

  // ---- Who watches ----
  // Of its own: assign() does not copy it. Null: nobody.
  void observe_moves(MoveObserver* observer) { move_observer_ = observer; }
  // Whether `task` goes from `src` to `dst` is decided, and about to be done.
  void decided(TaskId task, CpuId src, CpuId dst, MoveSite site, bool moves, Nanos slept = {}, Nanos lag = {}) const {
    if (move_observer_) [[unlikely]]
      move_observer_->decided(*this, {task, tasks_[task.index()], src, dst, site, moves, slept, lag});
  }
  bool moves_observed() const { return move_observer_ != nullptr; }

  // ---- What a class may do ----
  void resched_curr(CpuId cpu);
  // A queued, not running task of any class goes to another CPU's queue, where it may preempt unless the class sees to
  // that.
  void move_queued_task(TaskId task, CpuId to, MigrationKind kind, bool may_preempt = true);
  // A queued or running task may not run (any more) because its quota or budget is used up, and counts as neither
  // running nor waiting; or may again. A running one is about to leave its CPU.
  void throttle(TaskId task);
  void unthrottle(TaskId task);
  // The class wants something else of the CPU than before (SchedClass::demand()): asks the governor of its frequency.
  void cpufreq_update_util(CpuId cpu) {
    if (governs_frequency_) update_frequency(cpu, false);
  }
  // A task whose dequeue_task() was answered false is now off its queue.
  void finish_delayed_dequeue(TaskId task);
  // What the running task of `cpu` uses of memory is counted up to now.
  void account_memory(CpuId cpu) { memory_.settle(machine_, cpu, now_); }
  // At most so many pages of a running task go from one node to another, at its cost: how many did.
  int64_t move_pages(TaskId task, NodeId from, NodeId to, int64_t count);
  // Of a task that has not started yet.
  void set_policy(TaskId task, SchedPolicy policy);
  // The classes answer takes() otherwise than before: every living task goes to the class that takes it now.
  void reclassify_tasks();
  // SchedClass::timer(number) of `cls` is called at `at`. A class that changes its mind ignores the call.
  void set_timer(const SchedClass& cls, Nanos at, uint32_t number);
  // SchedClass::ipi(cpu) of `sender` is called on `cpu` when it takes the interrupt; wakes an idle CPU.
  void send_ipi(CpuId cpu, const SchedClass& sender);
  // SchedClass::stopper(cpu, task, dest) of `sender` is called in the stopper of `cpu`, above all classes.
  void queue_stopper(CpuId cpu, const SchedClass& sender, TaskId task, CpuId dest);
  void set_this_cpu(CpuId cpu) { context_.cpu = cpu; }  // what follows of this event happens there
  // The scheduler itself takes this long on `cpu`: whatever runs there next, or again, is so much later.
  void charge(CpuId cpu, Nanos cost) { rqs_[cpu.index()].charge += cost; }
  // `cpu` spins in the kernel until release(): what runs there makes no progress.
  void hold(CpuId cpu);
  void release(CpuId cpu);

 protected:
  Kernel(const Machine& machine, const Workload& workload, const KernelParams& params, uint64_t seed,
         std::vector<std::unique_ptr<SchedClass>> classes);
  ~Kernel();

  // Becomes like `other`, which was made from the same inputs: see Engine::assign().
  void assign(const Kernel& other);

  // When all is ready that classes may ask for.
  void attach_classes();

  // core.cc: scheduling
  void schedule(CpuId cpu);
  void switch_to(CpuId cpu, TaskId prev, TaskId next);
  void activate_task(CpuId cpu, TaskId task, uint32_t enqueue_flags);
  bool deactivate_task(CpuId cpu, TaskId task, uint32_t dequeue_flags);
  void end_delayed_sleep(TaskId task);
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags);
  void set_task_cpu(TaskId task, CpuId to, MigrationKind kind);
  void begin_waiting(Task& task);
  WastedIdle::Use idle_use(CpuId cpu) const {
    return !cpu_online(cpu) || rqs_[cpu.index()].irq ? WastedIdle::Use::kNone
           : need_resched(cpu)                       ? WastedIdle::Use::kLeaving
                                                     : WastedIdle::Use::kIdle;
  }
  void recount_wasted(WastedIdle& counts) const;
  void masks_changed();  // what affinities_ has
  void try_to_wake_up(TaskId task, uint32_t wake_flags);
  void wake_up_new_task(TaskId task);
  CpuId select_task_rq(TaskId task, uint32_t wake_flags);
  bool sched_exec(CpuId cpu, TaskId task);
  void plan_resched(CpuId cpu, Nanos delay);
  Nanos resched_delay(CpuId cpu);
  const Spread& interrupt_cost(CpuId cpu) const;
  void arm_tick(CpuId cpu);
  // can_stop_full_tick(): a nohz_full CPU has none while one task runs there, unless its class needs it. Not idle.
  bool tick_stopped(CpuId cpu) {
    return machine_.spec().nohz_full.contains(cpu) && nr_running(cpu) < 2 &&
           !class_of(curr(cpu)).needs_tick(cpu, curr(cpu));
  }
  void arm_remote_tick(CpuId cpu);
  Nanos next_grid_tick();
  Nanos tick_after(Nanos delay) const;
  void queue_stop_work(CpuId cpu, const StopWork& work);
  void run_stopper(CpuId cpu);
  uint8_t trace_context() const;
  bool kernel_preemptible() const { return params_.preempt == Preempt::kFull || params_.preempt == Preempt::kLazy; }

  // irq.cc: time that interrupts take
  void begin_irq(CpuId cpu);
  void end_irq(CpuId cpu);
  Nanos irq_time_for(CpuId cpu, Work work) const;
  // What runs there cannot be switched away from now; it will be, where the kernel looks at need_resched again.
  bool defers_resched(CpuId cpu) const;

  // classes.cc: whose task is it
  SchedClass& class_of(TaskId task) { return *classes_[tasks_[task.index()].sched_class]; }
  uint8_t class_index(const SchedClass& cls) const;
  void set_class(Task& task);
  void reclassify(TaskId task);

  // changes.cc: what others, or a task itself, make of it while it runs, waits or sleeps
  struct Change {
    TaskId task;
    bool queued, runs;
  };
  Change begin_change(TaskId task, uint32_t dequeue_flags);
  void end_change(const Change& change, uint32_t enqueue_flags);
  void set_nice(TaskId task, int nice);
  void set_scheduler(TaskId task, SchedPolicy policy, uint16_t parameter);
  void set_affinity(TaskId task, AffinityId wanted);
  void update_affinity(TaskId task);
  void move_to_group(TaskId task, GroupId group);
  void change_group(GroupId group, int32_t settings);
  void update_group_cpus();

  // affinity.cc: where a task may run that asks for `wanted`
  AffinityId affinity_for(TaskId task, AffinityId wanted);
  AffinityId within(AffinityId wanted, const CpuSet& cpus);

  // progress.cc: how work goes on
  void settle(CpuId cpu);
  void arm_done(CpuId cpu);
  void apply_charge(CpuId cpu);
  // Something of what makes these CPUs fast or slow has changed: what their tasks have done so far is settled at the
  // old speed, and what they do from now on is timed anew. Called by whoever changed it.
  void speed_changed(const CpuSet& cpus);
  void speed_changed(CpuId cpu);
  bool refresh_speed(CpuId cpu);
  WorkClass work_class(TaskId task) const { return is_stopper(task) ? WorkClass::kScalar : spec(task).work_class; }
  uint32_t smt_share(CpuId cpu, WorkClass kind) const;
  void set_frequency(CpuId cpu, uint32_t frequency);  // of its top frequency: 1..1024 of 1024
  void set_memory(CpuId cpu, uint32_t memory);        // how far memory lets its task get on: 1..1024 of 1024
  void memory_changed();                              // of some CPUs: as memory_ says
  void new_image(CpuId cpu, TaskId task);  // exec: of what the old one had in caches and memory nothing is left

  // cpufreq.cc: at which frequency
  void start_frequencies();
  CpuDemand demand(CpuId cpu);
  void update_frequency(CpuId cpu, bool iowait);
  uint32_t schedutil_opp(CpuId cpu, const CoreType& type);
  uint32_t ondemand_opp(CpuId cpu, const CoreType& type);
  void ask_for_opp(PowerDomainId domain, uint32_t opp, bool sampled);
  void change_frequency(PowerDomainId domain);
  uint32_t opp_below(PowerDomainId domain, int64_t mhz) const;
  uint32_t opp_as_granted(PowerDomainId domain) const;
  void run_as_granted();
  void run_at(PowerDomainId domain, uint32_t opp);
  void switch_core(CpuId cpu);
  NamedValues frequency_counters() const;

  // power_cap.cc: how much power it may take
  void start_power_cap();
  void update_power_cap();
  int64_t pressure_of(CpuId cpu) const;
  NamedValues power_cap_counters() const;

  // cpuidle.cc: in which idle state
  void start_sleeps();
  Nanos sleep_length(CpuId cpu);
  void add_sleep_timer(CpuId cpu, Nanos at);
  void enter_idle(CpuId cpu);
  void end_sleep(CpuId cpu, bool by_tick);
  void leave_idle(CpuId cpu);
  void interrupt_idle(CpuId cpu, bool by_tick);
  Nanos exit_latency_of(CpuId cpu) const;
  NamedValues idle_counters() const;

  const Machine& machine_;
  const Workload& workload_;
  const KernelParams params_;
  const uint64_t seed_;
  std::vector<std::unique_ptr<SchedClass>> classes_;
  struct {
    std::vector<SchedClass*> tasks, idle, switches, scheduled, online;
  } watchers_;
  std::optional<Recorder> recorder_;
  MoveObserver* move_observer_ = nullptr;
  bool classes_matter_ = false;            // cores, or their threads, do not do all classes of work alike
  bool isa_matters_ = false;               // some task needs an instruction set that some core lacks
  bool governs_frequency_ = false;         // a governor that changes something
  bool caps_power_ = false;
  size_t most_opps_ = 0;  // of any core type
};

}  // namespace simsched
