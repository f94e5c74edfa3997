#include "sim/engine.h"

#include <algorithm>

#include "base/error.h"

namespace simsched {

Engine::Engine(const Machine& machine, const Workload& workload, EngineOptions options,
               std::vector<std::unique_ptr<SchedClass>> classes)
    : Kernel(machine, workload, options.kernel, options.seed, std::move(classes)), options_(std::move(options)) {
  tokens_.resize(workload.nr_tokens);
  for (TokenId token : workload.given) ++tokens_[token.index()].count;
  timers_ = workload.timers;
  if (std::ranges::any_of(workload.ops, [](const Op& op) { return op.kind == OpKind::kRuntime; }))
    until_.resize(workload.tasks.size());
  channels_.resize(workload.channels.size());
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (workload.channels[i].kind != ChannelSpec::Kind::kPipe) continue;
    channels_[i].pages = static_cast<uint32_t>(pipe_pages_.size());
    pipe_pages_.resize(pipe_pages_.size() + static_cast<size_t>(workload.channels[i].capacity / kPageSize));
  }
  poll_loops_.resize(workload.poll_loops.size());
  if (!workload.locks.empty()) {
    holding_.resize(workload.tasks.size());
    waits_.resize(workload.tasks.size());
  }
  if (!channels_.empty()) moved_.resize(workload.tasks.size());
  for (size_t i = 0; i < workload.changes.size(); ++i) {
    agenda_.push(workload.changes[i].at, EventKind::kChange, static_cast<uint32_t>(i));
    recurring_changes_ += workload.changes[i].every > Nanos(0);
  }
  for (size_t i = 0; i < options_.hotplug.size(); ++i)
    agenda_.push(options_.hotplug[i].at, EventKind::kHotplug, static_cast<uint32_t>(i));
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& spec = workload.tasks[i];
    if (!spec.background) ++foreground_left_;
    if (!spec.parent.valid()) agenda_.push(spec.start, EventKind::kStart, static_cast<uint32_t>(i));
  }
  start_packets();
  if (foreground_left_ == 0 && options_.duration == Nanos::max())
    throw Error("", "no task of the workload ever ends the simulation", "give the config a duration");
  if (options_.duration != Nanos::max()) agenda_.push(options_.duration, EventKind::kEnd, 0);
  ends_with_foreground_ = foreground_left_ > 0;
  if (options_.record) start_recorder();
  attach_classes();
}

// What was before the first event.
void Engine::start_recorder() {
  recorder_.emplace(workload_, machine_);
  for (CpuId cpu : machine_.cpus()) {
    const CoreType& type = machine_.core_type(cpu);
    const FrequencyDomain& domain = frequency_domains_[machine_.cpu(cpu).power_domain.index()];
    if (!type.opps.empty()) recorder_->frequency(now_, cpu, type.opps[domain.opp].mhz * int64_t{1000});
    if (!sleeps_.empty() && sleeps_[cpu.index()].sleeps)
      recorder_->idle(now_, cpu, static_cast<int64_t>(sleeps_[cpu.index()].state));
  }
}

Engine::~Engine() = default;

void Engine::run() {
  while (step()) {
  }
}

bool Engine::step() {
  if (finished()) {
    stop();
    return false;
  }
  if (agenda_.empty() && !let_one_go()) report_deadlock();
  Event event = agenda_.pop();
  now_ = event.time;
  handle(event);
  if (options_.check_invariants) check_invariants();
  return true;
}

bool Engine::run_until(Nanos time) {
  while (agenda_.empty() || finished() || agenda_.next_time() <= time)
    if (!step()) return false;
  return true;
}

void Engine::assign(const Engine& other) {
  SIMSCHED_CHECK(
      options_.duration == other.options_.duration && options_.hotplug.size() == other.options_.hotplug.size(),
      "a simulation is copied into one of other options");
  Kernel::assign(other);
  static_cast<EngineState&>(*this) = other;
}

bool Engine::finished() const { return stopped_ || ended_ || (ends_with_foreground_ && foreground_left_ == 0); }

