#include "fit/job_shape.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

namespace simsched::fit {
namespace {

using Kind = BuildStep::Kind;

constexpr int32_t kNobody = -2;    // neither of the job nor its starter
constexpr int64_t kShares = 1000;  // of a process's work

// An op that matters to others, and the work before it.
struct Act {
  OpKind kind;
  int32_t other = kNobody;  // kFork, kSignal: process of the job, or BuildStep::kStarter
  bool io = false;          // kWait
  bool exits = false;       // kSignal
  int64_t work = 0;
};

struct Process {
  std::vector<Act> acts;
  int64_t rest = 0;  // work after the last
};

std::vector<Process> read_job(const BuildTree& tree, TaskId first) {
  const std::vector<TaskId> tasks = processes_of(tree, first);
  std::map<int32_t, int32_t> numbers;
  for (size_t i = 0; i < tasks.size(); ++i) numbers[tasks[i].value()] = static_cast<int32_t>(i);
  const TaskId starter = tree.workload().tasks[first.index()].parent;
  auto number_of = [&](TaskId task) {
    if (task == starter) return BuildStep::kStarter;
    auto found = numbers.find(task.value());
    return found == numbers.end() ? kNobody : found->second;
  };
  std::vector<Process> job;
  for (TaskId task : tasks) {
    Process& process = job.emplace_back();
    for (const Op& op : tree.program(task)) {
      Act act{op.kind, kNobody, false, false, process.rest};
      if (op.kind == OpKind::kCompute) process.rest += op.value;
      if (op.kind == OpKind::kFork && !loops(tree, task)) act.other = number_of(TaskId(op.arg));
      if (op.kind == OpKind::kSignal) act.other = number_of(tree.waiter(op.arg));
      if (op.kind == OpKind::kSignal) act.exits = (op.flags & kOpExits) != 0;
      if (op.kind == OpKind::kWait) act.io = (op.flags & kOpIo) != 0;
      const bool counts = op.kind == OpKind::kExec || op.kind == OpKind::kWait || act.other != kNobody;
      if (!counts) continue;
      process.acts.push_back(act);
      process.rest = 0;
    }
  }
  return job;
}

// Two jobs with the same act alike.
std::string text_of(const std::vector<Process>& job) {
  std::string text;
  for (const Process& process : job) {
    for (const Act& act : process.acts)
      text += std::to_string(static_cast<int>(act.kind)) + (act.io ? "i" : "") + (act.exits ? "x" : "") +
              std::to_string(act.other) + " ";
    text += "|";
  }
  return text;
}

size_t waits_of(const std::vector<Process>& job) {
  size_t count = 0;
  for (const Process& process : job)
    for (const Act& act : process.acts) count += act.kind == OpKind::kWait;
  return count;
}

// Those of the shape that shows most waits; one that is rare does not count unless all are.
std::vector<std::vector<Process>> fullest(const BuildTree& tree, const std::vector<TaskId>& jobs) {
  std::map<std::string, std::vector<std::vector<Process>>> shapes;
  for (TaskId first : jobs) {
    std::vector<Process> job = read_job(tree, first);
    shapes[text_of(job)].push_back(std::move(job));
  }
  size_t most = 0;
  for (const auto& [text, alike] : shapes) most = std::max(most, alike.size());
  const std::vector<std::vector<Process>>* best = nullptr;
  auto rank = [](const auto& alike) { return std::tuple(waits_of(alike[0]), alike.size()); };
  for (const auto& [text, alike] : shapes)
    if (4 * alike.size() >= most && (best == nullptr || rank(alike) > rank(*best))) best = &alike;
  return *best;
}

// What each act is for: the processes take turns, and each wait takes the signal that came first.
class Reader {
 public:
  explicit Reader(const std::vector<Process>& job)
      : job_(job), at_(job.size()), started_(job.size()), signals_(job.size()), meanings_(job.size()) {
    for (size_t i = 0; i < job.size(); ++i) meanings_[i].assign(job[i].acts.size(), Meaning::kNothing);
    started_[0] = true;
    for (;;) {
      bool moved = false;
      for (size_t i = 0; i < job.size(); ++i)
        while (get_on(i)) moved = true;
      // What nobody in the job ends is none of its waits.
      if (!moved && !skip_a_wait()) break;
    }
  }

