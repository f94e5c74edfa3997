#include "workloads/workload.h"

#include <algorithm>

#include "base/error.h"

namespace simsched {
namespace {

constexpr int32_t kFirstPid = 1000;
constexpr Nanos kShortestPeriod = 1_ms, kLongestPeriod = 1_s;  // min_cfs_quota_period, max_cfs_quota_period

// Where an index or value of a task is out of range.
[[noreturn]] void reject(const Workload& workload, TaskId task, const std::string& what) {
  const TaskSpec& spec = workload.tasks[task.index()];
  std::string name = spec.name < workload.names.size() ? workload.names[spec.name] : "?";
  throw Error("", "task " + std::to_string(task.value()) + " (" + name + "): " + what);
}

std::string at_op(size_t index) { return "op " + std::to_string(index) + ": "; }

bool known_policy(int64_t policy) {
  return policy == 0 || policy == 1 || policy == 2 || policy == 3 || policy == 5 || policy == 6 || policy == 7;
}

// An endless loop must block or compute, or the simulation would not get past it.
bool takes_time(std::span<const Op> body) {
  return std::any_of(body.begin(), body.end(), [](const Op& op) {
    return op.kind == OpKind::kWait || op.kind == OpKind::kSleepPeriod || op.kind == OpKind::kBarrier ||
           op.kind == OpKind::kPacketIn || op.kind == OpKind::kPoll ||
           ((op.kind == OpKind::kCompute || op.kind == OpKind::kRuntime || op.kind == OpKind::kSleep ||
             op.kind == OpKind::kTimer) &&
            op.value > 0);
  });
}

// A segment begins with its receive, goes to the next segment of its loop or the loop's end, and never blocks after the
// receive: a poll loop would wait there for one message while others come, and could wait for its own doing.
std::string segment_problem(std::span<const Op> program, size_t index) {
  int64_t length = program[index].value;
  if (length < 2 || static_cast<uint64_t>(length) >= program.size() - index)
    return "the segment goes beyond the program";
  if (program[index + 1].kind != OpKind::kReceive) return "a segment begins with what it receives";
  for (size_t at = index + 2; at < index + static_cast<size_t>(length); ++at) {
    OpKind kind = program[at].kind;
    if (kind != OpKind::kCompute && kind != OpKind::kSend && kind != OpKind::kSignal && kind != OpKind::kUser)
      return "op " + std::to_string(at) + " has no place in a segment of a poll loop";
  }
  const Op& next = program[index + static_cast<size_t>(length)];
  if ((next.kind != OpKind::kSelect && next.kind != OpKind::kSelectEnd) || next.arg != program[index].arg)
    return "no segment of its poll loop follows, and no end";
  return "";
}

// Of a change of task or group: what it names.
std::string change_problem(const Workload& workload, const Op& op) {
  const bool of_group = op.kind == OpKind::kChangeGroup;
  const size_t targets = of_group ? workload.groups.size() : workload.tasks.size();
  if (op.arg < (of_group ? 1 : -1) || (op.arg >= 0 && static_cast<size_t>(op.arg) >= targets))
    return of_group ? "changes a group that does not exist" : "changes a task that does not exist";
  auto value_in = [&](size_t bound) { return op.value >= 0 && static_cast<uint64_t>(op.value) < bound; };
  switch (op.kind) {
    case OpKind::kSetNice:
      return op.value < -20 || op.value > 19 ? "nice must be -20..19" : "";
    case OpKind::kSetPolicy:
      if (!known_policy(op.value)) return "unknown scheduling policy";
      if (op.value == static_cast<int64_t>(SchedPolicy::kDeadline))
        return op.slot >= 1 && op.slot <= workload.reservations.size() ? "" : "no such reservation";
      return op.slot > 99 ? "a real-time priority must be 1..99" : "";
    case OpKind::kSetAffinity:
      return value_in(workload.affinities.size()) ? "" : "no such affinity";
    case OpKind::kSetGroup:
      return value_in(workload.groups.size()) ? "" : "no such group";
    case OpKind::kChangeGroup:
      return value_in(workload.settings.size()) ? "" : "no such settings of a group";
    default:
      return "an operation that changes nothing";
  }
}

// What is wrong with a group; "" when nothing is.
std::string group_problem(const Workload& workload, const GroupSpec& group) {
  if (group.weight < 1 || group.weight > 10000) return "cpu.weight must be 1..10000";
  if (group.period < kShortestPeriod || group.period > kLongestPeriod) return "the period must be 1ms..1s";
  if (group.quota < kShortestPeriod) return "the quota must be 1ms at least";
  if (group.burst < Nanos(0) || (group.burst > Nanos(0) && group.burst > group.quota))
    return "the burst must be 0 up to the quota";
  if (!group.cpus.valid() || group.cpus.index() >= workload.affinities.size()) return "no such affinity";
  return "";
}

// What is wrong with the op at `index` of a program; "" when nothing is. What concerns forks needs
// the whole workload: see check().
std::string op_problem(const Workload& workload, std::span<const Op> program, size_t index) {
  const Op& op = program[index];
  auto arg_in = [&](size_t bound) { return op.arg >= 0 && static_cast<size_t>(op.arg) < bound; };
  switch (op.kind) {
    case OpKind::kCompute:
    case OpKind::kSleep:
    case OpKind::kSleepUntil:
      return op.value < 0 ? "negative time" : "";
    case OpKind::kSleepPeriod:
    case OpKind::kFrame:
      return op.value <= 0 ? "a period must be positive" : "";
    case OpKind::kRuntime:
      return op.value < 0 ? "negative time" : op.arg <= 0 ? "works in no pieces" : "";
    case OpKind::kTimer:
      if (!arg_in(workload.timers.size())) return "no such timer";
      return op.value < 0 ? "negative time" : "";
    case OpKind::kBarrier:
      if (!arg_in(workload.nr_tokens)) return "no such token";
      return op.value < 1 ? "a barrier for nobody" : "";
    case OpKind::kWait:
    case OpKind::kSignal:
      return arg_in(workload.nr_tokens) && op.slot <= workload.nr_tokens - static_cast<size_t>(op.arg)
                 ? ""
                 : "no such token";
    case OpKind::kKill:
      return arg_in(workload.tasks.size()) ? "" : "kills a task that does not exist";
    case OpKind::kLock:
      if (!arg_in(workload.locks.size())) return "no such lock";
      if (op.slot >= workload.locks[static_cast<size_t>(op.arg)].count) return "the lock has no such user";
      return op.value < 0 ? "negative work" : "";
    case OpKind::kSend:
    case OpKind::kReceive:
      if (!arg_in(workload.channels.size())) return "no such channel";
      return op.value <= 0 ? "a message has at least one byte" : "";
    case OpKind::kSelect:
      if (!arg_in(workload.poll_loops.size())) return "no such poll loop";
      return segment_problem(program, index);
    case OpKind::kSelectEnd:
      return arg_in(workload.poll_loops.size()) ? "" : "no such poll loop";
    case OpKind::kPacketIn:
      return arg_in(workload.packets.queues.size()) ? "" : "no such packet queue";
    case OpKind::kPoll:
      return arg_in(workload.packets.threads.size()) ? "" : "no such poll thread";
    case OpKind::kFork:
      return arg_in(workload.tasks.size()) ? "" : "forks a task that does not exist";
    case OpKind::kSetNice:
    case OpKind::kSetPolicy:
    case OpKind::kSetAffinity:
    case OpKind::kSetGroup:
    case OpKind::kChangeGroup:
      return change_problem(workload, op);
    case OpKind::kLoop:
      if (op.arg < 0 || static_cast<size_t>(op.arg) >= index) return "a loop must go back";
      if (op.slot >= kLoopSlots) return "loops nest at most " + std::to_string(kLoopSlots) + " deep";
      if (op.value < 0) return "negative number of rounds";
      if (op.value == 0 && !takes_time(program.subspan(op.arg, index - op.arg)))
        return "an endless loop that takes no time";
      return "";
    case OpKind::kWaitChild:
    case OpKind::kExec:
    case OpKind::kExit:
    case OpKind::kYield:
    case OpKind::kUser:
    case OpKind::kPacketOut:
    case OpKind::kKilled:
      return "";
  }
  return "unknown operation";
}

}  // namespace

std::string Workload::group_path(GroupId group) const {
  if (group == GroupId(0)) return "/";
  const GroupSpec& spec = groups[group.index()];
  return spec.parent == GroupId(0) ? spec.name : group_path(spec.parent) + "/" + spec.name;
}

uint32_t Workload::intern_name(const std::string& text) {
  while (name_index_.size() < names.size()) {
    uint32_t next = static_cast<uint32_t>(name_index_.size());
    if (!name_index_.emplace(names[next], next).second)
      break;  // a duplicate was added directly: the index stays behind
  }
  auto found = name_index_.find(text);
  if (found != name_index_.end()) return found->second;
  uint32_t index = static_cast<uint32_t>(names.size());
  names.push_back(text);
  name_index_.emplace(text, index);
  return index;
}

AffinityId Workload::intern_affinity(const CpuSet& cpus) {
  for (size_t i = 1; i < affinities.size(); ++i) {
    if (affinities[i] == cpus) return AffinityId(i);
  }
  affinities.push_back(cpus);
  return AffinityId(affinities.size() - 1);
}

void Workload::check_room(size_t more_tasks, size_t more_ops) const {
  constexpr size_t kMostTasks = size_t{1} << 22, kMostOps = size_t{1} << 26;  // 1 GiB of operations
  if (tasks.size() + more_tasks > kMostTasks)
    throw Error("", "the workload has more than " + std::to_string(kMostTasks) + " tasks", "take fewer");
  if (ops.size() + more_ops > kMostOps)
    throw Error("", "the programs of its tasks have more than " + std::to_string(kMostOps) + " operations",
                "take fewer tasks, or fewer rounds or requests of each");
}

uint16_t Workload::intern_reservation(const Reservation& reservation) {
  auto found = std::ranges::find(reservations, reservation);
  if (found == reservations.end()) {
    if (reservations.size() >= UINT16_MAX) throw Error("", "there are too many different reservations", "take fewer");
    found = reservations.insert(found, reservation);
  }
  return static_cast<uint16_t>(found - reservations.begin() + 1);
}

TaskId Workload::add_task(const std::string& task_name, std::span<const Op> program) {
  check_room(1, program.size());
  TaskSpec spec;
  spec.name = intern_name(task_name);
  spec.first_op = static_cast<uint32_t>(ops.size());
  spec.nr_ops = static_cast<uint32_t>(program.size());
  spec.pid = kFirstPid + static_cast<int32_t>(tasks.size());
  ops.insert(ops.end(), program.begin(), program.end());
  tasks.push_back(spec);
  return TaskId(tasks.size() - 1);
}

TaskId Workload::clone_task(TaskId task) {
  check_room(1, 0);
  TaskSpec spec = tasks[task.index()];
  spec.pid = kFirstPid + static_cast<int32_t>(tasks.size());
  tasks.push_back(spec);
  return TaskId(tasks.size() - 1);
}

void Workload::fit(size_t nr_cpus, const CpuSet& isolated) {
  CpuSet existing = CpuSet::first(nr_cpus);
  for (size_t i = 1; i < affinities.size(); ++i) {
    affinities[i] = affinities[i] & existing;
    if (affinities[i].empty()) affinities[i] = existing;
  }
  for (TaskSpec& spec : tasks) {
    if (spec.start_cpu.valid()) spec.start_cpu = CpuId(spec.start_cpu.index() % nr_cpus);
  }
  packets.fit(nr_cpus);
  for (const PollThread& thread : packets.threads)
    if (!thread.ring.valid()) tasks[thread.task.index()].affinity = intern_affinity(CpuSet::single(thread.cpu));
  if (isolated.empty()) return;
  const AffinityId others = intern_affinity(existing - isolated);
  for (TaskSpec& spec : tasks) {
    if (spec.affinity == AffinityId(0)) spec.affinity = others;
    const CpuSet& allowed = affinities[spec.affinity.index()];
    if (spec.start_cpu.valid() && !allowed.contains(spec.start_cpu)) spec.start_cpu = allowed.next_wrap(spec.start_cpu);
  }
}

void Workload::check(size_t nr_cpus) const {
  CpuSet existing = CpuSet::first(nr_cpus);
  for (size_t i = 1; i < affinities.size(); ++i) {
    if (affinities[i].empty()) throw Error("", "affinity " + std::to_string(i) + " is empty");
    if (nr_cpus != 0 && !affinities[i].intersects(existing)) {
      throw Error(
          "", "affinity " + affinities[i].str() + " has no CPU of this machine, which has " + std::to_string(nr_cpus));
    }
  }

  if (groups.empty()) throw Error("", "there is no root group");
  for (size_t i = 1; i < groups.size(); ++i) {
    std::string problem = group_problem(*this, groups[i]);
    if (problem.empty() && (!groups[i].parent.valid() || groups[i].parent.index() >= i))
      problem = "its parent does not come before it";
    if (!problem.empty()) throw Error("", "group " + std::to_string(i) + " (" + groups[i].name + "): " + problem);
  }
  for (const GroupSpec& change : settings)
    if (std::string problem = group_problem(*this, change); !problem.empty())
      throw Error("", "a change of a group: " + problem);
  for (const Reservation& reservation : reservations)
    if (const std::string problem = reservation_problem(reservation); !problem.empty())
      throw Error("", "a reservation: " + problem);
  for (const TimedChange& change : changes) {
    const bool kill = change.op.kind == OpKind::kKill;
    std::string problem = change.at < Nanos(0) || change.every < Nanos(0) ? "negative time"
                          : !kill                                         ? change_problem(*this, change.op)
                                                                          : "";
    if (problem.empty() && change.op.arg < 0) problem = "it names no task";
    if (kill && problem.empty() && static_cast<size_t>(change.op.arg) >= tasks.size())
      problem = "kills a task that does not exist";
    if (!problem.empty()) throw Error("", "a change at " + std::to_string(change.at.count()) + " ns: " + problem);
  }

  for (const ChannelSpec& channel : channels) {
    if (channel.capacity < 0) throw Error("", "the capacity of a channel is negative");
    if (channel.kind == ChannelSpec::Kind::kPipe && (channel.capacity == 0 || channel.capacity % kPageSize != 0))
      throw Error("", "the capacity of a pipe is not a number of pages");
  }

  for (TokenId token : given)
    if (!token.valid() || token.index() >= nr_tokens) throw Error("", "a token that is given does not exist");
  for (Nanos start : timers)
    if (start < Nanos(0)) throw Error("", "a timer begins before the start");
  for (const LockSpec& lock : locks) {
    if (lock.count == 0 || lock.first > lock_users.size() || lock.count > lock_users.size() - lock.first)
      throw Error("", "the users of a lock are out of range");
  }
  for (TaskId user : lock_users) {
    if (!user.valid() || user.index() >= tasks.size()) throw Error("", "a user of a lock does not exist");
  }
  for (const PollLoopSpec& loop : poll_loops) {
    if (loop.round < Work(0) || loop.batch < 1)
      throw Error("", "a poll loop handles one message at least, in some time");
  }

  packets.check(tasks.size(), nr_cpus);

  // Programs are shared, so each range is checked once; tasks that share one usually stand together.
  std::vector<TaskId> forked_by(tasks.size()), receiver(channels.size());
  uint32_t checked_first = 0, checked_ops = 0;
  bool checked_once = false;  // it forks or receives, which two tasks cannot share
  for (size_t i = 0; i < tasks.size(); ++i) {
    TaskId task(i);
    const TaskSpec& spec = tasks[i];
    if (spec.name >= names.size()) reject(*this, task, "no such name");
    if (spec.first_op > ops.size() || spec.nr_ops > ops.size() - spec.first_op)
      reject(*this, task, "program out of range");
    if (spec.start < Nanos(0) || spec.slice < Nanos(0)) reject(*this, task, "negative start or slice");
    if (!spec.affinity.valid() || spec.affinity.index() >= affinities.size()) reject(*this, task, "no such affinity");
    if (!spec.group.valid() || spec.group.index() >= groups.size()) reject(*this, task, "no such group");
    if (spec.nice < -20 || spec.nice > 19) reject(*this, task, "nice must be -20..19");
    if (!known_policy(static_cast<int64_t>(spec.policy))) reject(*this, task, "unknown scheduling policy");
    if (is_real_time(spec.policy) != (spec.rt_priority >= 1 && spec.rt_priority <= 99)) {
      reject(*this, task, "a real-time priority must be 1..99, and 0 for other policies");
    }
    if ((spec.policy == SchedPolicy::kDeadline) != (spec.reservation != 0) || spec.reservation > reservations.size()) {
      reject(*this, task, "a reservation is of SCHED_DEADLINE, which has one");
    }
    if (nr_cpus != 0 && spec.start_cpu.valid() && spec.start_cpu.index() >= nr_cpus) {
      reject(*this, task, "starts on CPU " + std::to_string(spec.start_cpu.value()) + ", which this machine lacks");
    }
    if (spec.parent.valid() && spec.parent.index() >= tasks.size()) reject(*this, task, "its parent does not exist");

    bool same_program = i > 0 && spec.first_op == checked_first && spec.nr_ops == checked_ops;
    if (same_program && !checked_once) continue;
    checked_first = spec.first_op;
    checked_ops = spec.nr_ops;
    checked_once = false;
    std::span<const Op> program = this->program(task);
    for (size_t at = 0; at < program.size(); ++at) {
      std::string problem = op_problem(*this, program, at);
      if (!problem.empty()) reject(*this, task, at_op(at) + problem);
      if (program[at].kind == OpKind::kReceive) {
        checked_once = true;
        TaskId& reads = receiver[static_cast<size_t>(program[at].arg)];
        if (reads.valid() && reads != task) reject(*this, task, at_op(at) + "another task receives from this channel");
        reads = task;
      }
      if (program[at].kind != OpKind::kFork) continue;
      checked_once = true;
      size_t child = static_cast<size_t>(program[at].arg);
      if (forked_by[child].valid()) reject(*this, task, at_op(at) + "forks a task that is forked already");
      if (tasks[child].parent != task) reject(*this, task, at_op(at) + "forks a task that is not its child");
      forked_by[child] = task;
    }
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].parent.valid() && !forked_by[i].valid()) reject(*this, TaskId(i), "its parent never forks it");
  }
}

}  // namespace simsched
