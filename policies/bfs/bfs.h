// BFS, the scheduler of the -ck patches until 2016: one queue for all CPUs, from which each takes the task with the
// earliest virtual deadline. policies/deadline/ says what that is. Modelled on kernel/sched/bfs.c 0.44x.
//
// What holds a task to its CPU: one that was preempted is sticky there, one a CPU, and to all other CPUs its deadline
// looks later, twice for each level of the machine between them; a CPU that its governor slows down leaves it alone.
#pragma once

#include "policies/deadline/deadline_class.h"

namespace simsched::bfs {

struct Params {
  Nanos rr_interval = 6_ms;

  void bind(TunableReader& reader) {
    reader.bind("rr_interval_ns", &rr_interval, 1_ms, 1_s, "time slice, and the measure of deadlines");
  }
};

class BfsClass final : public deadline::DeadlineClass {
 public:
  explicit BfsClass(const Params& params) : DeadlineClass(params.rr_interval) {}

  void attach(Kernel& kernel) override;
  const char* name() const override { return "bfs"; }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  TaskId pick_task(CpuId cpu) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;

 private:
  CpuId latest_deadline(TaskId task) const;
  int64_t key_on(CpuId cpu, TaskId task) const;
  void unstick(TaskId task);
};

}  // namespace simsched::bfs
