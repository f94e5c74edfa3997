// The progress of work: how far running tasks have come, and when they will be done.
#include <algorithm>

#include "base/error.h"
#include "base/int128.h"
#include "sim/kernel.h"

namespace simsched {
namespace {

constexpr int kSpeedShift = 20;  // Rq::speed and Task::fraction are of 2^20
constexpr uint32_t kFullSpeed = 1u << kSpeedShift;

}  // namespace

// Accounts for the time since the last call: overhead first, then the op's work together with cache refill.
void Kernel::settle(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  Nanos delta = now_ - rq.settled;
  if (delta == Nanos(0)) return;
  rq.settled = now_;
  if (!rq.curr.valid()) {
    rq.time.idle += delta;
    return;
  }
  Task& task = tasks_[rq.curr.index()];
  if (rq.overhead_left > Nanos(0) || rq.held) {
    Nanos overhead = rq.held ? delta : std::min(rq.overhead_left, delta);
    rq.overhead_left -= std::min(rq.overhead_left, overhead);
    rq.time.overhead += overhead;
    task.time.overhead += overhead;
    delta -= overhead;
  }
  rq.time.task += delta;
  int64_t done = delta.count();
  if (rq.speed != kFullSpeed || task.fraction != 0) {
    auto progress = static_cast<Uint128>(done) * rq.speed + task.fraction;
    done = static_cast<int64_t>(progress >> kSpeedShift);
    task.fraction = static_cast<uint32_t>(progress & (kFullSpeed - 1));
    Nanos lost = delta - Nanos(done);
    int64_t capacity = machine_.cpu(cpu).capacity;
    // What the core's own slowness accounts for; the busy sibling has the rest.
    bool smt = rq.speed != static_cast<uint32_t>(capacity) * kCapacityScale;
    Nanos by_capacity = smt ? std::min(lost, Nanos(delta.count() * (kCapacityScale - capacity) / kCapacityScale)) : lost;
    task.time.slowdown_capacity += by_capacity;
    task.time.slowdown_smt += lost - by_capacity;
  }
  // Halves of odd times add up: what was rounded up for the work before is refill in the end.
  Work work = std::min(task.remaining, Work(done) - CacheWarmth::refilling(task.refill, Work(done)));
  Work refill = Work(done) - work;
  task.refill -= refill;
  task.time.refill += Nanos(refill.count());
  task.remaining -= work;
  task.time.work += Nanos(work.count());
}

// Plans the event at which the running task has done its op.
void Kernel::arm_done(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  rq.overhead_left += rq.charge;
  rq.charge = Nanos(0);
  if (rq.held) return;  // release() does
  const Task& task = tasks_[rq.curr.index()];
  int64_t left = (task.remaining + std::min(task.refill, task.remaining)).count(), time = left;
  if (left > 0 && (rq.speed != kFullSpeed || task.fraction != 0)) {
    auto units = (static_cast<Uint128>(left) << kSpeedShift) - task.fraction;
    time = static_cast<int64_t>((units + rq.speed - 1) / rq.speed);
  }
  queue_.push(now_ + rq.overhead_left + Nanos(time), EventKind::kDone, static_cast<uint32_t>(cpu.value()),
              ++rq.done_generation);
}

// The scheduler took time on a CPU whose task goes on. On an idle CPU what comes next pays.
void Kernel::apply_charge(CpuId cpu) {
  if (!rqs_[cpu.index()].curr.valid()) return;
  settle(cpu);
  arm_done(cpu);
}

void Kernel::hold(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (rq.held || !rq.curr.valid()) return;
  settle(cpu);
  rq.held = true;
  ++rq.done_generation;
}

void Kernel::release(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (!rq.held) return;
  settle(cpu);
  rq.held = false;
  if (rq.curr.valid()) arm_done(cpu);
}

void Kernel::update_speed(CpuId cpu) {
  uint32_t share = kCapacityScale;
  const CpuSet& siblings = machine_.smt_cpus(cpu);
  for (CpuId sibling : siblings)
    if (sibling != cpu && rqs_[sibling.index()].curr.valid()) share = static_cast<uint32_t>(machine_.smt_share());
  rqs_[cpu.index()].speed = static_cast<uint32_t>(machine_.cpu(cpu).capacity) * share;
}

// `cpu` went from idle to busy or back: its siblings change speed.
void Kernel::neighbours_changed(CpuId cpu) {
  const CpuSet& siblings = machine_.smt_cpus(cpu);
  if (siblings.size() == 1) return;  // its speed never changes
  for (CpuId sibling : siblings) {
    Rq& rq = rqs_[sibling.index()];
    if (sibling == cpu) continue;
    settle(sibling);
    uint32_t before = rq.speed;
    update_speed(sibling);
    if (rq.curr.valid() && rq.speed != before) arm_done(sibling);
  }
  update_speed(cpu);
}

CpuTime Kernel::cpu_time(CpuId cpu) const {
  const Rq& rq = rqs_[cpu.index()];
  CpuTime time = rq.time;
  Nanos open = now_ - rq.settled;
  Nanos overhead = rq.curr.valid() ? std::min(rq.overhead_left, open) : Nanos(0);
  time.overhead += overhead;
  (rq.curr.valid() ? time.task : time.idle) += open - overhead;
  return time;
}

Nanos Kernel::time_on_cpu(TaskId task) const {
  const Task& t = tasks_[task.index()];
  return t.time.on_cpu() + (t.state == TaskState::kRunning ? now_ - rqs_[t.cpu.index()].settled : Nanos(0));
}

}  // namespace simsched
