// Policy `hmp`: clusters of unlike capacity are balanced within only, and tasks go from one to the other by the load
// that they are themselves: up from a threshold on, to a big CPU that has nothing to do, and down below another one.
// Modelled on big.LITTLE MP in Linaro's stable kernel 3.10 (kernel/sched/fair.c there). Left out are the filter by
// priority, and that a big CPU is kept from deep idle states while a task is on its way to it.
#include <algorithm>

#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int kLooks = 5;            // hmp_max_tasks: queued tasks that are looked at beside the running one
constexpr uint64_t kPacked = 921;    // of 1024: a task with more is not packed
constexpr int64_t kMostOfTime = 75;  // percent: a task that gets so much of the time in which it could run stays

}  // namespace

void FairClass::attach_hmp() {
  if (params_.hmp && domains_->capacities().size() > 1) hmp_.resize(kernel_->workload().tasks.size());
}

size_t FairClass::hmp_domain(CpuId cpu) const {
  const auto& clusters = domains_->capacities();
  size_t domain = 0;
  while (!clusters[domain].second.contains(cpu)) ++domain;
  return domain;
}

// Up to now, of 1024 at nice 0.
uint64_t FairClass::hmp_load(TaskId task) {
  Entity& e = entity_of(task);
  if (e.cfs_rq && e.avg.last_update_time != 0 && !e.on_rq)
    pelt::update(e.avg, pelt_now(e.cfs_rq->cpu), {.weight = pelt::weight_of(e)});
  return e.avg.load_avg;
}

bool FairClass::hmp_goes_up(TaskId task) {
  return hmp_load(task) >= static_cast<uint64_t>(params_.up_threshold) &&
         now() - hmp_[task.index()].up >= params_.next_up_threshold.count();
}

bool FairClass::hmp_goes_down(TaskId task) {
  return hmp_load(task) < static_cast<uint64_t>(params_.down_threshold) &&
         now() - hmp_[task.index()].down >= params_.next_down_threshold.count();
}

// One that nothing runs or waits on; none: there is none.
CpuId FairClass::hmp_idle(size_t domain, TaskId task) const {
  for (CpuId cpu : domains_->capacities()[domain].second)
    if (kernel_->cpu_allowed(task, cpu) && kernel_->idle_cpu(cpu) && !kernel_->need_resched(cpu)) return cpu;
  return CpuId();
}

CpuId FairClass::hmp_least_loaded(size_t domain, TaskId task) {
  CpuId least;
  for (CpuId cpu : domains_->capacities()[domain].second) {
    if (!kernel_->cpu_allowed(task, cpu)) continue;
    if (kernel_->idle_cpu(cpu)) return cpu;
    if (!least.valid() || cpu_load(cpu) < cpu_load(least)) least = cpu;
  }
  return least;
}

// Where a new or waking task goes; none: where the fair class says, which is within its cluster.
CpuId FairClass::hmp_select(TaskId task, CpuId prev, uint32_t wake_flags) {
  if (wake_flags & kWfFork) return kernel_->spec(task).kthread ? CpuId() : hmp_least_loaded(0, task);
  if (!(wake_flags & kWfTtwu)) return CpuId();
  const size_t domain = hmp_domain(prev);
  if (domain > 0 && hmp_goes_up(task))
    if (const CpuId big = hmp_idle(domain - 1, task); big.valid()) return hmp_moves(task, big, true);
  size_t to = domain;
  if (domain + 1 < domains_->capacities().size() && hmp_goes_down(task)) ++to;
  const CpuId little = to == domain ? CpuId() : hmp_least_loaded(to, task);
  if (little.valid()) hmp_moves(task, little, false);
  if (!params_.packing_enable || (little.valid() ? to : domain) == 0) return little;
  const uint64_t load = hmp_load(task);
  if (load > kPacked) return little;
  for (CpuId cpu : domains_->capacities()[little.valid() ? to : domain].second)
    if (kernel_->cpu_allowed(task, cpu) && cpu_load(cpu) + load <= static_cast<uint64_t>(params_.packing_limit))
      return cpu;
  return little;
}