  std::vector<BuildStep> steps(size_t process, const std::vector<int64_t>& works) const {
    std::vector<BuildStep> made;
    int64_t whole = 1, pending = 0;
    for (int64_t work : works) whole += work;
    auto work_on = [&] {
      if (const auto share = static_cast<int32_t>(pending * kShares / whole); share > 0)
        made.push_back({Kind::kWork, share});
      pending = 0;
    };
    const std::vector<Act>& acts = job_[process].acts;
    int64_t children = 0, joins = 0;
    for (size_t i = 0; i < acts.size(); ++i) {
      pending += works[i];
      if (acts[i].kind == OpKind::kFork) {
        work_on();
        const auto& other = job_[static_cast<size_t>(acts[i].other)].acts;
        const bool execs =
            std::any_of(other.begin(), other.end(), [](const Act& act) { return act.kind == OpKind::kExec; });
        const bool waits = i + 1 < acts.size() && acts[i + 1].kind == OpKind::kWait && acts[i + 1].io;
        made.push_back({execs && waits ? Kind::kVfork : Kind::kFork, acts[i].other});
        ++children;
      } else if (acts[i].kind == OpKind::kExec) {
        work_on();
        made.push_back({Kind::kExec, 0});
      } else if (meanings_[process][i] == Meaning::kJoin) {
        work_on();
        made.push_back({Kind::kJoin, 0});
        ++joins;
      } else if (meanings_[process][i] == Meaning::kHear) {
        work_on();
        made.push_back({Kind::kHear, 0});
      } else if (meanings_[process][i] == Meaning::kTell) {
        work_on();
        made.push_back({Kind::kTell, acts[i].other});
      }
    }
    // Children that had ended before anybody looked.
    for (; joins < children; ++joins) {
      work_on();
      made.push_back({Kind::kJoin, 0});
    }
    pending += works.back();
    work_on();
    return made;
  }

 private:
  enum class Meaning : uint8_t { kNothing, kJoin, kHear, kTell };
  struct Signal {
    size_t process, act;
  };

  bool get_on(size_t i) {
    if (!started_[i] || at_[i] == job_[i].acts.size()) return false;
    const Act& act = job_[i].acts[at_[i]];
    if (act.kind == OpKind::kWait) {
      if (signals_[i].empty()) return false;
      const Signal from = signals_[i].front();
      signals_[i].pop_front();
      const Act& signal = job_[from.process].acts[from.act];
      if (signal.exits) {
        meanings_[i][at_[i]] = Meaning::kJoin;
      } else if (!act.io) {
        meanings_[i][at_[i]] = Meaning::kHear;
        meanings_[from.process][from.act] = Meaning::kTell;
      }
    }
    if (act.kind == OpKind::kFork) started_[static_cast<size_t>(act.other)] = true;
    if (act.kind == OpKind::kSignal && act.other >= 0) signals_[static_cast<size_t>(act.other)].push_back({i, at_[i]});
    if (act.kind == OpKind::kSignal && act.other == BuildStep::kStarter && !act.exits && told_before(i))
      meanings_[i][at_[i]] = Meaning::kTell;
    ++at_[i];
    return true;
  }

  // Its exec ends the starter's vfork: that is no word through a pipe.
  bool told_before(size_t i) const {
    const std::vector<Act>& acts = job_[i].acts;
    return at_[i] == 0 || acts[at_[i] - 1].kind != OpKind::kExec;
  }

  bool skip_a_wait() {
    for (size_t i = 0; i < job_.size(); ++i) {
      if (!started_[i] || at_[i] == job_[i].acts.size()) continue;
      ++at_[i];
      return true;
    }
    return false;
  }

