// What the processes of a job do, as it is common to all of its kind. Private to fit/.
#pragma once

#include <string>
#include <vector>

#include "fit/build_tree.h"
#include "workloads/build_model.h"

namespace simsched::fit {

// A process with more children runs them in a loop, and is described by what kinds of them there are.
constexpr size_t kMostChildren = 24;
inline bool loops(const BuildTree& tree, TaskId task) { return tree.children(task).size() > kMostChildren; }

// Jobs of the same kind have the same: names and who starts whom.
std::string kind_of(const BuildTree& tree, TaskId first);

// The processes of a job: its first one, then what each starts, depth first. Those that a loop runs are none of them.
std::vector<TaskId> processes_of(const BuildTree& tree, TaskId first);

struct JobShape {
  std::vector<std::vector<BuildStep>> steps;  // by process
  bool vfork = false;                         // who started it waited for its exec
};

// Of jobs of one kind, by their first process. Where they differ, as it depends on who is faster whether anybody has to
// wait, the one that shows most of it counts.
JobShape shape_of(const BuildTree& tree, const std::vector<TaskId>& jobs);

}  // namespace simsched::fit
