// Engine: one simulation, from its start to its results. A Kernel (sim/kernel.h), and what makes it live: events,
// programs, hotplug.
//
// Machine and Workload are shared and must outlive it; all that changes is inside, so any number of
// engines run side by side. Not thread-safe itself: one thread an engine.
#pragma once

#include <memory>
#include <vector>

#include "sim/kernel.h"
#include "sim/results.h"
#include "traces/sched_trace.h"

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

class Engine : public Kernel {
 public:
  // `classes` from the highest to the lowest; one of them must take each policy of the workload.
  Engine(const Machine& machine, const Workload& workload, EngineOptions options,
         std::vector<std::unique_ptr<SchedClass>> classes);
  ~Engine();

  // Runs to the end. Throws Error when the workload can never end (a deadlock, an endless loop
  // without work), naming the task.
  void run();
  RunResult result() const;                          // after run()
  const SchedTrace& trace() const;                   // after run() with `record`
  uint64_t nr_events() const { return nr_events_; }

 private:
  struct Token {
    uint32_t count = 0;
    TaskId first, last;  // waiters
  };

  // engine.cc: the loop
  void handle(const Event& event);
  void tick(CpuId cpu);
  bool finished() const;
  bool only_timers_left() const;
  void finish();

  // check.cc: what must hold, and what to say when it does not
  [[noreturn]] void report_deadlock() const;
  void check_invariants() const;
  bool has_runnable(CpuId cpu) const;

  // hotplug.cc
  void change_hotplug(const HotplugEvent& change);
  void update_online();

  // execute.cc: programs
  void advance(CpuId cpu);
  void block(CpuId cpu, TaskId task, Blocked cause, uint16_t trace_state);
  void leave_kernel(CpuId cpu, Task& task);
  void sleep_until(CpuId cpu, TaskId task, Nanos time, uint8_t op_flags, Blocked cause, uint16_t trace_state);
  void fork(CpuId cpu, TaskId parent, TaskId child);
  void exit_task(CpuId cpu, TaskId task);
  void signal(TokenId token, uint32_t wake_flags);
  void start_task(TaskId task);
  void change_parameters(CpuId cpu, TaskId task, const Op& op);

  const EngineOptions options_;
  std::vector<Token> tokens_;
  size_t foreground_left_ = 0;  // tasks that keep the simulation alive
  bool ends_with_foreground_ = false, ended_ = false;
  uint64_t nr_events_ = 0;
  Nanos last_exit_;
};

}  // namespace simsched
