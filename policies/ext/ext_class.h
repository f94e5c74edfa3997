// ExtClass: the scheduling class that hosts a sched_ext scheduler (kernel/sched/ext.c and ext_idle.c, Linux 6.18).
//
// Its public members beside the SchedClass verbs are the kfuncs that a scheduler may call, with their kernel names
// less the scx_bpf_ prefix, their arguments and their answers (negative: an errno). What the kernel rejects is
// rejected in its words: error() ends the scheduler, all tasks go to the fair class, and the run goes on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policies/ext/constants.h"
#include "policies/ext/dsq.h"
#include "policies/ext/ext_state.h"
#include "policies/ext/idle.h"
#include "policies/ext/ops.h"
#include "policies/fair/fair.h"
#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched::ext {

// How long each callback takes on the CPU that runs it. docs/sched_ext.md says where the defaults come from.
struct OpCosts {
  std::array<Nanos, kNrOps> of{};
  // What was assumed, not measured, of a callback; one that costs as much is charged for long loops as well.
  Nanos assumed{0};
};

struct ExtOptions {
  OpCosts costs;
  CpuId loader_cpu{0};     // where it is loaded: ops.init() runs there
  Nanos restart_delay{0};  // from an exit that asks for a restart until the scheduler is loaded again
};

struct DsqIterator {
  uint64_t dsq = 0;
  DsqIndex queue = -1;
  uint32_t seq = 0;  // tasks that came later are not visited
  TaskId at;         // visited last
  uint64_t slice = 0, vtime = 0;
  bool has_slice = false, has_vtime = false, reverse = false, valid = false, started = false;
};

class ExtClass final : public SchedClass {
 public:
  // `make_ops` loads the scheduler: once at the start, and again after an exit that asks for a restart.
  ExtClass(std::function<std::unique_ptr<Ops>()> make_ops, FairClass& fair, ExtOptions options = {});
  ~ExtClass() override;

  // ---- SchedClass ----
  void attach(Kernel& kernel) override;
  const char* name() const override { return "ext"; }
  bool takes(SchedPolicy policy) const override;
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  void enqueue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  void wakeup_preempt(CpuId, TaskId, uint32_t) override {}
  TaskId pick_task(CpuId cpu) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  Nanos next_tick(CpuId cpu) override;
  bool needs_tick(CpuId cpu, TaskId curr) override;
  void timer(uint32_t number) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void task_fork(TaskId child, TaskId parent) override;
  void reweight_task(TaskId task) override;
  void switched_to(TaskId task) override;
  void switched_from(TaskId task) override;
  void affinity_changed(TaskId task) override;
  bool can_change_group(TaskId task, GroupId to) override;
  void group_changed(TaskId task, GroupId from) override;
  void group_reconfigured(GroupId group, const GroupSpec& before) override;
  uint32_t watches() const override { return kWatchAll; }
  void scheduled(CpuId cpu) override;
  bool may_idle_with_work() const override { return true; }  // a scheduler may keep tasks to itself
  void any_task_new(TaskId task) override;
  void any_task_dead(TaskId task) override;
  void cpu_idle(CpuId cpu, bool idle, bool transition) override;
  void any_switch(CpuId cpu, TaskId prev, TaskId next) override;
  void cpu_online(CpuId cpu, bool online) override;
  CpuDemand demand(CpuId cpu) override { return {enabled() ? int64_t{cpus_[cpu.index()].perf_target} : 0}; }
  Status status() const override;
  void record(Recorder& recorder) override;
  std::vector<std::pair<std::string, int64_t>> counters() const override;
  void assign(const SchedClass& other) override;

  // ---- kfuncs: time and place ----
  // The clock that schedulers see: the machine has been up for a while when the simulation starts, as any has when a
  // scheduler is loaded. Times that are given to kfuncs are on this clock.
  static constexpr Nanos kUptime = 1000_s;
  Nanos now() const { return kernel_->now() + kUptime; }
  CpuId this_cpu() const { return kernel_->this_cpu(); }
  TaskId current() const { return kernel_->curr(kernel_->this_cpu()); }  // none: idle
  size_t nr_cpu_ids() const { return kernel_->nr_cpus(); }
  const Machine& machine() const { return kernel_->machine(); }
  Kernel& kernel() { return *kernel_; }
  const CpuSet& online_cpus() const { return kernel_->online_cpus(); }

