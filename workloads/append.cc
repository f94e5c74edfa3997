#include "workloads/append.h"

#include <algorithm>

namespace simsched {
namespace {

// Where what `from` numbers from 0 comes to lie.
struct Offsets {
  int32_t task, token, timer, channel, poll_loop, lock, group, settings, packet_queue, poll_thread;
  std::vector<AffinityId> affinity;   // by that of `from`
  std::vector<uint16_t> reservation;  // the same
};

Op moved(Op op, const Offsets& offsets) {
  auto move_target = [&] {
    if (op.arg >= 0) op.arg += offsets.task;
  };
  switch (op.kind) {
    case OpKind::kWait:
    case OpKind::kSignal:
    case OpKind::kBarrier:
      op.arg += offsets.token;
      break;
    case OpKind::kTimer:
      op.arg += offsets.timer;
      break;
    case OpKind::kFork:
    case OpKind::kKill:
      op.arg += offsets.task;
      break;
    case OpKind::kSetAffinity:
      op.value = offsets.affinity[static_cast<size_t>(op.value)].value();
      move_target();
      break;
    case OpKind::kSetGroup:
      if (op.value != 0) op.value += offsets.group;
      move_target();
      break;
    case OpKind::kChangeGroup:
      op.arg += offsets.group;
      op.value += offsets.settings;
      break;
    case OpKind::kSetPolicy:
      if (op.value == static_cast<int64_t>(SchedPolicy::kDeadline)) op.slot = offsets.reservation[op.slot];
      move_target();
      break;
    case OpKind::kSetNice:
      move_target();
      break;
    case OpKind::kLock:
      op.arg += offsets.lock;
      break;
    case OpKind::kSend:
    case OpKind::kReceive:
      op.arg += offsets.channel;
      break;
    case OpKind::kSelect:
    case OpKind::kSelectEnd:
      op.arg += offsets.poll_loop;
      break;
    case OpKind::kPacketIn:
      op.arg += offsets.packet_queue;
      break;
    case OpKind::kPoll:
      op.arg += offsets.poll_thread;
      break;
    case OpKind::kPacketOut:
    case OpKind::kCompute:
    case OpKind::kRuntime:
    case OpKind::kSleep:
    case OpKind::kSleepUntil:
    case OpKind::kSleepPeriod:
    case OpKind::kWaitChild:
    case OpKind::kExec:
    case OpKind::kExit:
    case OpKind::kYield:
    case OpKind::kKilled:
    case OpKind::kFrame:
    case OpKind::kUser:
    case OpKind::kLoop:
      break;
  }
  return op;
}

// How far the pids of `from` have to move so that none is taken.
int32_t pid_shift(const Workload& to, const Workload& from) {
  int32_t highest = 0, lowest = INT32_MAX;
  for (const TaskSpec& task : to.tasks) highest = std::max(highest, task.pid);
  for (const TaskSpec& task : from.tasks) lowest = std::min(lowest, task.pid);
  return to.tasks.empty() || lowest > highest ? 0 : highest + 1 - lowest;
}

}  // namespace

TaskId append(Workload& to, const Workload& from) {
  to.check_room(from.tasks.size(), from.ops.size());
  Offsets offsets{static_cast<int32_t>(to.tasks.size()),
                  static_cast<int32_t>(to.nr_tokens),
                  static_cast<int32_t>(to.timers.size()),
                  static_cast<int32_t>(to.channels.size()),
                  static_cast<int32_t>(to.poll_loops.size()),
                  static_cast<int32_t>(to.locks.size()),
                  static_cast<int32_t>(to.groups.size() - 1),
                  static_cast<int32_t>(to.settings.size()),
                  static_cast<int32_t>(to.packets.queues.size()),
                  static_cast<int32_t>(to.packets.threads.size()),
                  {AffinityId(0)},
                  {0}};
  for (size_t i = 1; i < from.affinities.size(); ++i)
    offsets.affinity.push_back(to.intern_affinity(from.affinities[i]));
  for (const Reservation& each : from.reservations) offsets.reservation.push_back(to.intern_reservation(each));
  const auto first_op = static_cast<uint32_t>(to.ops.size());
  const auto first_user = static_cast<uint32_t>(to.lock_users.size());
  const size_t groups = to.groups.size() - 1;
  const int32_t pids = pid_shift(to, from);

  for (const Op& op : from.ops) to.ops.push_back(moved(op, offsets));
  for (TaskSpec task : from.tasks) {
    task.name = to.intern_name(from.names[task.name]);
    task.first_op += first_op;
    task.pid += pids;
    if (task.parent.valid()) task.parent = TaskId(task.parent.value() + offsets.task);
    task.affinity = offsets.affinity[task.affinity.index()];
    task.reservation = offsets.reservation[task.reservation];
    if (task.group != GroupId(0)) task.group = GroupId(task.group.index() + groups);
    to.tasks.push_back(task);
  }
  to.nr_tokens += from.nr_tokens;
  for (TokenId token : from.given) to.given.push_back(TokenId(token.value() + offsets.token));
  to.timers.insert(to.timers.end(), from.timers.begin(), from.timers.end());
  for (const std::string& note : from.notes)
    if (std::ranges::find(to.notes, note) == to.notes.end()) to.notes.push_back(note);
  to.channels.insert(to.channels.end(), from.channels.begin(), from.channels.end());
  to.poll_loops.insert(to.poll_loops.end(), from.poll_loops.begin(), from.poll_loops.end());
  for (LockSpec lock : from.locks) {
    lock.first += first_user;
    to.locks.push_back(lock);
  }
  for (TaskId user : from.lock_users) to.lock_users.push_back(TaskId(user.value() + offsets.task));
  to.packets.append(from.packets, offsets.task);
  to.recorded |= from.recorded;
  auto moved_group = [&](GroupSpec group) {
    if (group.parent != GroupId(0)) group.parent = GroupId(group.parent.index() + groups);
    group.cpus = offsets.affinity[group.cpus.index()];
    return group;
  };
  for (size_t group = 1; group < from.groups.size(); ++group) to.groups.push_back(moved_group(from.groups[group]));
  for (const GroupSpec& settings : from.settings) to.settings.push_back(moved_group(settings));
  for (TimedChange change : from.changes) {
    change.op = moved(change.op, offsets);
    to.changes.push_back(change);
  }
  return TaskId(offsets.task);
}

}  // namespace simsched
