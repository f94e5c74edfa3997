// From marks to programs.
#include <algorithm>

#include "replay/parts.h"

namespace simsched::replay {
namespace {

// Used when no exec of the recording shows its balancing.
constexpr Work kUsualExecDistance{300'000};

Work median(std::vector<Work> values) {
  if (values.empty()) return kUsualExecDistance;
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Moves an exec that was seen late to where it was balanced: before the blocks and signals of the
// exec itself (reading the file, the vfork parent's wake), but after forks and earlier execs.
void place_exec(std::span<Mark> marks, size_t at, Work distance) {
  Work target = std::max(Work(0), marks[at].at - distance);
  while (at > 0 && marks[at - 1].at > target && marks[at - 1].op.kind != OpKind::kFork &&
         marks[at - 1].op.kind != OpKind::kExec) {
    std::swap(marks[at - 1], marks[at]);
    --at;
  }
  marks[at].at = at > 0 ? std::max(target, marks[at - 1].at) : target;
}

// The live marks, those of a task together and in order; `first[i]` is where task i's begin.
std::vector<Mark> by_task(const Recorded& recorded, std::vector<uint32_t>& first) {
  first.assign(recorded.tasks.size() + 1, 0);
  for (const Mark& mark : recorded.marks) {
    if (mark.state != Mark::State::kDropped) ++first[static_cast<size_t>(mark.task) + 1];
  }
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<Mark> sorted(first.back());
  std::vector<uint32_t> next(first.begin(), first.end() - 1);
  for (const Mark& mark : recorded.marks) {
    if (mark.state != Mark::State::kDropped) sorted[next[static_cast<size_t>(mark.task)]++] = mark;
  }
  return sorted;
}

bool in_poll_loop(OpKind kind) {
  return kind == OpKind::kUser || kind == OpKind::kSignal || kind == OpKind::kSend || kind == OpKind::kReceive;
}

}  // namespace

void assemble_programs(const Recorded& recorded, Workload& workload) {
  std::vector<uint32_t> first;
  std::vector<Mark> marks = by_task(recorded, first);
  Work exec_distance = median(recorded.exec_distances);
  workload.channels = recorded.channels;
  for (const std::vector<TaskIndex>& users : recorded.locks) {
    workload.locks.push_back({static_cast<uint32_t>(workload.lock_users.size()), static_cast<uint32_t>(users.size())});
    // One that was never seen stands for whoever was.
    TaskIndex seen = *std::max_element(users.begin(), users.end());
    for (TaskIndex user : users)
      workload.lock_users.emplace_back(std::max<TaskIndex>(0, user == kNobody ? seen : user));
  }
  workload.recorded = true;
  workload.ops.reserve(2 * marks.size() + 2 * recorded.tasks.size());
  workload.tasks.reserve(recorded.tasks.size());
  std::vector<Op> ops;
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < recorded.tasks.size(); ++i) {
    const RecordedTask& task = recorded.tasks[i];
    std::span<Mark> own(marks.data() + first[i], first[i + 1] - first[i]);
    for (size_t at = 0; at < own.size(); ++at) {
      if (own[at].state == Mark::State::kExecSeenLate) place_exec(own, at, exec_distance);
    }
    TaskSpec& spec = workload.tasks.emplace_back();
    spec.pid = task.pid.value();
    spec.parent = TaskId(task.parent);
    spec.start = task.start;
    spec.start_cpu = task.start_cpu;
    spec.first_op = static_cast<uint32_t>(workload.ops.size());
    ops.clear();
    chunks.assign(1, {});
    Work done{0};
    for (const Mark& mark : own) {
      if (mark.at > done) ops.push_back(op::compute(mark.at - done));
      done = mark.at;
      if (mark.state == Mark::State::kPolled)
        chunks.push_back({Chunk::Kind::kReceive, ops.size(), recorded.connections[static_cast<size_t>(mark.op.arg)]});
      if (mark.state == Mark::State::kPoll) chunks.push_back({Chunk::Kind::kPoll, ops.size()});
      if (mark.state == Mark::State::kAnswer)
        chunks.push_back({Chunk::Kind::kAnswer, ops.size(), static_cast<uint64_t>(mark.op.value)});
      // What no poll loop can hold ends it, and takes nothing else along.
      if (mark.has_op() && !in_poll_loop(mark.op.kind)) chunks.push_back({Chunk::Kind::kOther, ops.size()});
      if (mark.has_op()) ops.push_back(mark.op);
    }
    if (task.work > done) ops.push_back(op::compute(task.work - done));
    if (task.exited) {
      chunks.push_back({Chunk::Kind::kOther, ops.size()});
      ops.push_back(op::exit());
    }
    std::vector<Op> program = with_poll_loops(ops, chunks, recorded.channels, workload.poll_loops);
    workload.ops.insert(workload.ops.end(), program.begin(), program.end());
    spec.nr_ops = static_cast<uint32_t>(workload.ops.size()) - spec.first_op;
  }
}

}  // namespace simsched::replay
