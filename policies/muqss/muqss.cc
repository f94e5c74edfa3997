#include "policies/muqss/muqss.h"

#include <algorithm>

namespace simsched::muqss {

void Params::bind(TunableReader& reader) {
  reader.bind("rr_interval_ns", &rr_interval, 1_ms, 1_s, "time slice, and the measure of deadlines");
  reader.bind("interactive", &interactive, "the earliest deadline of all queues; false: only of fuller ones, and near");
  reader.bind("rqshare", &rqshare, {"none", "smt", "mc", "llc", "smp", "all"},
              "CPUs that share a queue: none, of a core, of a last-level cache (mc, llc), of a node, all");
  reader.bind("yield_type", &yield_type, 0, 2, "0: nothing, 1: to an earlier deadline, 2: gives up the slice");
  reader.bind("smt_nice", &smt_nice, "a task leaves a core to a sibling of a better nice level");
}

void MuqssClass::attach(Kernel& kernel) {
  const Machine& machine = kernel.machine();
  smt_nice_ = picks_alone_ = params_.smt_nice && machine.nr_cores() < machine.nr_cpus();
  std::vector<uint32_t> lists;
  for (CpuId cpu : machine.cpus()) {
    const Cpu& at = machine.cpu(cpu);
    const std::string& share = params_.rqshare;
    const size_t list = share == "none"  ? cpu.index()
                        : share == "smt" ? at.core.index()
                        : share == "smp" ? at.node.index()
                        : share == "all" ? 0
                                         : at.llc.index();
    lists.push_back(static_cast<uint32_t>(list));
  }
  for (CpuId cpu : machine.cpus()) {
    std::vector<Near>& near = lists_near_.emplace_back();
    std::vector<bool> seen(machine.nr_cpus());
    for (int distance = 0; distance < static_cast<int>(kNrDistances); ++distance) {
      for (CpuId other : machine.cpus()) {
        const uint32_t list = lists[other.index()];
        if (static_cast<int>(machine.distance(cpu, other)) != distance || seen[list]) continue;
        seen[list] = true;
        near.push_back({list, static_cast<Distance>(distance)});
      }
    }
  }
  attach_lists(kernel, std::move(lists));
}

// ---- Who is next ----

// earliest_deadline_task()
TaskId MuqssClass::pick_task(CpuId cpu) {
  if (smt_nice_) ++cpu_state(cpu).tries;
  TaskId curr = going_on(cpu), best;
  if (curr.valid() && smt_allows(cpu, curr)) best = curr;
  int64_t least = best.valid() ? key(best) + 1 : INT64_MAX;
  uint32_t most = 0;
  for (const Near& near : lists_near_[cpu.index()]) {
    const uint32_t entries = state_.waiting.length(near.list);
    if (!params_.interactive && best.valid() && near.distance == Distance::kRemote) break;
    if (entries == 0 || (!params_.interactive && entries <= most)) continue;
    for (TaskId task = state_.waiting.first(near.list); task.valid() && state_.waiting.key(task) < least;
         task = state_.waiting.next(task)) {
      if (!kernel_->cpu_allowed(task, cpu) || !smt_allows(cpu, task)) continue;
      best = task;
      least = state_.waiting.key(task);
      most = entries;
      break;
    }
  }
  if (!best.valid()) return {};
  if (best != curr) return take(cpu, best);
  call_siblings(cpu);
  return curr;
}

void MuqssClass::yield_task(CpuId cpu, TaskId task) {
  if (params_.yield_type == 2) give_up_slice(cpu, task);
}

// ---- Siblings of different nice levels ----

// smt_should_schedule(): not beside a task of a better level, but for a quarter of the attempts.
bool MuqssClass::smt_allows(CpuId cpu, TaskId task) const {
  if (!smt_nice_ || state_.cpus[cpu.index()].tries % 4 == 0) return true;
  auto nice = [&](TaskId id) { return level(id) > 0 ? 20 : kernel_->nice(id); };
  for (CpuId sibling : kernel_->machine().smt_cpus(cpu)) {
    const TaskId beside = kernel_->curr(sibling);
    if (sibling != cpu && runs_here(beside) && nice(beside) < nice(task)) return false;
  }
  return true;
}

// What runs on `cpu` is another: its siblings may have to stop, or may begin.
void MuqssClass::call_siblings(CpuId cpu) {
  if (!smt_nice_) return;
  for (CpuId sibling : kernel_->machine().smt_cpus(cpu)) {
    if (sibling == cpu) continue;
    const TaskId beside = kernel_->curr(sibling);
    const bool stops = runs_here(beside) && !smt_allows(sibling, beside);
    if (stops || (!beside.valid() && state_.waiting.length() > 0)) kernel_->resched_curr(sibling);
  }
}

void MuqssClass::set_next_task(CpuId cpu, TaskId task) {
  DeadlineClass::set_next_task(cpu, task);
  call_siblings(cpu);
}

void MuqssClass::cpu_idle(CpuId cpu, bool idle, bool transition) {
  DeadlineClass::cpu_idle(cpu, idle, transition);
  if (idle && transition) call_siblings(cpu);
}

// ---- Where a task goes ----

// try_preempt(): to the best idle CPU; else to the nearest whose task has a later deadline.
CpuId MuqssClass::select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) {
  if (wake_flags & kWfExec) return prev;
  const CpuId idle = best_idle(task, prev);
  if (idle.valid()) return idle;
  if (forked_here(task, wake_flags)) return kernel_->this_cpu();
  const CpuId later = wake_flags & kWfSync || level(task) > 0 ? CpuId() : first_later(task, prev);
  return later.valid() ? later : stay(task, prev);
}

CpuId MuqssClass::first_later(TaskId task, CpuId prev) const {
  CpuId nearest;
  auto best = Distance::kRemote;
  const uint32_t here = state_.waiting.length(list_of(prev));
  for (CpuId cpu : kernel_->allowed(task)) {
    const Distance distance = kernel_->machine().distance(prev, cpu);
    if ((nearest.valid() && distance >= best) || !preempts(task, cpu)) continue;
    if (!params_.interactive && state_.waiting.length(list_of(cpu)) <= here && cpu != prev) continue;
    nearest = cpu;
    best = distance;
  }
  return nearest;
}

}  // namespace simsched::muqss