  // ---- kfuncs: dispatch queues (kfuncs_dsq.cc) ----
  int32_t create_dsq(uint64_t id, int32_t node);
  void destroy_dsq(uint64_t id);
  bool dsq_insert(TaskId task, uint64_t dsq, uint64_t slice, uint64_t enq_flags);
  bool dsq_insert_vtime(TaskId task, uint64_t dsq, uint64_t slice, uint64_t vtime, uint64_t enq_flags);
  uint32_t dispatch_nr_slots();
  void dispatch_cancel();
  bool dsq_move_to_local(uint64_t dsq, uint64_t enq_flags = 0);
  int32_t dsq_nr_queued(uint64_t dsq);
  TaskId dsq_peek(uint64_t dsq);
  uint32_t reenqueue_local();
  int32_t iter_dsq_new(DsqIterator* it, uint64_t dsq, uint64_t flags);  // flags: 1, from the end
  TaskId iter_dsq_next(DsqIterator* it);
  void iter_dsq_destroy(DsqIterator* it) { *it = {}; }
  bool dsq_move(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
  bool dsq_move_vtime(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
  void dsq_move_set_slice(DsqIterator* it, uint64_t slice);
  void dsq_move_set_vtime(DsqIterator* it, uint64_t vtime);
  bool task_set_slice(TaskId task, uint64_t slice);
  bool task_set_dsq_vtime(TaskId task, uint64_t vtime);

  // ---- kfuncs: CPUs (kfuncs_cpu.cc) ----
  void kick_cpu(int32_t cpu, uint64_t flags);
  int32_t select_cpu_dfl(TaskId task, int32_t prev, uint64_t wake_flags, bool* is_idle);
  int32_t select_cpu_and(TaskId task, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags);
  const CpuSet& idle_cpumask(int32_t node = -1);  // node -1: of all nodes
  const CpuSet& idle_smtmask(int32_t node = -1);
  bool test_and_clear_cpu_idle(int32_t cpu);
  int32_t pick_idle_cpu(const CpuSet& allowed, uint64_t flags);
  int32_t pick_any_cpu(const CpuSet& allowed, uint64_t flags);
  int32_t pick_idle_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags);
  int32_t pick_any_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags);
  uint32_t cpuperf_cap(int32_t cpu);
  uint32_t cpuperf_cur(int32_t cpu);
  void cpuperf_set(int32_t cpu, uint32_t perf);
  TaskId cpu_curr(int32_t cpu);  // none: idle or a stopper

  // ---- kfuncs: tasks ----
  bool task_running(TaskId task) const { return kernel_->task_running(task); }
  CpuId task_cpu(TaskId task) const { return kernel_->task_cpu(task); }
  GroupId task_cgroup(TaskId task) const;  // autogroups are no cgroups: the root's
  const TaskFields& fields(TaskId task) const { return tasks_[task.index()].fields; }
  // Whether tasks of this class run on a CPU or wait there, wherever the scheduler has put them.
  bool has_tasks(CpuId cpu) const {
    TaskId curr = kernel_->curr(cpu);
    return cpus_[cpu.index()].runnable_first.valid() || (is_ext(curr) && kernel_->task_on_rq(curr));
  }
  uint32_t local_dsq_nr(CpuId cpu) const { return dsqs_->at(dsqs_->local(cpu)).nr; }

  // ---- kfuncs: ending and telling (lifecycle.cc) ----
  void exit(int64_t exit_code, const std::string& message);  // scx_bpf_exit()
  void policy_error(const std::string& message);             // scx_bpf_error()
  void error(const std::string& message);                    // what the kernel itself rejects
  // Not the kernel's: the policy's own code failed (a bad pointer, a callback that never returns).
  void fault(const std::string& message, int exit_code);
  void set_timer(uint64_t key, Nanos at);  // calls Ops::timer(key); replaces an earlier time
  void cancel_timer(uint64_t key);
  void charge_loops(Op op, Nanos time);  // that a callback took beyond what its cost allows for
  std::vector<std::pair<std::string, int64_t>> events() const;  // SCX_EV_*

  // ---- for tests ----
  bool enabled() const { return life_.state == State::kEnabled; }
  const ExitInfo& exit_info() const { return life_.exit; }
  const Ops* ops() const { return ops_.get(); }
  uint64_t calls(Op op) const { return counts_.calls[static_cast<size_t>(op)]; }

 private:
  using State = Life::State;
  // What a timer of ours is for, in the top four bits of its number.
  enum TimerKind : uint32_t { kDeferred = 0, kWatchdog, kDisable, kRestart, kUser, kReenqueue };
  static constexpr uint32_t number_of(TimerKind kind, uint32_t what) { return kind << 28 | what; }
  static constexpr uint32_t kWhat = (1u << 28) - 1;

  // cgroups.cc
  size_t nr_cgroups() const { return kernel_->params().autogroup ? 1 : kernel_->nr_groups(); }
  void init_cgroups();
  void exit_cgroups();

  Entity& task(TaskId id) { return tasks_[id.index()]; }
  CpuState& cpu_state(CpuId cpu) { return cpus_[cpu.index()]; }
  uint64_t& slice(TaskId id) { return *tasks_[id.index()].fields.slice; }
  bool queued(TaskId id) { return *tasks_[id.index()].fields.flags & kTaskQueued; }
  bool is_ext(TaskId id) const { return id.valid() && !kernel_->is_stopper(id) && tasks_[id.index()].enabled; }
  bool has(Op op) const { return life_.info.has(op); }
  bool cpu_valid(int32_t cpu, const char* where);
  std::string describe(TaskId id) const { return kernel_->describe(id); }

