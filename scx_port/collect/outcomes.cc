#include "scx_port/collect/outcomes.h"

#include <algorithm>
#include <cstring>

namespace simsched::collect {
namespace {

template <class Record>
bool read(std::span<const std::byte> bytes, Record& record) {
  if (bytes.size() < sizeof(record)) return false;
  std::memcpy(&record, bytes.data(), sizeof(record));
  return true;
}

Nanos nanos(uint64_t time) { return Nanos(static_cast<int64_t>(time)); }

// Clocks of two CPUs may be a little apart; what comes after is not before.
Nanos between(Nanos from, Nanos to) { return std::max(to - from, Nanos(0)); }

RunQueue queue(const collect_rq& rq) { return {rq.nr_running, rq.load, rq.util, rq.runnable, rq.capacity}; }

}  // namespace

Outcomes::Outcomes(const Host& host, Nanos start, Nanos window, Emit emit)
    : host_(host), start_(start), window_(window), emit_(std::move(emit)) {}

bool Outcomes::add(std::span<const std::byte> record) {
  uint32_t kind = 0;
  collect_decision decision;
  collect_switch change_of_task;
  collect_move change_of_cpu;
  if (!read(record, kind)) return false;
  if (kind == COLLECT_DECISION && read(record, decision) && decision.trigger < COLLECT_NR_TRIGGERS)
    decide(decision);
  else if (kind == COLLECT_SWITCH && read(record, change_of_task))
    change(change_of_task);
  else if (kind == COLLECT_MOVE && read(record, change_of_cpu))
    move(change_of_cpu);
  else
    return false;
  return true;
}

Decision* Outcomes::open(Number number) { return number < first_ ? nullptr : &open_[number - first_]; }

void Outcomes::push(std::deque<Number>& list, Number number) {
  while (!list.empty() && list.front() < first_) list.pop_front();
  list.push_back(number);
}

void Outcomes::decide(const collect_decision& r) {
  Decision d;
  d.time = between(start_, nanos(r.time));
  d.pid = Pid(r.pid), d.tgid = Pid(r.tgid);
  std::memcpy(d.comm, r.comm, sizeof(d.comm));
  d.src = CpuId(r.src), d.dst = CpuId(r.dst), d.waker_cpu = CpuId(r.waker_cpu), d.waker_pid = Pid(r.waker_pid);
  d.trigger = static_cast<Trigger>(r.trigger);
  d.result = r.result != 0;
  d.running = r.running != 0;
  d.relation = host_.relation(d.src, d.dst);
  d.node_distance = host_.distance(d.src, d.dst);
  d.src_queue = queue(r.src_rq), d.dst_queue = queue(r.dst_rq);
  d.weight = r.weight, d.nice = r.nice, d.policy = r.policy;
  d.task_load = r.task_load, d.task_util = r.task_util;
  d.allowed_cpus = r.allowed_cpus, d.numa_node = r.numa_node;
  d.migration_type = r.migration_type, d.lb_flags = r.lb_flags, d.failed_balances = r.failed_balances;
  d.cache_nice_tries = r.cache_nice_tries, d.domain_cpus = r.domain_cpus;
  d.imbalance = r.imbalance;
  d.cpu_time = Nanos(r.sum_exec), d.vlag = r.vlag, d.cold = Nanos(r.cold);

  if (d.trigger == Trigger::kFork) tasks_.erase(r.pid);  // the number had an owner before
  Task& task = tasks_[r.pid];
  d.last_burst = task.burst;
  d.last_stop = task.stop;
  if (d.running)
    d.since_run = Nanos(0);
  else if (task.stopped != kNever)
    d.since_run = between(task.stopped, nanos(r.time));

  const Number number = first_ + open_.size();
  open_.push_back(d);
  push(task.to_run, number);
  push(task.to_move, number);
  advance(nanos(r.time));
}

void Outcomes::starts(Task& task, CpuId cpu, Nanos now) {
  task.started = now;
  for (Number number : task.to_run) {
    Decision* d = open(number);
    if (d == nullptr) continue;
    d->run_delay = between(start_ + d->time, now);
    d->ran_cpu = cpu;
    // A new task is put on its first CPU without a move.
    if (d->trigger == Trigger::kFork && d->result && d->dst == cpu) d->carried_out = 1;
    push(task.to_stop, number);
  }
  task.to_run.clear();
}

void Outcomes::stops(Task& task, Stop stop, Nanos now) {
  for (Number number : task.to_stop) {
    Decision* d = open(number);
    if (d == nullptr) continue;
    d->ran = std::min(between(task.started, now), between(task.started, start_ + d->time + window_));
    d->stop = stop;
  }
  task.to_stop.clear();
  task.burst = task.started == kNever ? kNever : between(task.started, now);
  task.started = kNever;
  task.stopped = now;
  task.stop = stop;
}

void Outcomes::change(const collect_switch& r) {
  const Nanos now = nanos(r.time);
  if (r.prev != 0) {
    const bool dead = (r.prev_state & COLLECT_STATE_DEAD) != 0;
    stops(tasks_[r.prev], dead ? Stop::kExited : r.prev_state != 0 ? Stop::kSlept : Stop::kPreempted, now);
    if (dead) tasks_.erase(r.prev);
  }
  if (r.next != 0) starts(tasks_[r.next], CpuId(r.cpu), now);
  advance(now);
}

void Outcomes::move(const collect_move& r) {
  const Nanos now = nanos(r.time);
  Task& task = tasks_[r.pid];
  std::deque<Number> waiting;
  waiting.swap(task.to_move);
  // The move carries out the last decision that said so and has not been: earlier ones are overtaken by it.
  const auto carried_out = std::find_if(waiting.rbegin(), waiting.rend(), [&](Number number) {
    const Decision* d = open(number);
    return d != nullptr && d->result && !d->carried_out && d->dst == CpuId(r.dst) && d->trigger != Trigger::kFork;
  });
  if (carried_out == waiting.rend() && r.queued) ++unexplained_moves_;
  for (auto number = waiting.rbegin(); number != waiting.rend(); ++number) {
    Decision* d = open(*number);
    if (d == nullptr) break;
    if (number == carried_out) {
      d->carried_out = 1;
      task.to_move.push_back(*number);  // goes on waiting, for the next move
    } else {
      d->next_move = between(start_ + d->time, now);
      d->next_cpu = CpuId(r.dst);
    }
  }
  advance(now);
}

void Outcomes::close_first() {
  emit_(open_.front());
  open_.pop_front();
  ++first_;
}

void Outcomes::advance(Nanos now) {
  while (!open_.empty()) {
    Decision& d = open_.front();
    const Nanos end = start_ + d.time + window_;
    if (end > now) return;
    // Still running: it has run so far.
    if (d.run_delay != kNever && d.ran == kNever) d.ran = std::max(window_ - d.run_delay, Nanos(0));
    close_first();
  }
}

void Outcomes::records_were_lost() {
  for (Decision& d : open_) d.uncertain = 1;
}

void Outcomes::finish(Nanos end) {
  advance(end);
  while (!open_.empty()) {
    Decision& d = open_.front();
    d.cut_short = 1;
    if (d.run_delay != kNever && d.ran == kNever) d.ran = between(start_ + d.time + d.run_delay, end);
    close_first();
  }
}

}  // namespace simsched::collect
