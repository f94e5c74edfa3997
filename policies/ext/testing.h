// For tests of the sched_ext class: a scheduler made of functions, and a simulation with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policies/ext/ext_class.h"
#include "policies/ext/stack.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched::ext::testing {

// What the scheduler does: a callback whose function is not set is not implemented. Outlives every TestOps made of it.
struct Script {
  OpsInfo info{.name = "test"};
  ExtClass* ext = nullptr;  // from attach() on

  std::function<int32_t(TaskId, CpuId, uint64_t)> select_cpu;
  std::function<void(TaskId, uint64_t)> enqueue, dequeue, runnable, quiescent;
  std::function<void(CpuId, TaskId)> dispatch;
  std::function<void(TaskId)> tick, running, enable, disable;
  std::function<void(TaskId, bool)> stopping, exit_task;
  std::function<bool(TaskId, TaskId)> yield;
  std::function<void(TaskId, uint32_t)> set_weight;
  std::function<void(TaskId, const CpuSet&)> set_cpumask;
  std::function<void(CpuId, bool)> update_idle;
  std::function<void(CpuId)> cpu_acquire, cpu_online, cpu_offline;
  std::function<void(CpuId, int32_t, TaskId)> cpu_release;
  std::function<int32_t(TaskId, bool)> init_task;
  std::function<int32_t()> init;
  std::function<void(const ExitInfo&)> exit;
  std::function<int32_t(GroupId, uint32_t)> cgroup_init;
  std::function<void(GroupId)> cgroup_exit;
  std::function<int32_t(TaskId, GroupId, GroupId)> cgroup_prep_move;
  std::function<void(TaskId, GroupId, GroupId)> cgroup_move;
  std::function<void(GroupId, uint32_t)> cgroup_set_weight;
  std::function<void(GroupId, uint64_t, uint64_t, uint64_t)> cgroup_set_bandwidth;
  std::function<void(GroupId, bool)> cgroup_set_idle;
  std::function<void(uint64_t)> timer;  // not a callback of the kernel's

  std::vector<ExitInfo> exits;  // of all calls of exit(), which is always implemented

  uint64_t& slice(TaskId task) { return *ext->fields(task).slice; }
  uint64_t& vtime(TaskId task) { return *ext->fields(task).dsq_vtime; }

  // All tasks through one FIFO queue of number `dsq`.
  static Script shared_queue(uint64_t dsq = 0) {
    Script script;
    return script.use_shared_queue(dsq), script;
  }
  void use_shared_queue(uint64_t dsq) { shared_ = true, shared_dsq_ = dsq; }

 private:
  friend class TestOps;
  bool shared_ = false;  // whether the functions for that are to be set; they need the Script's final address
  uint64_t shared_dsq_ = 0;
};

