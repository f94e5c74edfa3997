// ExtClass: the scheduling class that hosts a sched_ext scheduler (kernel/sched/ext.c and ext_idle.c, Linux 6.18).
// Its public members beside the SchedClass verbs are the kfuncs that a scheduler may call, with their kernel names
// less the scx_bpf_ prefix, their arguments and their answers (negative: an errno).
#pragma once

// The kfuncs, to code against (the implementation adds private members):
//
// Time, place:
//   Nanos now() const;                      CpuId this_cpu() const;       TaskId current() const;   // none: idle
//   size_t nr_cpu_ids() const;              const Machine& machine() const;   Engine& engine();
//   const CpuSet& online_cpus() const;
// Dispatch queues:
//   int32_t create_dsq(uint64_t id, int32_t node);
//   void destroy_dsq(uint64_t id);
//   bool dsq_insert(TaskId task, uint64_t dsq, uint64_t slice, uint64_t enq_flags);
//   bool dsq_insert_vtime(TaskId task, uint64_t dsq, uint64_t slice, uint64_t vtime, uint64_t enq_flags);
//   uint32_t dispatch_nr_slots() const;     void dispatch_cancel();
//   bool dsq_move_to_local(uint64_t dsq, uint64_t enq_flags = 0);
//   int32_t dsq_nr_queued(uint64_t dsq) const;   // of user, global, local and LOCAL_ON queues; -ENOENT
//   TaskId dsq_peek(uint64_t dsq);
//   uint32_t reenqueue_local();
//   A DsqIterator is a value {uint64_t dsq; uint32_t seq; TaskId at; uint64_t slice, vtime; bool has_slice, has_vtime; bool reverse; bool valid;}
//   int32_t iter_dsq_new(DsqIterator* it, uint64_t dsq, uint64_t flags);   // flags: 1 = reverse
//   TaskId iter_dsq_next(DsqIterator* it);
//   void iter_dsq_destroy(DsqIterator* it);
//   bool dsq_move(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
//   bool dsq_move_vtime(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
//   void dsq_move_set_slice(DsqIterator* it, uint64_t slice);   void dsq_move_set_vtime(DsqIterator* it, uint64_t vtime);
//   bool task_set_slice(TaskId task, uint64_t slice);  bool task_set_dsq_vtime(TaskId task, uint64_t vtime);
// CPUs:
//   void kick_cpu(int32_t cpu, uint64_t flags);
//   int32_t select_cpu_dfl(TaskId task, int32_t prev, uint64_t wake_flags, bool* is_idle);
//   int32_t select_cpu_and(TaskId task, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags);
//   const CpuSet& idle_cpumask(int32_t node = -1);   const CpuSet& idle_smtmask(int32_t node = -1);  // node -1: all
//   bool test_and_clear_cpu_idle(int32_t cpu);
//   int32_t pick_idle_cpu(const CpuSet& allowed, uint64_t flags);      int32_t pick_any_cpu(const CpuSet& allowed, uint64_t flags);
//   int32_t pick_idle_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags);  int32_t pick_any_cpu_node(...same);
//   uint32_t cpuperf_cap(int32_t cpu);   uint32_t cpuperf_cur(int32_t cpu);   void cpuperf_set(int32_t cpu, uint32_t perf);
//   TaskId cpu_curr(int32_t cpu);           // none: idle or a stopper
// Tasks:
//   bool task_running(TaskId) const;  CpuId task_cpu(TaskId) const;  GroupId task_cgroup(TaskId) const;
//   const TaskFields& fields(TaskId) const;  bool task_alive(TaskId) const;
// Ending and telling:
//   void exit(int64_t exit_code, const std::string& message);   void error(const std::string& message);
//   void set_timer(uint64_t key, Nanos at);  void cancel_timer(uint64_t key);   // calls Ops::timer(key)
//   std::vector<std::pair<std::string, int64_t>> events() const;   // SCX_EV_*: "SELECT_CPU_FALLBACK", ...

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu_set.h"
#include "policies/ext/constants.h"
#include "policies/ext/ops.h"
#include "sim/engine.h"

namespace simsched::ext {

struct DsqIterator {
  uint64_t dsq = 0;
  uint32_t seq = 0;
  TaskId at;
  uint64_t slice = 0, vtime = 0;
  bool has_slice = false, has_vtime = false, reverse = false, valid = false;
};

class ExtClass {
 public:
  ExtClass(Engine& engine, Ops& ops);
  ~ExtClass();
  Nanos now() const;
  CpuId this_cpu() const;
  TaskId current() const;
  size_t nr_cpu_ids() const;
  const Machine& machine() const;
  Engine& engine();
  const CpuSet& online_cpus() const;
  int32_t create_dsq(uint64_t id, int32_t node);
  void destroy_dsq(uint64_t id);
  bool dsq_insert(TaskId task, uint64_t dsq, uint64_t slice, uint64_t enq_flags);
  bool dsq_insert_vtime(TaskId task, uint64_t dsq, uint64_t slice, uint64_t vtime, uint64_t enq_flags);
  uint32_t dispatch_nr_slots() const;
  void dispatch_cancel();
  bool dsq_move_to_local(uint64_t dsq, uint64_t enq_flags = 0);
  int32_t dsq_nr_queued(uint64_t dsq) const;
  TaskId dsq_peek(uint64_t dsq);
  uint32_t reenqueue_local();
  int32_t iter_dsq_new(DsqIterator* it, uint64_t dsq, uint64_t flags);
  TaskId iter_dsq_next(DsqIterator* it);
  void iter_dsq_destroy(DsqIterator* it);
  bool dsq_move(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
  bool dsq_move_vtime(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t enq_flags);
  void dsq_move_set_slice(DsqIterator* it, uint64_t slice);
  void dsq_move_set_vtime(DsqIterator* it, uint64_t vtime);
  bool task_set_slice(TaskId task, uint64_t slice);
  bool task_set_dsq_vtime(TaskId task, uint64_t vtime);
  void kick_cpu(int32_t cpu, uint64_t flags);
  int32_t select_cpu_dfl(TaskId task, int32_t prev, uint64_t wake_flags, bool* is_idle);
  int32_t select_cpu_and(TaskId task, int32_t prev, uint64_t wake_flags, const CpuSet& allowed, uint64_t flags);
  const CpuSet& idle_cpumask(int32_t node = -1);
  const CpuSet& idle_smtmask(int32_t node = -1);
  bool test_and_clear_cpu_idle(int32_t cpu);
  int32_t pick_idle_cpu(const CpuSet& allowed, uint64_t flags);
  int32_t pick_any_cpu(const CpuSet& allowed, uint64_t flags);
  int32_t pick_idle_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags);
  int32_t pick_any_cpu_node(const CpuSet& allowed, int32_t node, uint64_t flags);
  uint32_t cpuperf_cap(int32_t cpu);
  uint32_t cpuperf_cur(int32_t cpu);
  void cpuperf_set(int32_t cpu, uint32_t perf);
  TaskId cpu_curr(int32_t cpu);
  bool task_running(TaskId task) const;
  CpuId task_cpu(TaskId task) const;
  GroupId task_cgroup(TaskId task) const;
  const TaskFields& fields(TaskId task) const;
  bool task_alive(TaskId task) const;
  void exit(int64_t exit_code, const std::string& message);
  void error(const std::string& message);
  void set_timer(uint64_t key, Nanos at);
  void cancel_timer(uint64_t key);
  std::vector<std::pair<std::string, int64_t>> events() const;

  struct Fake;
  Fake* fake = nullptr;
};

}  // namespace simsched::ext
