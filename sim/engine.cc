#include "sim/engine.h"

#include <algorithm>

#include "base/error.h"

namespace simsched {

Engine::Engine(const Machine& machine, const Workload& workload, EngineOptions options,
               std::vector<std::unique_ptr<SchedClass>> classes)
    : machine_(machine),
      workload_(workload),
      options_(std::move(options)),
      classes_(std::move(classes)),
      rng_(options_.seed),
      cost_rng_(rng_.split(1)),
      tasks_(workload.tasks.size() + machine.nr_cpus()),
      rqs_(machine.nr_cpus()),
      tokens_(workload.nr_tokens),
      stop_work_(machine.nr_cpus()) {
  // All CPUs tick together (no skew_tick), at an instant that has nothing to do with the workload's start.
  tick_phase_ = Nanos(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(options_.kernel.tick().count()))));

  // An affinity that this machine has no CPU for is broken, as the kernel does when a CPU goes away.
  for (const CpuSet& wanted : workload.affinities) {
    CpuSet cpus = wanted & machine.cpus();
    wanted_affinities_.push_back(cpus.empty() ? machine.cpus() : cpus);
  }
  for (CpuId cpu : machine.cpus()) wanted_affinities_.push_back(CpuSet::single(cpu));
  affinities_ = wanted_affinities_;
  for (size_t i = 0; i < options_.hotplug.size(); ++i)
    queue_.push(options_.hotplug[i].at, EventKind::kHotplug, static_cast<uint32_t>(i));

  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& spec = workload.tasks[i];
    Task& task = tasks_[i];
    task.policy = spec.policy;
    task.nice = spec.nice;
    task.affinity = spec.affinity;
    CpuId cpu = spec.start_cpu.valid() && machine.cpus().contains(spec.start_cpu) ? spec.start_cpu
                                                                                 : CpuId(i % machine.nr_cpus());
    const CpuSet& cpus = allowed(TaskId(i));
    task.cpu = cpus.contains(cpu) ? cpu : cpus.first_cpu();
    set_class(task);
    if (!spec.background) ++foreground_left_;
    if (!spec.parent.valid()) queue_.push(spec.start, EventKind::kStart, static_cast<uint32_t>(i));
  }
  for (CpuId cpu : machine.cpus()) {
    Task& stopper = tasks_[workload.tasks.size() + cpu.index()];
    stopper.policy = SchedPolicy::kStop;
    stopper.affinity = AffinityId(workload.affinities.size() + cpu.index());
    stopper.cpu = cpu;
    stopper.state = TaskState::kBlocked;
    stopper.blocked_by = Blocked::kIdle;
    set_class(stopper);
    update_speed(cpu);
  }
  if (foreground_left_ == 0 && options_.duration == Nanos::max())
    throw Error("", "no task of the workload ever ends the simulation", "give the config a duration");
  if (options_.duration != Nanos::max()) queue_.push(options_.duration, EventKind::kEnd, 0);
  ends_with_foreground_ = foreground_left_ > 0;
  if (options_.record) recorder_.emplace(workload, machine);
  for (auto& cls : classes_)
    if (cls->watches()) watchers_.push_back(cls.get());
  for (auto& cls : classes_) cls->attach(*this);
}

Engine::~Engine() = default;

std::string Engine::describe(TaskId task) const {
  if (is_stopper(task)) return "migration/" + std::to_string(tasks_[task.index()].cpu.value());
  return workload_.task_name(task) + "[" + std::to_string(spec(task).pid) + "]";
}

CpuTime Engine::cpu_time(CpuId cpu) const {
  const Rq& rq = rqs_[cpu.index()];
  CpuTime time = rq.time;
  Nanos open = now_ - rq.settled;
  Nanos overhead = rq.curr.valid() ? std::min(rq.overhead_left, open) : Nanos(0);
  time.overhead += overhead;
  (rq.curr.valid() ? time.task : time.idle) += open - overhead;
  return time;
}

Nanos Engine::time_on_cpu(TaskId task) const {
  const Task& t = tasks_[task.index()];
  return t.time.on_cpu() + (t.state == TaskState::kRunning ? now_ - rqs_[t.cpu.index()].settled : Nanos(0));
}

void Engine::run() {
  while (!finished()) {
    if (queue_.empty()) report_deadlock();
    Event event = queue_.pop();
    now_ = event.time;
    handle(event);
    if (options_.check_invariants) check_invariants();
  }
  finish();
}

bool Engine::finished() const { return ended_ || (ends_with_foreground_ && foreground_left_ == 0); }

