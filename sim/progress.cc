// The progress of work: how far running tasks have come, and when they will be done.
#include <algorithm>

#include "base/error.h"
#include "sim/kernel.h"

namespace simsched {
// Accounts for the time since the last call: overhead first, then the op's work together with cache refill.
void Kernel::settle(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  Nanos delta = now_ - rq.settled;
  if (delta == Nanos(0)) return;
  rq.settled = now_;
  if (rq.irq) {
    rq.time.irq += delta;
    if (curr(cpu).valid()) tasks_[curr(cpu).index()].time[Cause::kIrq] += delta;
    return;
  }
  if (!curr(cpu).valid()) {
    rq.time.idle += delta;
    return;
  }
  Task& task = tasks_[curr(cpu).index()];
  if (rq.overhead_left > Nanos(0) || rq.held) {
    Nanos overhead = rq.held ? delta : std::min(rq.overhead_left, delta);
    rq.overhead_left -= std::min(rq.overhead_left, overhead);
    rq.time.overhead += overhead;
    task.time[Cause::kOverhead] += overhead;
    delta -= overhead;
  }
  rq.time.task += delta;
  const Work done = progress(rq.speed, delta, task.fractions, task.time);
  // Halves of odd times add up: what was rounded up for the work before is refill in the end.
  Work work = std::min(task.remaining, done - CacheWarmth::refilling(task.refill, done));
  Work refill = done - work;
  task.refill -= refill;
  task.time[Cause::kRefill] += Nanos(refill.count());
  task.remaining -= work;
  task.time[Cause::kWork] += Nanos(work.count());
}

// Plans the event at which the running task has done its op.
void Kernel::arm_done(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  rq.overhead_left += rq.charge;
  rq.charge = Nanos(0);
  if (rq.held || rq.irq) return;  // release() does, end_irq() does
  const Task& task = tasks_[curr(cpu).index()];
  Nanos time = time_for(task.remaining + std::min(task.refill, task.remaining), rq.speed, task.fractions);
  agenda_.plan(cpu, EventKind::kDone, now_ + rq.overhead_left + time);
}

// The scheduler took time on a CPU whose task goes on. On an idle CPU what comes next pays.
void Kernel::apply_charge(CpuId cpu) {
  if (!curr(cpu).valid()) return;
  settle(cpu);
  arm_done(cpu);
}

void Kernel::hold(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (rq.held || !curr(cpu).valid()) return;
  settle(cpu);
  rq.held = true;
  if (!rq.irq) agenda_.cancel(cpu, EventKind::kDone);
}

void Kernel::release(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (!rq.held) return;
  settle(cpu);
  rq.held = false;
  if (curr(cpu).valid()) arm_done(cpu);
}

// What work of that class has of its core while another thread of it is busy.
uint32_t Kernel::smt_share(CpuId cpu, WorkClass kind) const {
  const int32_t own = machine_.core_type(cpu).class_smt_share[static_cast<size_t>(kind)];
  return static_cast<uint32_t>(own != 0 ? own : machine_.smt_share());
}

// The factors of what runs on `cpu` now. Whether it is as fast as before.
bool Kernel::refresh_speed(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  const TaskId runs = curr(cpu);
  uint32_t core = static_cast<uint32_t>(machine_.cpu(cpu).capacity), smt = kFullFactor;
  uint32_t frequency = rq.frequency, memory = rq.memory;
  for (CpuId sibling : machine_.smt_cpus(cpu)) {
    if (sibling == cpu || (!curr(sibling).valid() && !rqs_[sibling.index()].irq)) continue;
    // What each leaves to the other lies between what two of the one kind do and two of the other.
    smt = classes_matter_ && runs.valid() && curr(sibling).valid()
              ? std::min(smt, (smt_share(cpu, work_class(runs)) + smt_share(cpu, work_class(curr(sibling)))) / 2)
              : static_cast<uint32_t>(machine_.smt_share());
  }
  if (classes_matter_ && runs.valid()) {
    const auto kind = static_cast<size_t>(work_class(runs));
    core = std::max(1u, core * static_cast<uint32_t>(machine_.core_type(cpu).class_speed[kind]) >> kFactorShift);
  }
  if (memory_.on() && memory_.felt(cpu).share > 0) {
    const CoreAndMemory factors = with_memory(core, frequency, memory_.felt(cpu));
    core = factors.core;
    frequency = factors.frequency;
    memory = std::max(1u, memory * factors.memory >> kFactorShift);
  }
  return !rq.speed.set({core, frequency, smt, memory});
}

void Kernel::speed_changed(CpuId cpu) {
  settle(cpu);
  if (!refresh_speed(cpu) && agenda_.planned(cpu, EventKind::kDone)) arm_done(cpu);
}

void Kernel::speed_changed(const CpuSet& cpus) {
  for (CpuId cpu : cpus) speed_changed(cpu);
}

void Kernel::set_frequency(CpuId cpu, uint32_t frequency) {
  for (auto& cls : classes_) cls->frequency_changes(cpu);
  rqs_[cpu.index()].frequency = frequency;
  speed_changed(cpu);
}

void Kernel::set_memory(CpuId cpu, uint32_t memory) {
  rqs_[cpu.index()].memory = memory;
  speed_changed(cpu);
}

void Kernel::memory_changed() {
  for (CpuId cpu : memory_.take_changed(machine_)) speed_changed(cpu);
}

int64_t Kernel::move_pages(TaskId task, NodeId from, NodeId to, int64_t count) {
  const CpuId cpu = task_cpu(task);
  memory_.settle(machine_, cpu, now_);
  const int64_t moved = memory_.move_pages(machine_, task, from, to, count);
  charge(cpu, machine_.costs().page_move * moved);
  memory_changed();
  return moved;
}

void Kernel::new_image(CpuId cpu, TaskId task) {
  tasks_[task.index()].warmth.forget();
  tasks_[task.index()].refill = Work(0);
  if (!memory_.on()) return;
  memory_.settle(machine_, cpu, now_);
  memory_.forget(machine_, task);
  memory_changed();
}

CpuTime Kernel::cpu_time(CpuId cpu) const {
  const Rq& rq = rqs_[cpu.index()];
  CpuTime time = rq.time;
  Nanos open = now_ - rq.settled;
  if (rq.irq) {
    time.irq += open;
    return time;
  }
  Nanos overhead = curr(cpu).valid() ? std::min(rq.overhead_left, open) : Nanos(0);
  time.overhead += overhead;
  (curr(cpu).valid() ? time.task : time.idle) += open - overhead;
  return time;
}

Nanos Kernel::time_on_cpu(TaskId task) const {
  const Task& t = tasks_[task.index()];
  return t.time.on_cpu() + (t.state == TaskState::kRunning ? now_ - rqs_[t.cpu.index()].settled : Nanos(0));
}

}  // namespace simsched
