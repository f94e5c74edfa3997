// MuQSS, the Multiple Queue Skiplist Scheduler of the -ck patches from 2016 to 2021: BFS with a queue for each group of
// CPUs that share something, so that many CPUs do not wait for one lock. policies/deadline/ says what deadlines are.
// Modelled on kernel/sched/MuQSS.c 0.202 for Linux 5.12.
//
// A CPU that schedules looks at all queues, the nearest first, and takes the earliest deadline of all; it does not wait
// for locks, so it may miss one in the kernel, which is left out here.
#pragma once

#include <string>

#include "policies/deadline/deadline_class.h"

namespace simsched::muqss {

struct Params {
  Nanos rr_interval = 6_ms;
  bool interactive = true;
  std::string rqshare = "mc";
  int64_t yield_type = 1;
  bool smt_nice = true;

  void bind(TunableReader& reader);
};

class MuqssClass final : public deadline::DeadlineClass {
 public:
  explicit MuqssClass(const Params& params) : DeadlineClass(params.rr_interval), params_(params) {}

  void attach(Kernel& kernel) override;
  const char* name() const override { return "muqss"; }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  TaskId pick_task(CpuId cpu) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void cpu_idle(CpuId cpu, bool idle, bool transition) override;
  bool may_idle_with_work() const override { return smt_nice_; }

 private:
  struct Near {
    uint32_t list;
    Distance distance;
  };

  CpuId first_later(TaskId task, CpuId prev) const;
  bool smt_allows(CpuId cpu, TaskId task) const;
  void call_siblings(CpuId cpu);

  const Params params_;
  bool smt_nice_ = false;                      // and there are siblings
  std::vector<std::vector<Near>> lists_near_;  // by CPU, the nearest first
};

}  // namespace simsched::muqss