CpuId FairClass::hmp_moves(TaskId task, CpuId to, bool up) {
  (up ? hmp_[task.index()].up : hmp_[task.index()].down) = now();
  ++(up ? count_.hmp_up : count_.hmp_down);
  return to;
}

// hmp_get_heaviest_task(), hmp_get_lightest_task(): of the running one and those that came first, for which that holds.
template <class Holds>
TaskId FairClass::hmp_find(CpuId cpu, bool heaviest, Holds holds) {
  TaskId best;
  const TaskId current = kernel_->curr(cpu);
  auto look = [&](TaskId task) {
    if (!is_fair(task) || entity_of(task).delayed || !holds(task)) return;
    const bool better =
        heaviest ? !best.valid() || hmp_load(task) > hmp_load(best) : !best.valid() || hmp_load(task) < hmp_load(best);
    if (better) best = task;
  };
  if (current.valid()) look(current);
  TaskId task = cpu_state(cpu).oldest;
  for (int i = 0; i < kLooks && task.valid(); task = entity_of(task).newer) {
    if (task == current) continue;
    look(task);
    ++i;
  }
  return best;
}

void FairClass::hmp_push(CpuId from, TaskId task, CpuId to, bool up) {
  hmp_moves(task, to, up);
  if (kernel_->curr(from) == task)
    kernel_->queue_stopper(from, *this, task, to);
  else
    kernel_->move_queued_task(task, to, MigrationKind::kActive);
}

// Whether the next tick of `cpu` may send a task elsewhere.
bool FairClass::hmp_watches(CpuId cpu) const {
  return root(cpu).h_nr_runnable > 0 && (hmp_domain(cpu) > 0 || root(cpu).h_nr_runnable > 1);
}

// hmp_force_up_migration() and hmp_offload_down().
void FairClass::hmp_tick(CpuId cpu) {
  if (!hmp_watches(cpu)) return;
  const size_t domain = hmp_domain(cpu);
  if (domain > 0) {
    const TaskId task =
        hmp_find(cpu, true, [&](TaskId t) { return hmp_goes_up(t) && hmp_idle(domain - 1, t).valid(); });
    if (task.valid()) hmp_push(cpu, task, hmp_idle(domain - 1, task), true);
    return;
  }
  const TaskId task = hmp_find(cpu, false, [&](TaskId t) {
    const LoadAvg& avg = entity_of(t).avg;
    const bool starves = int64_t{avg.util_avg} * 100 < kMostOfTime * avg.runnable_avg;
    return starves && kernel_->curr(cpu) != t && !hmp_idle(0, t).valid() && hmp_idle(1, t).valid();
  });
  if (task.valid()) hmp_push(cpu, task, hmp_idle(1, task), false);
}

// hmp_idle_pull(): a CPU that runs out of work takes the heaviest task from the next smaller ones. Whether it has come
// already.
bool FairClass::hmp_pull(CpuId cpu) {
  const size_t domain = hmp_domain(cpu);
  if (domain + 1 == domains_->capacities().size()) return false;
  TaskId heaviest;
  for (CpuId little : domains_->capacities()[domain + 1].second) {
    if (!kernel_->cpu_online(little)) continue;
    const TaskId task =
        hmp_find(little, true, [&](TaskId t) { return kernel_->cpu_allowed(t, cpu) && hmp_goes_up(t); });
    if (task.valid() && (!heaviest.valid() || hmp_load(task) > hmp_load(heaviest))) heaviest = task;
  }
  if (!heaviest.valid()) return false;
  hmp_push(kernel_->task_cpu(heaviest), heaviest, cpu, true);
  return root_of(cpu).nr_queued > 0;
}

}  // namespace simsched
