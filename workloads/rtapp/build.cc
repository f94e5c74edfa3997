// From a file of rt-app to tasks.
#include <algorithm>
#include <deque>
#include <map>

#include "base/error.h"
#include "workloads/rtapp/attributes.h"
#include "workloads/rtapp/resources.h"
#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {
namespace {

constexpr Work kPiece{32'000};        // rt-app.c: `runtime` looks at the clock after so much work
constexpr Work kEmptyRound{1'000};    // of a phase in which nothing takes time: a few system calls
constexpr int64_t kMostForks = 1024;  // rt-app_types.h: FORKS_LIMIT, of tasks of one name
constexpr size_t kMostOps = 20'000'000;
constexpr size_t kMostTasks = 100'000;
constexpr uint16_t kTaskLoop = 0, kPhaseLoop = 1;  // counters of kLoop

class Builder {
 public:
  explicit Builder(const File& file) : file_(file), names_(file, out_) {}

  Workload build() {
    out_.notes = file_.notes;
    if (file_.duration > Nanos(0)) out_.add_task("rt-app", {});
    for (size_t i = 0; i < file_.tasks.size(); ++i) add_instances(i);
    for (; !to_build_.empty(); to_build_.pop_front()) build_program(to_build_.front());
    if (file_.duration > Nanos(0)) add_main();
    return std::move(out_);
  }

 private:
  // A thread that is in the workload, and has no program yet.
  struct Thread {
    TaskId id;
    size_t task;
  };

  void note(const std::string& text) {
    if (std::ranges::find(out_.notes, text) == out_.notes.end()) out_.notes.push_back(text);
  }

  void add_instances(size_t task) {
    for (int64_t i = 0; i < file_.tasks[task].instances; ++i)
      add_thread(task, file_.tasks[task].name + "-" + std::to_string(nr_threads_));
  }

  TaskId add_thread(size_t task, const std::string& name) {
    if (out_.tasks.size() >= kMostTasks)
      throw Error(file_.tasks[task].where, "there are more than " + std::to_string(kMostTasks) + " threads",
                  "take fewer instances");
    ++nr_threads_;
    const TaskId id = out_.add_task(name, {});
    to_build_.push_back({id, task});
    return id;
  }

  // rt-app's main thread: sleeps, then cancels the others.
  void add_main() {
    std::vector<Op> program{op::sleep(file_.duration)};
    for (size_t i = 1; i < out_.tasks.size(); ++i) program.push_back(op::kill(TaskId(i)));
    set_program(TaskId(0), program);
  }

  void set_program(TaskId id, const std::vector<Op>& program) {
    TaskSpec& spec = out_.tasks[id.index()];
    spec.nr_ops = static_cast<uint32_t>(program.size());
    const bool shared =
        out_.ops.size() - last_program_ == program.size() &&
        std::equal(program.begin(), program.end(), out_.ops.begin() + static_cast<ptrdiff_t>(last_program_));
    if (!shared) {
      last_program_ = out_.ops.size();
      out_.ops.insert(out_.ops.end(), program.begin(), program.end());
    }
    spec.first_op = static_cast<uint32_t>(last_program_);
  }

  void build_program(const Thread& thread) {
    const Task& task = file_.tasks[thread.task];
    thread_ = thread;
    task_ = &task;
    program_.clear();
    const bool endless_phase = std::ranges::count(task.phases, 0, &Phase::rounds) > 0;
    const bool endless = !task.rounds || (task.rounds != 0 && endless_phase);
    set_attributes();
    if (task.delay > Nanos(0)) program_.push_back(op::sleep_until(task.delay));
    if (std::ranges::any_of(task.phases, forks)) {
      unroll(endless);
    } else if (task.rounds != 0) {
      const auto first = static_cast<int32_t>(program_.size());
      for (const Phase& phase : task.phases) {
        add_phase(phase);
        if (phase.rounds == 0) break;  // it is never left
      }
      if (task.rounds != 1 && !endless_phase) program_.push_back(op::loop(first, task.rounds.value_or(0), kTaskLoop));
    }
    program_.push_back(op::exit());
    if (file_.duration > Nanos(0)) program_.push_back(op::killed());
    if (out_.ops.size() + program_.size() > kMostOps)
      throw Error(task.where, "the programs of all threads have more than " + std::to_string(kMostOps) + " steps",
                  "take fewer instances or rounds");
    set_program(thread.id, program_);
    out_.tasks[thread.id.index()].background = file_.duration > Nanos(0) || endless;
  }

  static bool forks(const Phase& phase) {
    return std::ranges::any_of(phase.events, [](const Event& event) { return event.kind == EventKind::kFork; });
  }

  // A task is forked once: rounds with forks are written out, until rt-app would not fork any more.
  void unroll(bool endless) {
    for (int64_t round = 0; !task_->rounds || round < *task_->rounds; ++round) {
      for (const Phase& phase : task_->phases) {
        if (!forks(phase)) {
          add_phase(phase);
          if (phase.rounds == 0) return;
          continue;
        }
        set_phase(phase);
        for (int64_t again = 0; phase.rounds == 0 || again < phase.rounds; ++again) {
          for (const Event& event : phase.events) {
            if (event.kind == EventKind::kFork && forks_[event.ref] >= kMostForks && endless) {
              note(event.where + ": '" + event.ref + "' is forked " + std::to_string(kMostForks) +
                   " times, then its forker ends: rt-app would end altogether");
              return;
            }
            add(event);
          }
        }
      }
    }
  }

  void set_attributes() {
    TaskSpec& spec = out_.tasks[thread_.id.index()];
    Scheduling own = task_->scheduling;
    const Phase& first = task_->phases.front();
    if (task_->cpus) spec.affinity = out_.intern_affinity(*task_->cpus);
    policy_ = *own.policy;
    spec.policy = kernel_policy(policy_);
    // What no operation changes is as in the first phase.
    if (policy_ == Scheduling::Policy::kDeadline) {
      spec.reservation = reserve(first);
    } else if (is_real_time(spec.policy)) {
      spec.rt_priority = rt_priority(own, task_->where);
    } else {
      spec.nice = nice(own, task_->where);
    }
    if (first.scheduling.runtime > Nanos(0) && first.scheduling.policy != Scheduling::Policy::kDeadline)
      own.runtime = first.scheduling.runtime;
    if (first.scheduling.util_min) own.util_min = first.scheduling.util_min;
    if (first.scheduling.util_max) own.util_max = first.scheduling.util_max;
    spec.slice = slice(policy_, own.runtime);
    spec.uclamp_min = own.util_min.value_or(0);
    spec.uclamp_max = own.util_max.value_or(kCapacityScale);
    const std::optional<std::string>& group = first.taskgroup ? first.taskgroup : task_->taskgroup;
    if (group) spec.group = names_.group(*group);
    Scheduling::Policy policy = policy_;
    for (const Phase& phase : task_->phases) {
      policy = phase.scheduling.policy.value_or(policy);
      note_unchanged(phase, own, policy != Scheduling::Policy::kDeadline);
    }
  }

  void note_unchanged(const Phase& phase, const Scheduling& own, bool slices) {
    const Scheduling& now = phase.scheduling;
    const bool differs = (slices && now.runtime > Nanos(0) && now.runtime != own.runtime) ||
                         (now.util_min && now.util_min != own.util_min) ||
                         (now.util_max && now.util_max != own.util_max);
    if (differs) note(phase.where + ": slice and utilisation clamps stay as they are in the first phase");
  }

  uint16_t reserve(const Phase& phase) {
    const std::string& where = phase.scheduling.runtime > Nanos(0) ? phase.where : task_->where;
    return out_.intern_reservation(reservation(task_->scheduling, phase.scheduling, where));
  }

  // What a phase begins with, each time that it is entered. One without CPUs has the task's.
  void set_phase(const Phase& phase) {
    if (std::ranges::any_of(task_->phases, [](const Phase& other) { return other.cpus.has_value(); }))
      program_.push_back(
          op::set_affinity(phase.cpus ? out_.intern_affinity(*phase.cpus) : out_.tasks[thread_.id.index()].affinity));
    if (phase.taskgroup && task_->phases.size() > 1) program_.push_back(op::set_group(names_.group(*phase.taskgroup)));
    const Scheduling& now = phase.scheduling;
    policy_ = now.policy.value_or(policy_);
    const SchedPolicy policy = kernel_policy(policy_);
    if (policy == SchedPolicy::kDeadline) {
      const bool reserves = now.runtime > Nanos(0) || now.deadline > Nanos(0) || now.period > Nanos(0);
      if (now.policy || reserves) program_.push_back(op::set_policy(policy, {}, reserve(phase)));
      return;
    }
    if (!now.policy && !now.priority) return;
    const uint16_t priority = is_real_time(policy) ? rt_priority(now, phase.where) : 0;
    if (now.policy || priority != 0) program_.push_back(op::set_policy(policy, {}, priority));
    if (priority == 0) program_.push_back(op::set_nice(nice(now, phase.where)));
  }

  void add_phase(const Phase& phase) {
    set_phase(phase);
    const auto first = static_cast<int32_t>(program_.size());
    for (const Event& event : phase.events) add(event);
    if (std::none_of(program_.begin() + first, program_.end(), takes_time))
      program_.push_back(op::compute(kEmptyRound));
    if (phase.rounds != 1) program_.push_back(op::loop(first, phase.rounds, kPhaseLoop));
  }

  static bool takes_time(const Op& op) {
    if (op.kind == OpKind::kWait) return (op.flags & kOpBarge) == 0;
    return op.value > 0 && (op.kind == OpKind::kCompute || op.kind == OpKind::kRuntime || op.kind == OpKind::kSleep ||
                            op.kind == OpKind::kTimer);
  }

  void add_wait(const TokenId condition, const std::string& mutex_name) {
    const TokenId lock = names_.mutex(mutex_name);
    program_.push_back(op::signal(lock, kOpBarge));
    program_.push_back(op::wait(condition));
    program_.push_back(op::wait(lock, kOpBarge));
  }

  void add(const Event& event) {
    switch (event.kind) {
      case EventKind::kRun:
        return program_.push_back(op::compute(run_work(event.time, file_.piece)));
      case EventKind::kRuntime:
        return program_.push_back(op::runtime(event.time, kPiece));
      case EventKind::kSleep:
        return program_.push_back(op::sleep(event.time));
      case EventKind::kTimer:
        return program_.push_back(op::timer(names_.timer(event.ref, thread_.id, task_->delay), event.time,
                                            names_.catches_up(event.ref, thread_.task) ? kOpCatchUp : 0));
      case EventKind::kLock:
        return program_.push_back(op::wait(names_.mutex(event.ref), kOpBarge));
      case EventKind::kUnlock:
        return program_.push_back(op::signal(names_.mutex(event.ref), kOpBarge));
      case EventKind::kSync:
        program_.push_back(op::signal(names_.condition(event.ref), kOpLost));
        return add_wait(names_.condition(event.ref), event.mutex);
      case EventKind::kWait:
        return add_wait(names_.condition(event.ref), event.mutex);
      case EventKind::kSignal:
        return program_.push_back(op::signal(names_.condition(event.ref), kOpLost));
      case EventKind::kBroad:
      case EventKind::kResume:
        return program_.push_back(op::signal(names_.condition(event.ref), kOpAll));
      case EventKind::kSuspend:
        return add_suspend(event);
      case EventKind::kSemPost:
        return program_.push_back(op::signal(names_.semaphore(event.ref)));
      case EventKind::kSemWait:
        return program_.push_back(op::wait(names_.semaphore(event.ref)));
      case EventKind::kBarrier:
        return program_.push_back(op::barrier(names_.barrier(event.ref), names_.arrivals(event.ref)));
      case EventKind::kMem:
      case EventKind::kMemRead:
      case EventKind::kMemWrite:
      case EventKind::kMemChase:
        return program_.push_back(op::compute(memory_work(event)));
      case EventKind::kIoRun:  // a system call a buffer
        return program_.push_back(op::compute(Work((event.count + file_.buffer - 1) / file_.buffer * 200)));
      case EventKind::kYield:
        return program_.push_back(op::yield());
      case EventKind::kFork:
        return add_fork(event);
    }
  }

  void add_suspend(const Event& event) {
    if (!event.ref.empty() && event.ref != task_->name)
      note(event.where + ": '" + task_->name + "' suspends itself until '" + event.ref +
           "' is resumed; rt-app since 2025-06 would wait for its own name");
    program_.push_back(op::wait(names_.condition(event.ref.empty() ? task_->name : event.ref)));
  }

  void add_fork(const Event& event) {
    const auto found = std::ranges::find(file_.tasks, event.ref, &Task::name);
    if (found == file_.tasks.end())
      throw Error(event.where, "there is no task '" + event.ref + "' to fork", "name one");
    int64_t& forks = forks_[event.ref];
    if (forks >= kMostForks)
      throw Error(event.where, "'" + event.ref + "' is forked more than " + std::to_string(kMostForks) + " times",
                  "rt-app ends there; fork it less often");
    const auto task = static_cast<size_t>(found - file_.tasks.begin());
    std::string number = std::to_string(forks++);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    const TaskId child = add_thread(task, event.ref + "-" + std::to_string(nr_threads_) + "-" + number);
    out_.tasks[child.index()].parent = thread_.id;
    program_.push_back(op::fork(child));
  }

  const File& file_;
  Workload out_;
  Resources names_;
  std::map<std::string, int64_t> forks_;  // by the name of who is forked
  std::deque<Thread> to_build_;
  size_t nr_threads_ = 0;
  size_t last_program_ = 0;  // where it begins; instances share one

  // Of the thread whose program is made.
  Thread thread_{};
  const Task* task_ = nullptr;
  std::vector<Op> program_;
  Scheduling::Policy policy_ = Scheduling::Policy::kOther;
};

}  // namespace

Workload make_workload(const File& file) { return Builder(file).build(); }

}  // namespace simsched::rtapp