class TestOps final : public Ops {
 public:
  explicit TestOps(Script& script) : s_(script) {
    if (s_.shared_) {
      Script* s = &s_;
      if (!s->init) s->init = [s] { return s->ext->create_dsq(s->shared_dsq_, -1); };
      if (!s->enqueue)
        s->enqueue = [s](TaskId task, uint64_t flags) { s->ext->dsq_insert(task, s->shared_dsq_, kSliceDfl, flags); };
      if (!s->dispatch) s->dispatch = [s](CpuId, TaskId) { s->ext->dsq_move_to_local(s->shared_dsq_); };
    }
    info_ = s_.info;
    auto mark = [&](Op op, bool set) { info_.implemented |= uint64_t{set} << static_cast<int>(op); };
    mark(Op::kSelectCpu, !!s_.select_cpu), mark(Op::kEnqueue, !!s_.enqueue), mark(Op::kDequeue, !!s_.dequeue);
    mark(Op::kDispatch, !!s_.dispatch), mark(Op::kTick, !!s_.tick), mark(Op::kRunnable, !!s_.runnable);
    mark(Op::kRunning, !!s_.running), mark(Op::kStopping, !!s_.stopping), mark(Op::kQuiescent, !!s_.quiescent);
    mark(Op::kYield, !!s_.yield), mark(Op::kSetWeight, !!s_.set_weight), mark(Op::kSetCpumask, !!s_.set_cpumask);
    mark(Op::kUpdateIdle, !!s_.update_idle), mark(Op::kCpuAcquire, !!s_.cpu_acquire);
    mark(Op::kCpuRelease, !!s_.cpu_release), mark(Op::kCpuOnline, !!s_.cpu_online);
    mark(Op::kCpuOffline, !!s_.cpu_offline), mark(Op::kInitTask, !!s_.init_task), mark(Op::kExitTask, !!s_.exit_task);
    mark(Op::kEnable, !!s_.enable), mark(Op::kDisable, !!s_.disable), mark(Op::kInit, !!s_.init), mark(Op::kExit, true);
    mark(Op::kCgroupInit, !!s_.cgroup_init), mark(Op::kCgroupExit, !!s_.cgroup_exit);
    mark(Op::kCgroupPrepMove, !!s_.cgroup_prep_move), mark(Op::kCgroupMove, !!s_.cgroup_move);
    mark(Op::kCgroupSetWeight, !!s_.cgroup_set_weight), mark(Op::kCgroupSetIdle, !!s_.cgroup_set_idle);
    mark(Op::kCgroupSetBandwidth, !!s_.cgroup_set_bandwidth);
  }

  const OpsInfo& info() const override { return info_; }
  void attach(ExtClass& ext) override {
    s_.ext = &ext;
    tasks_.resize(ext.kernel().workload().tasks.size());
  }
  void assign(const Ops& other) override {
    info_ = static_cast<const TestOps&>(other).info_;
    tasks_ = static_cast<const TestOps&>(other).tasks_;
  }
  void adopt_task(TaskId task) override { tasks_[task.index()] = {}; }
  TaskFields fields_of(TaskId task) override {
    Fields& f = tasks_[task.index()];
    return {&f.slice, &f.vtime, &f.weight, &f.flags, &f.disallow};
  }
  void drop_task(TaskId) override {}

  int32_t select_cpu(TaskId task, CpuId prev, uint64_t flags) override { return s_.select_cpu(task, prev, flags); }
  void enqueue(TaskId task, uint64_t flags) override { s_.enqueue(task, flags); }
  void dequeue(TaskId task, uint64_t flags) override { s_.dequeue(task, flags); }
  void dispatch(CpuId cpu, TaskId prev) override { s_.dispatch(cpu, prev); }
  void tick(TaskId task) override { s_.tick(task); }
  void runnable(TaskId task, uint64_t flags) override { s_.runnable(task, flags); }
  void running(TaskId task) override { s_.running(task); }
  void stopping(TaskId task, bool runnable) override { s_.stopping(task, runnable); }
  void quiescent(TaskId task, uint64_t flags) override { s_.quiescent(task, flags); }
  bool yield(TaskId from, TaskId to) override { return s_.yield(from, to); }
  void set_weight(TaskId task, uint32_t weight) override { s_.set_weight(task, weight); }
  void set_cpumask(TaskId task, const CpuSet& cpus) override { s_.set_cpumask(task, cpus); }
  void update_idle(CpuId cpu, bool idle) override { s_.update_idle(cpu, idle); }
  void cpu_acquire(CpuId cpu) override { s_.cpu_acquire(cpu); }
  void cpu_release(CpuId cpu, int32_t reason, TaskId by) override { s_.cpu_release(cpu, reason, by); }
  void cpu_online(CpuId cpu) override { s_.cpu_online(cpu); }
  void cpu_offline(CpuId cpu) override { s_.cpu_offline(cpu); }
  int32_t init_task(TaskId task, bool fork) override { return s_.init_task(task, fork); }
  void exit_task(TaskId task, bool cancelled) override { s_.exit_task(task, cancelled); }
  void enable(TaskId task) override { s_.enable(task); }
  void disable(TaskId task) override { s_.disable(task); }
  int32_t cgroup_init(GroupId group, uint32_t weight) override { return s_.cgroup_init(group, weight); }
  void cgroup_exit(GroupId group) override { s_.cgroup_exit(group); }
  int32_t cgroup_prep_move(TaskId task, GroupId from, GroupId to) override {
    return s_.cgroup_prep_move(task, from, to);
  }
  void cgroup_move(TaskId task, GroupId from, GroupId to) override { s_.cgroup_move(task, from, to); }
  void cgroup_set_weight(GroupId group, uint32_t weight) override { s_.cgroup_set_weight(group, weight); }
  void cgroup_set_bandwidth(GroupId group, uint64_t period, uint64_t quota, uint64_t burst) override {
    s_.cgroup_set_bandwidth(group, period, quota, burst);
  }
  void cgroup_set_idle(GroupId group, bool idle) override { s_.cgroup_set_idle(group, idle); }
  int32_t init() override { return s_.init(); }
  void exit(const ExitInfo& info) override {
    s_.exits.push_back(info);
    if (s_.exit) s_.exit(info);
  }
  void timer(uint64_t key) override { s_.timer(key); }

