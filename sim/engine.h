// Engine: one simulation. Plays kernel/sched/core.c: owns time, tasks and CPUs, runs programs, asks
// the scheduling classes what to run, and accounts for every nanosecond. It knows SchedClass, no policy.
//
// Machine and Workload are shared and must outlive it; all that changes is inside, so any number of
// engines run side by side. Not thread-safe itself: one thread an engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/event_queue.h"
#include "sim/kernel_params.h"
#include "sim/metrics.h"
#include "sim/recorder.h"
#include "sim/results.h"
#include "sim/sched_class.h"
#include "sim/task.h"
#include "topology/machine.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched {

// A CPU goes away or comes back at some time.
struct HotplugEvent {
  Nanos at;
  CpuId cpu;
  bool online;
};

struct EngineOptions {
  KernelParams kernel;
  uint64_t seed = 1;
  Nanos duration = Nanos::max();   // stop then; else when every task that is not `background` has exited
  bool record = false;             // keep a SchedTrace
  bool check_invariants = false;   // after every event; for tests
  std::vector<HotplugEvent> hotplug;
};

class Engine {
 public:
  // `classes` from the highest to the lowest; one of them must take each policy of the workload.
  Engine(const Machine& machine, const Workload& workload, EngineOptions options,
         std::vector<std::unique_ptr<SchedClass>> classes);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs to the end. Throws Error when the workload can never end (a deadlock, an endless loop
  // without work), naming the task.
  void run();
  RunResult result() const;                          // after run()
  const SchedTrace& trace() const;                   // after run() with `record`
  uint64_t nr_events() const { return nr_events_; }

  // ---- What a scheduling class may ask ----
  Nanos now() const { return now_; }
  const Machine& machine() const { return machine_; }
  const Workload& workload() const { return workload_; }
  const KernelParams& kernel() const { return options_.kernel; }
  Rng& rng() { return rng_; }
  size_t nr_cpus() const { return rqs_.size(); }
  size_t nr_tasks() const { return tasks_.size(); }  // the workload's, then one stopper a CPU
  CpuId this_cpu() const { return this_cpu_; }       // whose event is being handled: the waker's CPU
  TaskId curr(CpuId cpu) const { return rqs_[cpu.index()].curr; }
  uint32_t nr_running(CpuId cpu) const { return rqs_[cpu.index()].nr_running; }
  // idle_cpu(): runs the idle task and nothing is queued.
  bool idle_cpu(CpuId cpu) const { return !rqs_[cpu.index()].curr.valid() && rqs_[cpu.index()].nr_running == 0; }
  bool need_resched(CpuId cpu) const { return rqs_[cpu.index()].need_resched; }

  CpuId task_cpu(TaskId task) const { return tasks_[task.index()].cpu; }
  bool task_running(TaskId task) const { return tasks_[task.index()].state == TaskState::kRunning; }
  bool task_blocked(TaskId task) const { return tasks_[task.index()].state == TaskState::kBlocked; }
  bool task_on_rq(TaskId task) const { return tasks_[task.index()].on_rq; }
  bool task_exiting(TaskId task) const { return tasks_[task.index()].exiting; }
  SchedPolicy policy(TaskId task) const { return tasks_[task.index()].policy; }
  int8_t nice(TaskId task) const { return tasks_[task.index()].nice; }
  bool is_stopper(TaskId task) const { return task.index() >= workload_.tasks.size(); }
  // Of the workload's tasks only (not of stoppers).
  const TaskSpec& spec(TaskId task) const { return workload_.tasks[task.index()]; }
  Nanos custom_slice(TaskId task) const { return spec(task).slice; }
  GroupId group(TaskId task) const { return spec(task).group; }
  const CpuSet& online_cpus() const { return affinities_[0]; }
  bool cpu_online(CpuId cpu) const { return online_cpus().contains(cpu); }
  // Of the CPUs that are online; all of these for a task whose own have all gone.
  const CpuSet& allowed(TaskId task) const { return affinities_[tasks_[task.index()].affinity.index()]; }
  bool cpu_allowed(TaskId task, CpuId cpu) const {
    return !tasks_[task.index()].affinity.value() && all_online_ ? true : allowed(task).contains(cpu);
  }
  // As the task asked for, whether online or not.
  const CpuSet& affinity(TaskId task) const { return wanted_affinities_[tasks_[task.index()].affinity.index()]; }
  AffinityId affinity_id(TaskId task) const { return tasks_[task.index()].affinity; }
  TaskState task_state(TaskId task) const { return tasks_[task.index()].state; }
  const Task& task(TaskId task) const { return tasks_[task.index()]; }
  // Up to now; a running task's and a CPU's time included.
  CpuTime cpu_time(CpuId cpu);
  TaskTime task_time(TaskId task);
  uint64_t switches(CpuId cpu) const { return rqs_[cpu.index()].switches; }
  std::string describe(TaskId task) const;  // "cc1[1234]"
  CpuTime cpu_time(CpuId cpu) const;        // up to now
  Nanos time_on_cpu(TaskId task) const;     // since its start, up to now

  // ---- What a scheduling class may do ----
  void resched_curr(CpuId cpu);
  // SchedClass::timer(number) of `cls` is called at `at`. A class that changes its mind ignores the call.
  void set_timer(const SchedClass& cls, Nanos at, uint32_t number);
  void set_this_cpu(CpuId cpu) { this_cpu_ = cpu; }  // what follows of this event happens there
  uint64_t seed() const { return options_.seed; }
  // The scheduler itself takes this long on `cpu`: whatever runs there next, or again, is so much later.
  void charge(CpuId cpu, Nanos cost) { rqs_[cpu.index()].charge += cost; }
  // `cpu` spins in the kernel until release(): what runs there makes no progress.
  void hold(CpuId cpu);
  void release(CpuId cpu);
  // Of a task that has not started yet.
  void set_policy(TaskId task, SchedPolicy policy);
  // An allowed CPU for a task that cannot be where it should: near its own, if possible.
  CpuId fallback_cpu(TaskId task) const;
  // The classes answer takes() otherwise than before: every living task goes to the class that takes it now.
  void reclassify_tasks();
  // A queued, not running task of any class goes to another CPU's queue, where it may preempt unless the class sees to that.
  void move_queued_task(TaskId task, CpuId to, MigrationKind kind, bool may_preempt = true);
  // A task whose dequeue_task() was answered false is now off its queue.
  void finish_delayed_dequeue(TaskId task);
  // SchedClass::ipi(cpu) of `sender` is called on `cpu` when it takes the interrupt; wakes an idle CPU.
  void send_ipi(CpuId cpu, const SchedClass& sender);
  // SchedClass::stopper(cpu, task, dest) of `sender` is called in the stopper of `cpu`, above all classes.
  void queue_stopper(CpuId cpu, const SchedClass& sender, TaskId task, CpuId dest);

 private:
  struct Token {
    uint32_t count = 0;
    TaskId first, last;  // waiters
  };
  struct StopWork {
    uint8_t sched_class;  // whose stopper() to call, unless
    bool direct;          // the engine itself moves the task (exec, affinity)
    MigrationKind kind;
    TaskId task;
    CpuId dest;
  };

  // engine.cc: the loop
  void handle(const Event& event);
  bool finished() const;
  void finish();
  [[noreturn]] void report_deadlock() const;
  void check_invariants() const;
  bool has_runnable(CpuId cpu) const;
  void change_hotplug(const HotplugEvent& change);
  void update_online();
  void tick(CpuId cpu);
  bool only_timers_left() const;
  void arm_tick(CpuId cpu);

  // core.cc: scheduling, as kernel/sched/core.c
  void schedule(CpuId cpu);
  void switch_to(CpuId cpu, TaskId prev, TaskId next);
  void activate_task(CpuId cpu, TaskId task, uint32_t enqueue_flags);
  bool deactivate_task(CpuId cpu, TaskId task, uint32_t dequeue_flags);
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags);
  void set_task_cpu(TaskId task, CpuId to, MigrationKind kind);
  void try_to_wake_up(TaskId task, uint32_t wake_flags);
  void wake_up_new_task(TaskId task);
  void plan_resched(CpuId cpu, Nanos delay);
  Nanos resched_delay(CpuId cpu);
  uint8_t trace_context() const { return in_softirq_ ? kSoftIrq : in_irq_ ? kHardIrq : 0; }
  const Spread& interrupt_cost(CpuId cpu) const;
  bool kernel_preemptible() const {
    return options_.kernel.preempt == Preempt::kFull || options_.kernel.preempt == Preempt::kLazy;
  }
  bool sched_exec(CpuId cpu, TaskId task);
  void queue_stop_work(CpuId cpu, const StopWork& work);
  void run_stopper(CpuId cpu);
  CpuId select_task_rq(TaskId task, uint32_t wake_flags);
  SchedClass& class_of(TaskId task) { return *classes_[tasks_[task.index()].sched_class]; }
  uint8_t class_index(const SchedClass& cls) const;
  void set_class(Task& task);
  void reclassify(TaskId task);