void Engine::handle(const Event& event) {
  CpuId cpu(static_cast<int32_t>(event.index));
  in_irq_ = in_softirq_ = false;
  switch (event.kind()) {
    case EventKind::kTimer: {
      Task& task = tasks_[event.index];
      if (event.generation != task.timer_generation) return;
      this_cpu_ = task.cpu;  // a timer fires where it was armed
      if (task.wake_elsewhere) this_cpu_ = CpuId((task.cpu.index() + 1) % rqs_.size());
      in_irq_ = true;
      in_softirq_ = task.wake_softirq;
      try_to_wake_up(TaskId(static_cast<int32_t>(event.index)), kWfTtwu);
      break;
    }
    case EventKind::kStart:
      start_task(TaskId(static_cast<int32_t>(event.index)));
      break;
    case EventKind::kIpi:
      this_cpu_ = cpu;
      in_irq_ = true;
      classes_[event.generation]->ipi(cpu);
      break;
    case EventKind::kClassTimer:
      this_cpu_ = online_cpus().first_cpu();
      in_irq_ = true;
      --class_timers_;
      classes_[event.generation]->timer(event.index);
      if (only_timers_left()) report_deadlock();
      break;
    case EventKind::kHotplug:
      this_cpu_ = options_.hotplug[event.index].cpu;
      change_hotplug(options_.hotplug[event.index]);
      break;
    case EventKind::kDone:
      if (event.generation != rqs_[event.index].done_generation) return;
      this_cpu_ = cpu;
      settle(cpu);
      advance(cpu);
      break;
    case EventKind::kResched:
      if (event.generation != rqs_[event.index].resched_generation) return;
      this_cpu_ = cpu;
      schedule(cpu);
      break;
    case EventKind::kTick:
      if (event.generation != rqs_[event.index].tick_generation) return;
      this_cpu_ = cpu;
      in_irq_ = true;
      tick(cpu);
      break;
    case EventKind::kEnd:
      ended_ = true;
      break;
  }
  if (rqs_[this_cpu_.index()].charge > Nanos(0)) apply_charge(this_cpu_);
  ++nr_events_;
}

// Nothing but the classes' own timers will ever happen.
bool Engine::only_timers_left() const {
  return queue_.size() == class_timers_ && !finished() &&
         std::all_of(rqs_.begin(), rqs_.end(), [](const Rq& rq) { return rq.nr_running == 0 && !rq.curr.valid(); });
}

void Engine::tick(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  rq.tick_at = Nanos::max();
  if (rq.curr.valid()) {  // NO_HZ_IDLE: an idle CPU has no tick
    ++metrics_.ticks;
    class_of(rq.curr).task_tick(cpu, rq.curr);
    for (auto& cls : classes_) cls->tick_balance(cpu);
  }
  arm_tick(cpu);
}

void Engine::arm_tick(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (!rq.curr.valid()) return;
  Nanos period = options_.kernel.tick();
  if (rq.tick_at != Nanos::max() && rq.tick_at - period <= now_) return;  // none could come earlier
  Nanos wanted = Nanos::max();
  for (auto& cls : classes_) wanted = std::min(wanted, cls->next_tick(cpu));
  if (wanted == Nanos::max()) return;
  // The first tick of the grid not before `wanted` and after now.
  Nanos from = std::max(wanted, now_ + 1_ns) - tick_phase_;
  int64_t number = from.count() <= 0 ? 0 : (from + period - 1_ns) / period;
  Nanos at = tick_phase_ + number * period;
  if (at >= rq.tick_at) return;  // one that comes too early does no harm and asks again
  rq.tick_at = at;
  queue_.push(at, EventKind::kTick, static_cast<uint32_t>(cpu.value()), ++rq.tick_generation);
}

void Engine::report_deadlock() const {
  std::string names;
  size_t left = 0;
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    const Task& task = tasks_[i];
    if (workload_.tasks[i].background || task.state == TaskState::kDead) continue;
    if (++left <= 3)
      names += (names.empty() ? "" : ", ") + describe(TaskId(i)) +
               (task.state == TaskState::kNew ? " (never started)" : " (at op " + std::to_string(task.pc) + ")");
  }
  throw Error(workload_.name, std::to_string(left) + " tasks wait for something that never comes: " + names,
              "check the workload's tokens and forks");
}

void Engine::finish() {
  for (size_t c = 0; c < rqs_.size(); ++c) {
    settle(CpuId(c));
    SIMSCHED_CHECK(rqs_[c].time.total() == now_, "the time of cpu " + std::to_string(c) + " does not add up");
  }
  for (size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[i];
    if (task.state == TaskState::kNew) continue;
    if (task.state == TaskState::kRunnable) task.time.wait += now_ - task.since;
    if (task.state == TaskState::kBlocked) task.time.blocked[static_cast<int>(task.blocked_by)] += now_ - task.since;
    Nanos end = task.state == TaskState::kDead ? task.died : now_;
    SIMSCHED_CHECK(task.time.total() == end - task.born, "the time of " + describe(TaskId(i)) + " does not add up");
  }
}

void Engine::check_invariants() const {
  std::vector<uint32_t> queued(rqs_.size());
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const Task& task = tasks_[i];
    TaskId id(i);
    if (task.on_rq) ++queued[task.cpu.index()];
    bool runs = rqs_[task.cpu.index()].curr == id;
    SIMSCHED_CHECK(runs == (task.state == TaskState::kRunning), describe(id) + " runs where it should not");
    SIMSCHED_CHECK(task.state != TaskState::kRunnable || task.on_rq, describe(id) + " is runnable but on no queue");
    bool leaving = !stop_work_[task.cpu.index()].empty();
    SIMSCHED_CHECK(!runs || leaving || allowed(id).contains(task.cpu), describe(id) + " runs where it is not allowed");
  }
  for (size_t c = 0; c < rqs_.size(); ++c) {
    SIMSCHED_CHECK(queued[c] == rqs_[c].nr_running, "cpu " + std::to_string(c) + " has lost count of its tasks");
    SIMSCHED_CHECK(rqs_[c].curr.valid() || rqs_[c].nr_running == 0 || rqs_[c].need_resched ||
                       !has_runnable(CpuId(c)),
                   "cpu " + std::to_string(c) + " idles with work queued");
  }
}

bool Engine::has_runnable(CpuId cpu) const {
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [&](const Task& task) {
                       return task.cpu == cpu && task.state == TaskState::kRunnable &&
                              !classes_[task.sched_class]->may_idle_with_work();
                     });
}

}  // namespace simsched
