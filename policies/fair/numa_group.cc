// Tasks that share a memory: automatic NUMA balancing treats them as a group, which has faults and a preferred node in
// common (struct numa_group, task_numa_group(), should_numa_migrate_memory() and update_task_scan_period() of
// kernel/sched/fair.c, 6.12).
//
// The kernel finds groups out by the faults of their tasks; here they are known from the first. A scan makes pages of
// the shared memory fault in all of the group's tasks that run then, in equal parts, each page in one of them at
// random.
#include <algorithm>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kActiveFraction = 3;          // ACTIVE_NODE_FRACTION
constexpr int64_t kSlots = 10, kThreshold = 7;  // NUMA_PERIOD_SLOTS, NUMA_PERIOD_THRESHOLD

}  // namespace

void FairClass::attach_numa_groups() {
  const std::vector<TaskSpec>& tasks = kernel_->workload().tasks;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].share == 0 || !kernel_->memory().models(TaskId(i))) continue;
    if (numa_members_.size() < tasks[i].share) numa_members_.resize(tasks[i].share);
    numa_members_[tasks[i].share - 1u].push_back(TaskId(i));
  }
  const size_t nodes = kernel_->machine().nr_nodes();
  for (const auto& members : numa_members_) {
    NumaGroup& group = numa_.groups.emplace_back();
    for (auto* by_node : {&group.left, &group.faults, &group.fresh, &group.cpu, &group.fresh_cpu})
      by_node->assign(nodes, 0);
    group.tasks = static_cast<int64_t>(members.size());
  }
}

NumaGroup* FairClass::numa_group(TaskId task) {
  const size_t share = numa_.groups.empty() || kernel_->is_stopper(task) ? 0 : kernel_->spec(task).share;
  return share == 0 ? nullptr : &numa_.groups[share - 1];
}

// From where the group's tasks fault a good part of the time.
bool FairClass::numa_active(const NumaGroup& group, NodeId node) const {
  const int64_t most = *std::max_element(group.cpu.begin(), group.cpu.end());
  return group.cpu[node.index()] * kActiveFraction > most;
}

// How many of so many pages go to the node that they were used from: those that were used from there twice in a row,
// and by the same task again, or that are many more than there are users where they are.
int64_t FairClass::numa_followers(const NumaGroup& group, NodeId from, NodeId to, int64_t pages) const {
  int64_t all = 0;
  for (int64_t faults : group.cpu) all += faults;
  if (all == 0) return pages / group.tasks;
  const int64_t cpu_from = group.cpu[from.index()], cpu_to = group.cpu[to.index()];
  const int64_t twice = static_cast<int64_t>(Int128(pages) * cpu_to / all);
  const bool crowd = cpu_to > kActiveFraction * cpu_from;
  const bool uneven = Int128(cpu_to) * group.faults[from.index()] * 3 > Int128(cpu_from) * group.faults[to.index()] * 4;
  return crowd || uneven ? twice : twice / group.tasks;
}

void FairClass::numa_group_scan(TaskId task, NumaGroup& group, int64_t at_once) {
  const size_t nodes = kernel_->machine().nr_nodes();
  int64_t of = 0;
  for (size_t node = 0; node < nodes; ++node) of += group.left[node];
  if (of == 0)
    for (size_t node = 0; node < nodes; ++node) of += group.left[node] = kernel_->memory().pages(task, NodeId(node));
  std::vector<TaskId> running;
  for (TaskId member : numa_members_[kernel_->spec(task).share - 1u])
    if (kernel_->task_running(member)) running.push_back(member);
  int64_t still = std::min(of, at_once);
  for (size_t node = 0; node < nodes; ++node) {
    int64_t faults = group.left[node] == of ? still : still * group.left[node] / of;
    of -= group.left[node];
    still -= faults;
    group.left[node] -= faults;
    for (size_t i = running.size(); i > 0; --i) {
      const int64_t part = faults / static_cast<int64_t>(i);
      faults -= part;
      numa_group_fault(running[i - 1], group, NodeId(node), part);
    }
  }
  if (std::any_of(group.left.begin(), group.left.end(), [](int64_t left) { return left > 0; })) return;
  numa_group_place(group);
  for (TaskId member : numa_members_[kernel_->spec(task).share - 1u])
    numa_.tasks[member.index()].preferred = group.preferred;
}

// `task` uses so many pages of that node.
void FairClass::numa_group_fault(TaskId task, NumaGroup& group, NodeId node, int64_t pages) {
  if (pages == 0) return;
  const NodeId here = node_of(kernel_->task_cpu(task));
  NumaTask& known = numa_.tasks[task.index()];
  numa_.hint_faults += pages;
  if (node == here) numa_.hint_faults_local += pages;
  const bool local = node == here || (numa_active(group, node) && numa_active(group, here));
  (local ? known.local : known.remote) += pages;
  const int64_t follow = node == here ? 0 : numa_followers(group, node, here, pages);
  const int64_t moved = follow > 0 ? kernel_->move_pages(task, node, here, follow) : 0;
  group.fresh[node.index()] += pages - moved;
  group.fresh[here.index()] += moved;
  group.fresh_cpu[here.index()] += pages;
}

void FairClass::numa_group_place(NumaGroup& group) {
  int64_t most = 0;
  for (size_t node = 0; node < group.faults.size(); ++node) {
    group.faults[node] = group.faults[node] / 2 + group.fresh[node];
    group.cpu[node] = group.cpu[node] / 2 + group.fresh_cpu[node];
    group.fresh[node] = group.fresh_cpu[node] = 0;
    if (group.faults[node] <= most) continue;
    most = group.faults[node];
    group.preferred = NodeId(node);
  }
}

// All faults are shared ones: the more of them are local, the less often it is worth looking.
int64_t FairClass::numa_group_period(NumaTask& known) const {
  const int64_t all = known.local + known.remote, slot = (known.period + kSlots - 1) / kSlots;
  const int64_t local = all == 0 ? 0 : known.local * kSlots / all;
  known.local = known.remote = 0;
  if (all == 0) return 2 * known.period;
  if (local >= kThreshold) return known.period + std::max<int64_t>(1, local - kThreshold) * slot;
  return known.period - (kThreshold - local) * slot;
}

}  // namespace simsched
