// What the tasks are: from their names, their ancestry and the recording's circumstances.
#include <algorithm>
#include <string_view>

#include "replay/parts.h"

namespace simsched::replay {
namespace {

void set_priority(TaskSpec& spec, int prio) {
  if (prio >= kMaxRtPrio) {
    spec.nice = static_cast<int8_t>(std::clamp(prio, kMaxRtPrio, kMaxPrio - 1) - kDefaultPrio);
    return;
  }
  // A deadline task (-1) comes out as the highest real-time priority.
  spec.policy = SchedPolicy::kFifo;
  spec.rt_priority = static_cast<uint8_t>(std::clamp(99 - prio, 1, 99));
}

void set_tree(TaskSpec& spec, const RecordedTree& tree, AffinityId affinity) {
  spec.slice = tree.slice;
  if (affinity.valid()) spec.affinity = affinity;
  if (spec.rt_priority != 0) return;  // it set a real-time policy itself: the trace knows better
  spec.policy = static_cast<SchedPolicy>(tree.policy);
  if (tree.nice != 0) spec.nice = static_cast<int8_t>(tree.nice);
  bool real_time = is_real_time(spec.policy);
  spec.rt_priority = real_time ? 1 : 0;
  if (real_time) spec.nice = 0;
}

// The task that became the recorded command: forked before the recording began, its first name
// is what perf gives it until it execs.
constexpr std::string_view kCommandName = "perf-exec";

// Which tasks belong to the recorded command (it and all its descendants), and which to the session
// that it was recorded from (these, and the recorder).
struct Command {
  std::vector<bool> descendants, session;
  bool found = false;
};

Command find_command(const SchedTrace& trace, const Recorded& recorded) {
  size_t nr_tasks = recorded.tasks.size();
  Command command{std::vector<bool>(nr_tasks), std::vector<bool>(nr_tasks)};
  uint32_t recorder = 0;  // its threads' name
  for (size_t i = 0; i < nr_tasks; ++i) {
    const RecordedTask& task = recorded.tasks[i];
    bool root = task.alive_at_start && trace.names[task.first_name] == kCommandName;
    if (root && task.first_waker != kNobody) recorder = recorded.tasks[static_cast<size_t>(task.first_waker)].last_name;
    command.found |= root;
    command.descendants[i] = root || (task.parent != kNobody && command.descendants[static_cast<size_t>(task.parent)]);
  }
  for (size_t i = 0; i < nr_tasks; ++i) {
    const RecordedTask& task = recorded.tasks[i];
    command.session[i] = command.descendants[i] || (recorder != 0 && task.alive_at_start && task.last_name == recorder);
  }
  return command;
}

// The tasks whose end ends the simulation: the recorded command and its descendants. Without one it is a recording
// of a whole system, which lasts until all user tasks have done what they did; without any, until all tasks have.
void set_background(const Command& command, Workload& workload) {
  auto keep = [&](auto foreground) {
    bool any = false;
    for (size_t i = 0; i < workload.tasks.size(); ++i) {
      workload.tasks[i].background = !foreground(i);
      any |= !workload.tasks[i].background;
    }
    return any;
  };
  auto user = [&](size_t i) { return !workload.tasks[i].kthread; };
  if (command.found && keep([&](size_t i) { return command.descendants[i]; })) return;
  if (keep(user)) return;
  keep([](size_t) { return true; });
}

}  // namespace

void set_attributes(const SchedTrace& trace, const Recorded& recorded, Workload& workload) {
  const std::vector<RecordedTree>& trees = trace.circumstances.tasks;
  std::vector<AffinityId> tree_affinity(trees.size());
  for (size_t i = 0; i < trees.size(); ++i) {
    if (!trees[i].cpus.empty()) tree_affinity[i] = workload.intern_affinity(CpuSet::parse(trees[i].cpus));
  }
  std::vector<uint32_t> name_of(trace.names.size(), ~uint32_t{0});
  Command command = find_command(trace, recorded);
  std::string deadline_task;  // one of them
  constexpr GroupId kCommandGroup{1}, kOtherGroup{2};
  if (trace.circumstances.autogroup) workload.groups.resize(3);

  for (size_t i = 0; i < recorded.tasks.size(); ++i) {
    const RecordedTask& task = recorded.tasks[i];
    TaskSpec& spec = workload.tasks[i];
    const std::string& name = trace.names[task.last_name];
    uint32_t& interned = name_of[task.last_name];
    if (interned == ~uint32_t{0}) interned = workload.intern_name(name);
    spec.name = interned;
    spec.kthread = task.kthread;
    set_priority(spec, task.prio == kNoPrio ? kDefaultPrio : task.prio);
    if (task.prio < 0 && task.prio != kNoPrio) deadline_task = name;
    if (spec.kthread && bound_to(name).valid())
      spec.affinity = workload.intern_affinity(CpuSet::single(bound_to(name)));
    if (task.tree >= 0)
      set_tree(spec, trees[static_cast<size_t>(task.tree)], tree_affinity[static_cast<size_t>(task.tree)]);
    if (trace.circumstances.autogroup && !spec.kthread) spec.group = command.session[i] ? kCommandGroup : kOtherGroup;
  }
  set_background(command, workload);
  if (!deadline_task.empty())
    workload.notes.push_back("'" + deadline_task +
                             "' was SCHED_DEADLINE, and a recording does not tell its runtime and period: such tasks "
                             "are SCHED_FIFO of the highest priority, but for those to which `tasks:` gives them");
}

}  // namespace simsched::replay