 private:
  struct Fields {
    uint64_t slice = 0, vtime = 0;
    uint32_t weight = 0, flags = 0;
    uint8_t disallow = 0;
  };
  Script& s_;
  OpsInfo info_;
  std::vector<Fields> tasks_;
};

// A simulation with stop, rt, fair and this scheduler.
class Simulation {
 public:
  Simulation(const Machine& machine, const Workload& workload, Script& script, EngineOptions options = {},
             ExtOptions ext_options = {}) {
    options.check_invariants = true;
    FairClass* fair = nullptr;
    ClassStack classes = default_classes(options.kernel, machine, &fair);
    auto ext = std::make_unique<ExtClass>([&script] { return std::make_unique<TestOps>(script); }, *fair, ext_options);
    ext_ = ext.get();
    add_class(std::move(ext), options.kernel, &classes);
    engine_ = std::make_unique<Engine>(machine, workload, std::move(options), std::move(classes));
  }
  RunResult run() {
    engine_->run();
    return engine_->result();
  }
  Engine& engine() { return *engine_; }
  ExtClass& ext() { return *ext_; }
  int64_t event(const std::string& name) const {
    for (const auto& [event, count] : ext_->events())
      if (event == name) return count;
    return -1;
  }

 private:
  std::unique_ptr<Engine> engine_;
  ExtClass* ext_;
};

inline RunResult simulate(const Machine& machine, const Workload& workload, Script& script,
                          EngineOptions options = {}) {
  return Simulation(machine, workload, script, std::move(options)).run();
}

inline simsched::Op set_nice(int nice) { return op::set_nice(nice); }
inline simsched::Op set_policy(SchedPolicy policy) { return op::set_policy(policy); }
inline simsched::Op set_affinity(AffinityId id) { return op::set_affinity(id); }
constexpr Work ms(int64_t n) { return Work(n * 1'000'000); }  // of work, which takes as long on an undisturbed CPU

inline TaskId add_hog(Workload& w, const std::string& name, int64_t milliseconds, CpuId cpu = {}) {
  TaskId task = simsched::testing::add_task(w, name, {op::compute(ms(milliseconds))});
  w.tasks[task.index()].start_cpu = cpu;
  return task;
}
inline TaskId add_rt(Workload& w, const std::string& name, const std::vector<simsched::Op>& program, CpuId cpu = {}) {
  TaskId task = simsched::testing::add_task(w, name, program);
  TaskSpec& spec = w.tasks[task.index()];
  spec.policy = SchedPolicy::kFifo;
  spec.rt_priority = 10;
  spec.start_cpu = cpu;
  return task;
}
inline void pin(Workload& w, TaskId task, const CpuSet& cpus) {
  w.tasks[task.index()].affinity = w.intern_affinity(cpus);
}

}  // namespace simsched::ext::testing
