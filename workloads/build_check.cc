#include "workloads/build_check.h"

#include <algorithm>
#include <vector>

namespace simsched {
namespace {

using Kind = BuildStep::Kind;

std::string of_process(const BuildJob& job, size_t number) {
  return "process " + std::to_string(number) + " (" + job.processes[number].name + ") ";
}

bool starts(const BuildStep& step) { return step.kind == Kind::kFork || step.kind == Kind::kVfork; }

bool execs(const BuildProcess& process) {
  return std::any_of(process.steps.begin(), process.steps.end(),
                     [](const BuildStep& s) { return s.kind == Kind::kExec; });
}

// What can be told of each step alone.
std::string step_problem(const BuildJob& job, size_t number, std::vector<bool>& forked) {
  const BuildProcess& process = job.processes[number];
  size_t loops = 0;
  for (const BuildStep& step : process.steps) {
    const auto other = static_cast<size_t>(step.value);
    if (starts(step)) {
      if (other <= number || other >= job.processes.size())
        return of_process(job, number) + "starts one that is not after it";
      if (forked[other]) return of_process(job, other) + "is started twice";
      forked[other] = true;
      if (step.kind == Kind::kVfork && !execs(job.processes[other]))
        return of_process(job, other) + "never execs, and its starter waits for that";
    }
    if (step.kind == Kind::kTell && step.value != BuildStep::kStarter && other >= job.processes.size())
      return of_process(job, number) + "tells one that does not exist";
    loops += step.kind == Kind::kLoop;
  }
  if (loops > 1) return of_process(job, number) + "has several loops";
  if ((loops == 1) == process.loop.empty())
    return of_process(job, number) + "has a loop without jobs, or jobs without a loop";
  return "";
}

struct State {
  size_t at = 0, parent = 0;
  bool started = false, ended = false, vforked = false, vforking = false;
  int64_t execs = 0, exits = 0, told = 0;
};

// Does the next step of process `i`, or its exit; false when it cannot.
bool get_on(const BuildJob& job, std::vector<State>& states, size_t i) {
  State& self = states[i];
  if (!self.started || self.ended || (self.vforking && self.execs == 0)) return false;
  if (self.vforking) --self.execs;
  self.vforking = false;
  if (self.at == job.processes[i].steps.size()) {
    self.ended = true;
    ++states[self.parent].exits;
    return true;
  }
  const BuildStep& step = job.processes[i].steps[self.at];
  const auto other = static_cast<size_t>(step.value);
  switch (step.kind) {
    case Kind::kJoin:
      if (self.exits == 0) return false;
      --self.exits;
      break;
    case Kind::kHear:
      if (self.told == 0) return false;
      --self.told;
      break;
    case Kind::kTell:
      if (step.value != BuildStep::kStarter) ++states[other].told;
      break;
    case Kind::kExec:
      if (self.vforked) ++states[self.parent].execs;
      self.vforked = false;
      break;
    case Kind::kFork:
    case Kind::kVfork:
      states[other].started = true;
      states[other].parent = i;
      states[other].vforked = self.vforking = step.kind == Kind::kVfork;
      break;
    case Kind::kWork:
    case Kind::kLoop:
      break;
  }
  ++self.at;
  return true;
}

// Lets the processes go on in turn. Each waits for what only comes to it: so one order shows whether any gets stuck.
std::string end_problem(const BuildJob& job) {
  std::vector<State> states(job.processes.size());
  states[0].started = true;
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < states.size(); ++i)
      while (get_on(job, states, i)) moved = true;
  }
  for (size_t i = 0; i < states.size(); ++i)
    if (!states[i].ended) return of_process(job, i) + "waits for ever at its step " + std::to_string(states[i].at + 1);
  return "";
}

}  // namespace

std::string build_problem(const BuildJob& job) {
  std::vector<bool> forked(job.processes.size());
  for (size_t i = 0; i < job.processes.size(); ++i) {
    const std::string problem = step_problem(job, i, forked);
    if (!problem.empty()) return problem;
  }
  for (size_t i = 1; i < job.processes.size(); ++i)
    if (!forked[i]) return of_process(job, i) + "is never started";
  if (job.vfork && !execs(job.processes[0])) return of_process(job, 0) + "never execs, and its starter waits for that";
  return end_problem(job);
}

}  // namespace simsched
