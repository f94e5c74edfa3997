// The processes of a recorded workload as a tree, with when each began and ended. Private to fit/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched::fit {

constexpr Nanos kUnknownTime{-1};

class BuildTree {
 public:
  // `workload` is what build_workload() made of `trace`; both must live as long.
  BuildTree(const SchedTrace& trace, const Workload& workload);

  const Workload& workload() const { return workload_; }
  const std::string& name(TaskId task) const { return workload_.task_name(task); }
  std::span<const Op> program(TaskId task) const { return workload_.program(task); }
  const std::vector<TaskId>& children(TaskId task) const { return nodes_[task.index()].children; }  // as forked
  Nanos forked(TaskId task) const { return nodes_[task.index()].forked; }
  Nanos ended(TaskId task) const { return nodes_[task.index()].ended; }
  int64_t work(TaskId task) const { return nodes_[task.index()].work; }
  int64_t tree_work(TaskId task) const { return nodes_[task.index()].tree_work; }  // with all descendants
  // Who waits for a token; none where several do, as for the workers of a pool.
  TaskId waiter(int32_t token) const { return waiters_[static_cast<size_t>(token)]; }

 private:
  struct Node {
    std::vector<TaskId> children;
    Nanos forked = kUnknownTime, ended = kUnknownTime;
    int64_t work = 0, tree_work = 0;
  };
  void read_programs();
  void read_times(const SchedTrace& trace);

  const Workload& workload_;
  std::vector<Node> nodes_;
  std::vector<TaskId> waiters_;
};

}  // namespace simsched::fit
