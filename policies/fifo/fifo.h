// A small scheduling class that is complete: the one to copy for a policy of your own.
//
// Each CPU has one queue, in order of arrival. A task runs until it blocks, or until its slice is used up while others
// wait: then it goes to the end of the line. A task that wakes up or is new goes to an idle CPU if it may, near the one
// that it knows; a CPU that runs out of tasks takes the one that is next in the longest line. Nobody is preempted by
// whoever wakes up, and nice values do not count.
//
// The engine asks, the class answers. What the verbs mean and when they are called is said in sim/sched_class.h; what a
// class may ask of the kernel and tell it to do, in sim/kernel.h. The row that makes it a policy is policy.cc beside
// this file; nothing else names it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tunables.h"
#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched::fifo {

// What a config may set, with its defaults.
struct Params {
  Nanos slice = 20_ms;

  void bind(TunableReader& reader) {
    reader.bind("slice_ns", &slice, Nanos(0), 3600_s, "CPU time until others have their turn; 0: until it blocks");
  }
};

class FifoClass final : public SchedClass {
 public:
  explicit FifoClass(const Params& params) : params_(params) {}

  bool has_tasks(CpuId cpu) const { return state_.queues[cpu.index()].length > 0; }

  // ---- SchedClass ----
  void attach(Kernel& kernel) override;
  const char* name() const override { return "fifo"; }
  // What no class above wants: ordinary tasks of every kind.
  bool takes(SchedPolicy policy) const override { return policy != SchedPolicy::kStop; }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  void enqueue_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) override;
  void wakeup_preempt(CpuId, TaskId, uint32_t) override {}  // first come, first served
  TaskId pick_task(CpuId cpu) override;
  void put_prev_task(CpuId, TaskId, TaskId) override {}
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  Nanos next_tick(CpuId cpu) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void assign(const SchedClass& other) override;

 private:
  // A line of tasks, the one that runs among them: it is its head, unless a class above has the CPU.
  struct Queue {
    TaskId first, last;
    uint32_t length = 0;
    Nanos since;  // when the task that runs was given the CPU
  };
  struct Link {
    TaskId prev, next;  // in the queue that the task is in
  };
  // All that changes while a simulation runs, and nothing else: what a snapshot has to copy.
  struct State {
    std::vector<Queue> queues;  // by CPU
    std::vector<Link> links;    // by task
    uint32_t crowded = 0;       // queues with more than one task
  };

  Queue& queue(CpuId cpu) { return state_.queues[cpu.index()]; }
  Link& link(TaskId task) { return state_.links[task.index()]; }
  void insert(CpuId cpu, TaskId task, bool at_head);
  void remove(CpuId cpu, TaskId task);
  void to_the_end(CpuId cpu, TaskId task);
  CpuId find_idle(TaskId task, CpuId prev) const;  // none: all are busy
  bool pull(CpuId cpu);

  const Params params_;
  Kernel* kernel_ = nullptr;
  State state_;
};

}  // namespace simsched::fifo
