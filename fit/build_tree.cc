#include "fit/build_tree.h"

#include <deque>
#include <unordered_map>

namespace simsched::fit {

BuildTree::BuildTree(const SchedTrace& trace, const Workload& workload)
    : workload_(workload), nodes_(workload.tasks.size()), waiters_(workload.nr_tokens) {
  read_programs();
  read_times(trace);
}

void BuildTree::read_programs() {
  std::vector<bool> several(waiters_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    for (const Op& op : workload_.program(TaskId(i))) {
      if (op.kind == OpKind::kFork) nodes_[i].children.emplace_back(op.arg);
      if (op.kind == OpKind::kCompute) nodes_[i].work += op.value;
      if (op.kind != OpKind::kWait) continue;
      TaskId& waiter = waiters_[static_cast<size_t>(op.arg)];
      if (waiter.valid() && waiter != TaskId(i)) several[static_cast<size_t>(op.arg)] = true;
      waiter = TaskId(i);
    }
  }
  for (size_t token = 0; token < several.size(); ++token)
    if (several[token]) waiters_[token] = {};
  // A parent stands before its children.
  for (size_t i = nodes_.size(); i-- > 0;) {
    nodes_[i].tree_work += nodes_[i].work;
    TaskId parent = workload_.tasks[i].parent;
    if (parent.valid()) nodes_[parent.index()].tree_work += nodes_[i].tree_work;
  }
}

// Pids are given out again: the tasks of one come in the order of the workload.
void BuildTree::read_times(const SchedTrace& trace) {
  std::unordered_map<int32_t, std::deque<TaskId>> to_come;
  std::unordered_map<int32_t, TaskId> alive;
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (workload_.tasks[i].parent.valid()) to_come[workload_.tasks[i].pid].emplace_back(i);
  for (const TraceEvent& event : trace.events) {
    if (event.kind == TraceKind::kFork) {
      std::deque<TaskId>& next = to_come[event.pid.value()];
      if (next.empty()) continue;
      nodes_[next.front().index()].forked = event.time;
      alive[event.pid.value()] = next.front();
      next.pop_front();
    } else if (event.kind == TraceKind::kSwitch && event.state & (kStateDead | kStateZombie)) {
      auto found = alive.find(event.current.value());
      if (found == alive.end()) continue;
      nodes_[found->second.index()].ended = event.time;
      alive.erase(found);
    }
  }
}

}  // namespace simsched::fit
