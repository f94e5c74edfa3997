#include "scx_port/proof/guest_load.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "scx_port/proof/load/load_file.h"

namespace simsched {
namespace {

std::optional<load::OpKind> kind_of(const Op& op) {
  const bool signals = op.kind == OpKind::kWait || op.kind == OpKind::kSignal;
  if (signals && op.flags & (kOpBarge | kOpLost | kOpAll)) return std::nullopt;
  switch (op.kind) {
    case OpKind::kCompute:
      return load::OpKind::kCompute;
    case OpKind::kSleep:
      return load::OpKind::kSleep;
    case OpKind::kSleepUntil:
      return load::OpKind::kSleepUntil;
    case OpKind::kSleepPeriod:
      return load::OpKind::kSleepPeriod;
    case OpKind::kWait:
      return load::OpKind::kWait;
    case OpKind::kSignal:
      return load::OpKind::kSignal;
    case OpKind::kFork:
      return load::OpKind::kFork;
    case OpKind::kWaitChild:
      return load::OpKind::kWaitChild;
    case OpKind::kExec:
      return load::OpKind::kExec;
    case OpKind::kExit:
      return load::OpKind::kExit;
    case OpKind::kYield:
      return load::OpKind::kYield;
    case OpKind::kSetNice:
      return load::OpKind::kSetNice;
    case OpKind::kLoop:
      return load::OpKind::kLoop;
    default:
      return std::nullopt;
  }
}

bool is_ordinary(const TaskSpec& task) {
  return task.policy == SchedPolicy::kNormal && task.nice == 0 && task.slice == Nanos(0) &&
         task.affinity.value() == 0 && task.group.value() == 0 && task.start == Nanos(0);
}

template <class T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Workload launched(Workload workload, Work gap) {
  std::vector<Op> program;
  size_t waits = 0;
  const TaskId launcher(workload.tasks.size());
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    TaskSpec& task = workload.tasks[i];
    if (task.parent.valid()) continue;
    task.parent = launcher;
    waits += !task.background;
    program.push_back(op::compute(gap));
    program.push_back(op::fork(TaskId(i)));
  }
  program.insert(program.end(), waits, op::wait_child());
  workload.add_task(load::kLaunch, program);
  workload.tasks.back().start_cpu = CpuId(0);
  return workload;
}

Workload with_costs(const Workload& launched, const std::map<std::string, Work>& costs) {
  Workload workload = launched;
  workload.ops.clear();
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const auto program = launched.program(TaskId(i));
    auto count = [&](OpKind kind) { return std::ranges::count(program, kind, &Op::kind); };
    const auto cost = costs.find(launched.task_name(TaskId(i)));
    const int64_t forks = count(OpKind::kFork);
    Work part;
    if (cost != costs.end() && forks + count(OpKind::kExec) > 0) part = cost->second / std::max(forks, int64_t{1});

    TaskSpec& spec = workload.tasks[i];
    spec.first_op = static_cast<uint32_t>(workload.ops.size());
    std::vector<int32_t> moved;  // where each op now stands
    for (size_t at = 0; at < program.size(); ++at) {
      moved.push_back(static_cast<int32_t>(workload.ops.size() - spec.first_op));
      // An exec comes first: the kernel balances before it does the work.
      const bool here =
          forks > 0 ? program[at].kind == OpKind::kFork : at == (program[0].kind == OpKind::kExec ? 1 : 0);
      if (here && part > Work(0)) workload.ops.push_back(op::compute(part));
      workload.ops.push_back(program[at]);
      Op& op = workload.ops.back();
      if (op.kind == OpKind::kLoop) op.arg = moved[static_cast<size_t>(op.arg)];
    }
    spec.nr_ops = static_cast<uint32_t>(workload.ops.size()) - spec.first_op;
  }
  return workload;
}

std::string guest_load(const Workload& workload) {
  std::vector<bool> sync(workload.nr_tokens);
  for (const Op& op : workload.ops)
    if (op.kind == OpKind::kSignal && (op.flags & kOpSync) != 0) sync[static_cast<size_t>(op.arg)] = true;

  std::string tasks, ops;
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& spec = workload.tasks[i];
    const std::string& name = workload.task_name(TaskId(i));
    if (!is_ordinary(spec))
      throw Error("", "task '" + name + "' is none that a kernel's load can have", "start it plainly");
    load::Task task{};
    std::copy_n(name.data(), std::min(name.size(), sizeof(task.name) - 1), task.name);
    task.first_op = spec.first_op;
    task.nr_ops = spec.nr_ops;
    for (const Op& op : workload.program(TaskId(i)))
      task.reads |= op.kind == OpKind::kWait && sync[static_cast<size_t>(op.arg)];
    append(tasks, task);
  }
  for (const Op& op : workload.ops) {
    const auto kind = kind_of(op);
    const bool of_another = op.kind == OpKind::kSetNice && op.arg >= 0;
    if (!kind || of_another)
      throw Error("", "an operation of the workload is none that a kernel's load can have", "leave it out");
    append(ops, load::Op{*kind, static_cast<uint8_t>(op.slot), 0, op.arg, op.value});
  }
  std::string bytes;
  append(bytes, load::Header{load::kMagic, static_cast<uint32_t>(workload.tasks.size()),
                             static_cast<uint32_t>(workload.ops.size()), static_cast<uint32_t>(workload.nr_tokens)});
  return bytes + tasks + ops;
}

}  // namespace simsched