  // execute.cc: programs and the progress of work
  void advance(CpuId cpu);
  void block(CpuId cpu, TaskId task, Blocked cause, uint16_t trace_state);
  void leave_kernel(CpuId cpu, Task& task);
  void sleep_until(CpuId cpu, TaskId task, Nanos time, uint8_t op_flags, Blocked cause, uint16_t trace_state);
  void fork(CpuId cpu, TaskId parent, TaskId child);
  void exit_task(CpuId cpu, TaskId task);
  void signal(TokenId token, uint32_t wake_flags);
  void start_task(TaskId task);
  void change_parameters(CpuId cpu, TaskId task, const Op& op);
  void apply_charge(CpuId cpu);
  void settle(CpuId cpu);
  void arm_done(CpuId cpu);
  void update_speed(CpuId cpu);
  void neighbours_changed(CpuId cpu);

  const Machine& machine_;
  const Workload& workload_;
  const EngineOptions options_;
  std::vector<std::unique_ptr<SchedClass>> classes_;
  Rng rng_, cost_rng_;
  Nanos now_, tick_phase_;
  CpuId this_cpu_{0};
  bool in_irq_ = false;      // the event is an interrupt on this_cpu_, not something its task does
  bool in_softirq_ = false;  // ... a soft one
  EventQueue queue_;
  std::vector<Task> tasks_;
  std::vector<Rq> rqs_;
  std::vector<Token> tokens_;
  std::vector<std::vector<StopWork>> stop_work_;  // by CPU
  std::vector<CpuSet> wanted_affinities_;         // by AffinityId: of the workload, then of the stoppers
  std::vector<CpuSet> affinities_;                // ... of them the CPUs that are online
  bool all_online_ = true;
  size_t class_timers_ = 0;                       // of the pending events
  std::vector<SchedClass*> watchers_;
  size_t foreground_left_ = 0;                    // tasks that keep the simulation alive
  bool ends_with_foreground_ = false, ended_ = false;
  uint64_t nr_events_ = 0;
  Nanos last_exit_;
  Metrics metrics_;
  std::optional<Recorder> recorder_;
};

}  // namespace simsched