  // Every call of the policy's code goes through here: counts, charges its cost, tells kfuncs what they may do, and
  // sends the kicks that the callback asked for.
  template <class Function>
  auto call(Op op, uint32_t mask, Function function);
  void before_call(Op op, uint32_t mask, uint32_t* outer);
  void after_call(uint32_t outer);
  void count_at_instant(const char* callback);
  bool kf_allowed(uint32_t mask, bool unlocked = false);

  // enqueue.cc
  void do_enqueue(CpuId cpu, TaskId id, uint64_t enq_flags, bool sticky);
  void refill_slice(TaskId id);
  void ops_dequeue(TaskId id, uint64_t deq_flags);
  void leave_custody(TaskId id, uint64_t deq_flags);
  void dispatch_dequeue(TaskId id);
  void dispatch_enqueue(DsqIndex queue, TaskId id, uint64_t enq_flags);
  void direct_dispatch(TaskId id, uint64_t enq_flags);
  void mark_direct_dispatch(TaskId id, uint64_t dsq, uint64_t enq_flags);
  void set_runnable(CpuId cpu, TaskId id);
  void clear_runnable(TaskId id, bool reset);
  DsqIndex find_dsq_for_dispatch(CpuId local, uint64_t id, TaskId task);
  DsqIndex global_dsq(TaskId id) { return dsqs_->global(machine().cpu(kernel_->task_cpu(id)).node); }

  // dispatch.cc
  bool balance(CpuId cpu, TaskId prev, bool* keep);
  void flush_dispatch_buffer(CpuId cpu);
  void finish_dispatch(CpuId cpu, const Dispatch::Entry& entry);
  void dispatch_to_local(DsqIndex local, TaskId id, uint64_t enq_flags);
  bool consume(CpuId cpu, DsqIndex queue);
  bool can_run_on(TaskId id, CpuId cpu, bool enforce);
  void move_remote(TaskId id, uint64_t enq_flags, CpuId to);
  void process_deferred(CpuId cpu);
  bool is_open(CpuId cpu, uint64_t enq_flags) const;
  bool immed_waits(CpuId cpu) const;
  void schedule_reenqueue(CpuId cpu, bool any);
  uint32_t reenqueue(CpuId cpu, bool any);
  void reenqueue(CpuId cpu, TaskId id, uint32_t reason);
  void update_curr(CpuId cpu, TaskId id);
  bool move(DsqIterator* it, TaskId id, uint64_t dsq, uint64_t enq_flags);

  // kfuncs_cpu.cc
  void flush_kicks();
  void kick_one(CpuId cpu);
  void rescheduled(CpuId cpu);
  int32_t select_idle(TaskId id, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags);
  int32_t select_from_kfunc(TaskId id, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags);
  const CpuSet& idle_view(const CpuSet& whole, int32_t node, CpuSet* view);
  NodeId idle_node(int32_t cpu) const;
  int32_t check_node(int32_t node);
  int32_t pick_any(const CpuSet& allowed, int32_t node, uint64_t flags);
  bool check_builtin_idle();

  // lifecycle.cc
  void load();
  bool check_members();
  void validate();
  int32_t errno_of(Op op, int32_t answer);
  bool init_task(TaskId id, bool fork);
  void exit_task(TaskId id, bool cancelled);
  void drop_task(TaskId id);
  void enable_task(TaskId id);
  void disable_task(TaskId id);
  void claim_exit(ExitKind kind, int64_t code, const std::string& message);
  void disable();
  void check_watchdog();
  void arm_watchdog();
  uint32_t weight_of(TaskId id) const;
  void user_timer(uint32_t slot);
  std::string dump_state();

  std::function<std::unique_ptr<Ops>()> make_ops_;
  FairClass& fair_;
  ExtOptions options_;
  // What newer kernels do otherwise than those of before.
  bool custody_ = false;             // 7.1: ops.dequeue() whenever a task leaves the scheduler's hands
  bool immed_ = false;               // 7.1: SCX_ENQ_IMMED
  bool select_from_enqueue_ = true;  // 6.16: scx_bpf_select_cpu_dfl() from ops.enqueue() and from no callback
  Kernel* kernel_ = nullptr;
  std::unique_ptr<Ops> ops_;
  // What changes.
  std::unique_ptr<DsqTable> dsqs_;
  std::unique_ptr<IdleMasks> idle_;
  std::vector<Entity> tasks_;
  std::vector<CpuState> cpus_;
  Life life_;
  Callback callback_;
  Dispatch dispatch_;
  Kicks kicks_;
  std::vector<UserTimer> timers_;
  Counts counts_;

  CpuSet scratch_, all_cpus_, node_view_[2];  // node_view_: of idle CPUs, of idle cores
};

template <class Function>
auto ExtClass::call(Op op, uint32_t mask, Function function) {
  uint32_t outer;
  before_call(op, mask, &outer);
  if constexpr (std::is_void_v<decltype(function())>) {
    function();
    after_call(outer);
  } else {
    auto answer = function();
    after_call(outer);
    return answer;
  }
}

}  // namespace simsched::ext