void Engine::handle(const Event& event) {
  CpuId cpu(static_cast<int32_t>(event.index));
  using By = Context::By;
  context_.by = By::kTask;
  switch (event.kind()) {
    case EventKind::kTimer: {
      Task& task = tasks_[event.index];
      if (task.ended) break;  // and does not sleep any more
      // A timer fires where it was armed.
      context_ = {task.wake_elsewhere ? CpuId((task.cpu.index() + 1) % rqs_.size()) : task.cpu,
                  task.wake_softirq ? By::kSoftIrq : By::kHardIrq};
      try_to_wake_up(TaskId(static_cast<int32_t>(event.index)), kWfTtwu);
      interrupt_idle(context_.cpu, false);
      break;
    }
    case EventKind::kStart:
      start_task(TaskId(static_cast<int32_t>(event.index)));
      break;
    case EventKind::kIpi:
      context_ = {cpu, By::kHardIrq};
      classes_[event.sched_class]->ipi(cpu);
      interrupt_idle(cpu, false);
      break;
    case EventKind::kClassTimer:
      context_ = {online_cpus().first_cpu(), By::kHardIrq};
      --class_timers_;
      classes_[event.sched_class]->timer(event.index);
      if (only_timers_left() && !let_one_go()) report_deadlock();
      break;
    case EventKind::kHotplug:
      context_.cpu = options_.hotplug[event.index].cpu;
      change_hotplug(options_.hotplug[event.index]);
      break;
    case EventKind::kChange: {
      const TimedChange& change = workload_.changes[event.index];
      context_ = {online_cpus().first_cpu(), By::kHardIrq};
      recurring_changes_ -= change.every > Nanos(0);
      if (!apply_change(change) || change.every == Nanos(0)) break;
      agenda_.push(now_ + change.every, EventKind::kChange, event.index);
      ++recurring_changes_;
      if (only_timers_left() && !let_one_go()) report_deadlock();
      break;
    }
    case EventKind::kFrequency:
      context_ = {machine_.power_domain_cpus(PowerDomainId(static_cast<int32_t>(event.index))).first_cpu(),
                  By::kHardIrq};
      change_frequency(PowerDomainId(static_cast<int32_t>(event.index)));
      if (only_timers_left() && !let_one_go()) report_deadlock();
      break;
    case EventKind::kPowerCap:
      context_ = {online_cpus().first_cpu(), By::kHardIrq};
      update_power_cap();
      if (only_timers_left() && !let_one_go()) report_deadlock();
      break;
    case EventKind::kPacket:
      packet_comes(RingId(static_cast<int32_t>(event.index)));
      break;
    case EventKind::kDone:
      context_.cpu = cpu;
      if (rqs_[cpu.index()].irq) {
        softirq_done(cpu);
        break;
      }
      settle(cpu);
      advance(cpu);
      break;
    case EventKind::kResched:
      context_.cpu = cpu;
      // The interrupt, or the polling, comes first: its end looks again.
      if (rqs_[cpu.index()].irq || (curr(cpu).valid() && tasks_[curr(cpu).index()].bh_off)) break;
      schedule(cpu);
      break;
    case EventKind::kTick:
      context_ = {cpu, By::kHardIrq};
      tick(cpu);
      break;
    case EventKind::kEnd:
      ended_ = true;
      break;
  }
  if (rqs_[context_.cpu.index()].charge > Nanos(0)) apply_charge(context_.cpu);
  if (recorder_) record_figures();
  ++nr_events_;
}

// Power changes with what runs where, which any event may change.
void Engine::record_figures() {
  for (auto& cls : classes_) cls->record(*recorder_);
  if (energy_.on()) recorder_->sample(now_, "power mW", energy_.power() / 1000);
}

// Nothing but the classes' own timers will ever happen.
bool Engine::only_timers_left() {
  return agenda_.nr_others() == class_timers_ + frequency_changes_ + recurring_changes_ && nr_throttled_ == 0 &&
         !finished() && !agenda_.cpu_event_planned() &&
         std::all_of(occupancy_.begin(), occupancy_.end(),
                     [](const Occupancy& cpu) { return cpu.nr_running == 0 && !cpu.curr.valid(); });
}

void Engine::tick(CpuId cpu) {
  if (curr(cpu).valid()) {  // NO_HZ_IDLE: an idle CPU has no tick
    class_of(curr(cpu)).task_tick(cpu, curr(cpu));
    if (!tick_stopped(cpu)) {
      for (auto& cls : classes_) cls->tick_balance(cpu);
      cpufreq_update_util(cpu);
    }
  } else {
    interrupt_idle(cpu, true);
  }
  // What is pending is tried again at the end of an interrupt, whoever was woken for it.
  if (!softirqs_.empty() && softirqs_[cpu.index()].count > 0) start_softirq(cpu);
  arm_tick(cpu);
}

void Engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  for (size_t ring = 0; ring < rings_.size(); ++ring) packets_.pull(workload_.packets, RingId(ring), now_);
  energy_.close(machine_, now_);
  for (size_t c = 0; c < rqs_.size(); ++c) {
    settle(CpuId(c));
    if (memory_.on()) memory_.settle(machine_, CpuId(c), now_);
    SIMSCHED_CHECK(rqs_[c].time.total() == now_, "the time of cpu " + std::to_string(c) + " does not add up");
  }
  for (size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[i];
    if (task.state == TaskState::kNew) continue;
    if (task.state == TaskState::kRunnable) {
      const Nanos throttled = task.throttled_for + (task.throttled ? now_ : Nanos(0));
      task.time[Cause::kThrottled] += throttled;
      task.time[Cause::kWait] += now_ - task.since - throttled;
      task.longest_wait = std::max(task.longest_wait, now_ - task.since - throttled);
    }
    if (task.state == TaskState::kBlocked) task.time[task.blocked_by] += now_ - task.since;
    Nanos end = task.state == TaskState::kDead ? task.since : now_;
    SIMSCHED_CHECK(task.time.total() == end - task.born, "the time of " + describe(TaskId(i)) + " does not add up");
  }
}

}  // namespace simsched