  const std::vector<Process>& job_;
  std::vector<size_t> at_;
  std::vector<bool> started_;
  std::vector<std::deque<Signal>> signals_;  // that have come and nobody has taken
  std::vector<std::vector<Meaning>> meanings_;
};

// The work before the first child, while they run, and after the last; all have an exec or none.
std::vector<BuildStep> loop_steps(const BuildTree& tree, TaskId task) {
  int64_t parts[3] = {1, 1, 1};
  size_t forks = 0;
  bool execs = false;
  const size_t children = tree.children(task).size();
  for (const Op& op : tree.program(task)) {
    if (op.kind == OpKind::kFork) ++forks;
    if (op.kind == OpKind::kExec && forks == 0) execs = true;
    if (op.kind == OpKind::kCompute) parts[forks == 0 ? 0 : forks < children ? 1 : 2] += op.value;
  }
  const int64_t whole = parts[0] + parts[1] + parts[2];
  auto share = [&](int part) { return static_cast<int32_t>(std::max(parts[part] * kShares / whole, int64_t{1})); };
  std::vector<BuildStep> steps;
  if (execs) steps.push_back({Kind::kExec, 0});
  for (BuildStep step : {BuildStep{Kind::kWork, share(0)}, {Kind::kLoop, share(1)}, {Kind::kWork, share(2)}})
    steps.push_back(step);
  return steps;
}

bool waited_for_exec(const BuildTree& tree, TaskId first) {
  const TaskId starter = tree.workload().tasks[first.index()].parent;
  if (!starter.valid()) return false;
  bool forked = false;
  for (const Op& op : tree.program(starter)) {
    if (forked && op.kind == OpKind::kWait) return (op.flags & kOpIo) != 0;
    if (forked && op.kind != OpKind::kCompute && op.kind != OpKind::kSleep) return false;
    forked |= op.kind == OpKind::kFork && op.arg == first.value();
  }
  return false;
}

}  // namespace

std::string kind_of(const BuildTree& tree, TaskId first) {
  std::string text = tree.name(first);
  const std::vector<TaskId>& children = tree.children(first);
  if (children.empty()) return text;
  if (loops(tree, first)) {
    std::set<std::string> kinds;
    for (TaskId child : children) kinds.insert(kind_of(tree, child));
    text += '*';
    for (const std::string& kind : kinds) text += kind + ',';
    return text + '*';
  }
  text += '(';
  for (TaskId child : children) text += kind_of(tree, child) + ',';
  return text + ')';
}

std::vector<TaskId> processes_of(const BuildTree& tree, TaskId first) {
  std::vector<TaskId> all{first};
  if (loops(tree, first)) return all;
  for (TaskId child : tree.children(first)) {
    const std::vector<TaskId> below = processes_of(tree, child);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

JobShape shape_of(const BuildTree& tree, const std::vector<TaskId>& jobs) {
  const std::vector<std::vector<Process>> alike = fullest(tree, jobs);
  const std::vector<TaskId> tasks = processes_of(tree, jobs[0]);
  const Reader reader(alike[0]);
  JobShape shape;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (loops(tree, tasks[i])) {
      shape.steps.push_back(loop_steps(tree, tasks[i]));
      continue;
    }
    std::vector<int64_t> works(alike[0][i].acts.size() + 1);
    for (const std::vector<Process>& job : alike) {
      for (size_t act = 0; act < job[i].acts.size(); ++act) works[act] += job[i].acts[act].work;
      works.back() += job[i].rest;
    }
    shape.steps.push_back(reader.steps(i, works));
  }
  const auto& steps = shape.steps[0];
  const bool execs =
      std::any_of(steps.begin(), steps.end(), [](const BuildStep& step) { return step.kind == Kind::kExec; });
  const auto waited =
      std::count_if(jobs.begin(), jobs.end(), [&](TaskId first) { return waited_for_exec(tree, first); });
  shape.vfork = execs && 2 * static_cast<size_t>(waited) > jobs.size();
  return shape;
}

}  // namespace simsched::fit
