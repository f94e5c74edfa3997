// For tests of the engine alone: the smallest classes that work. Not a policy.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine.h"

namespace simsched::testing {

// First come first served on each CPU, preempted at every tick when others wait; new and waking tasks
// go to an idle CPU, else stay. With `stop`, the class of the stoppers: never preempted.
class QueueClass : public SchedClass {
 public:
  explicit QueueClass(bool stop) : stop_(stop) {}

  void attach(Kernel& kernel) override {
    kernel_ = &kernel;
    queues_.resize(kernel.nr_cpus());
  }
  const char* name() const override { return stop_ ? "stop" : "queue"; }
  bool takes(SchedPolicy policy) const override { return (policy == SchedPolicy::kStop) == stop_; }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t flags) override {
    if (flags & kWfExec && exec_to.valid()) return exec_to;
    for (CpuId cpu : kernel_->allowed(task))
      if (kernel_->idle_cpu(cpu)) return cpu;
    return kernel_->cpu_allowed(task, prev) ? prev : kernel_->allowed(task).first_cpu();
  }
  void enqueue_task(CpuId cpu, TaskId task, uint32_t) override { queue(cpu).push_back(task); }
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t) override {
    auto& tasks = queue(cpu);
    tasks.erase(std::find(tasks.begin(), tasks.end(), task));
    return true;
  }
  void wakeup_preempt(CpuId, TaskId, uint32_t) override {}
  TaskId pick_task(CpuId cpu) override { return queue(cpu).empty() ? TaskId() : queue(cpu).front(); }
  void put_prev_task(CpuId, TaskId, TaskId) override {}
  void set_next_task(CpuId, TaskId) override {}
  void task_tick(CpuId cpu, TaskId curr) override {
    if (stop_ || queue(cpu).size() < 2) return;
    dequeue_task(cpu, curr, 0);
    queue(cpu).push_back(curr);
    kernel_->resched_curr(cpu);
  }
  Nanos next_tick(CpuId cpu) override { return !stop_ && queue(cpu).size() > 1 ? kernel_->now() : Nanos::max(); }

  void assign(const SchedClass& other) override { queues_ = static_cast<const QueueClass&>(other).queues_; }

  CpuId exec_to;  // where select_task_rq sends an exec

 private:
  std::deque<TaskId>& queue(CpuId cpu) { return queues_[cpu.index()]; }
  bool stop_;
  Kernel* kernel_ = nullptr;
  std::vector<std::deque<TaskId>> queues_;
};

inline std::vector<std::unique_ptr<SchedClass>> queue_classes(CpuId exec_to = {}) {
  std::vector<std::unique_ptr<SchedClass>> classes;
  classes.push_back(std::make_unique<QueueClass>(true));
  classes.push_back(std::make_unique<QueueClass>(false));
  static_cast<QueueClass&>(*classes.back()).exec_to = exec_to;
  return classes;
}

// `cpus` CPUs, `threads` to a core, one LLC, one node; every cost is zero.
inline Machine flat_machine(size_t cpus, size_t threads = 1) {
  MachineSpec spec;
  spec.name = "flat";
  for (size_t i = 0; i < cpus; ++i) spec.cpus.push_back({CoreId(i / threads), LlcId(0), NodeId(0)});
  spec.costs = {};
  Costs& c = spec.costs;
  c.context_switch = c.stopper = Nanos(0);
  c.resched_task = c.resched_hardirq = c.resched_softirq = c.resched_ipi = Nanos(0);
  c.idle_wake_local = c.idle_poll_exit = c.idle_halt_exit = Nanos(0);
  return Machine(std::move(spec));
}

// Runs to the end, with the invariants checked after every event.
inline RunResult simulate(const Machine& machine, const Workload& workload, EngineOptions options = {}) {
  options.check_invariants = true;
  Engine engine(machine, workload, options, queue_classes());
  engine.run();
  return engine.result();
}

// Adds a task with its program; returns its id.
inline TaskId add_task(Workload& workload, const std::string& name, const std::vector<Op>& program,
                       TaskId parent = {}) {
  TaskSpec spec;
  spec.name = workload.intern_name(name);
  spec.first_op = static_cast<uint32_t>(workload.ops.size());
  spec.nr_ops = static_cast<uint32_t>(program.size());
  spec.pid = static_cast<int32_t>(workload.tasks.size()) + 1000;
  spec.parent = parent;
  workload.ops.insert(workload.ops.end(), program.begin(), program.end());
  workload.tasks.push_back(spec);
  return TaskId(workload.tasks.size() - 1);
}

}  // namespace simsched::testing
