// Automatic NUMA balancing: where the pages of tasks lie is sampled, pages follow tasks, and tasks go to the node that
// most of their pages are on (task_tick_numa(), task_numa_work(), task_numa_fault(), task_numa_placement(),
// task_numa_migrate() and should_numa_migrate_memory() of kernel/sched/fair.c, 6.12).
//
// A scan makes up to numa_scan_size_mb of pages fault when they are used next; here all of them do so at once. Faults
// of a memory that a task has for itself are private ones; of those that share one, numa_group.cc.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

namespace {

constexpr int64_t kPagesPerMb = 1024 * 1024 / kPageSize;
constexpr int64_t kShortestPeriod = 100000000;  // ns: 256 MB at MAX_SCAN_WINDOW, 2560 MB/s
constexpr int64_t kFirstPasses = 4;             // in which pages follow at the first fault
constexpr int64_t kLongestRetry = 1000000000;   // ns
constexpr int64_t kSlots = 10, kThreshold = 7;  // NUMA_PERIOD_SLOTS, NUMA_PERIOD_THRESHOLD
constexpr int64_t kSmallGain = 30;              // SMALLIMP, of 1000

}  // namespace

void FairClass::attach_numa() {
  const size_t nodes = kernel_->machine().nr_nodes(), tasks = kernel_->workload().tasks.size();
  numa_on_ = params_.numa_balancing && nodes > 1 && kernel_->memory().on();
  if (!numa_on_) return;
  numa_.tasks.resize(tasks);
  numa_.faults.resize(tasks * nodes);
  numa_.fresh.resize(tasks * nodes);
  numa_.left.resize(tasks * nodes);
  attach_numa_groups();
}

NumaTask* FairClass::numa_task(TaskId task) {
  return kernel_->memory().models(task) ? &numa_.tasks[task.index()] : nullptr;
}

// The CPU time of a task at which it is scanned next.
int64_t FairClass::numa_due(const NumaTask& task) const {
  return task.period == 0 ? params_.numa_scan_delay.count() : task.stamp + task.period;
}

// When a tick of `cpu` will scan what runs there.
int64_t FairClass::numa_tick_due(CpuId cpu) {
  const TaskId task = kernel_->curr(cpu);
  const NumaTask* known = task.valid() && is_fair(task) ? numa_task(task) : nullptr;
  return known ? now() + std::max<int64_t>(0, numa_due(*known) - kernel_->time_on_cpu(task).count()) : INT64_MAX;
}

void FairClass::numa_tick(CpuId cpu, TaskId task) {
  NumaTask* known = numa_task(task);
  if (!known || kernel_->time_on_cpu(task).count() < numa_due(*known)) return;
  known->stamp = numa_due(*known);
  kernel_->account_memory(cpu);
  const int64_t pages = kernel_->memory().pages(task), at_once = params_.numa_scan_size_mb * kPagesPerMb;
  const int64_t windows = std::max<int64_t>(1, (pages + at_once - 1) / at_once);
  const int64_t shortest = std::max(kShortestPeriod, params_.numa_scan_period_min.count() / windows);
  const int64_t longest = std::max(shortest, params_.numa_scan_period_max.count() / windows);
  known->period = std::clamp(known->period, shortest, longest);
  NumaGroup* group = numa_group(task);
  if (group) known->period = std::clamp(numa_group_period(*known), shortest, longest);
  if (send_home(cpu, task, *known)) return;  // it faults there
  if (group) {
    if (now() < group->next_scan) return;  // another one of them has
    group->next_scan = now() + known->period;
    return numa_group_scan(task, *group, at_once);
  }
  if (known->left == 0) {
    for (size_t node = 0; node < kernel_->machine().nr_nodes(); ++node)
      known->left += numa_of(numa_.left, task)[node] = kernel_->memory().pages(task, NodeId(node));
  }
  numa_scan(cpu, task, *known, std::min(known->left, at_once));
  if (known->left > 0) return;
  ++known->passes;
  place(task, *known, shortest, longest);
}

// So many pages fault.
void FairClass::numa_scan(CpuId cpu, TaskId task, NumaTask& known, int64_t count) {
  const NodeId here = node_of(cpu);
  // From then on only after two faults in a row from the same node.
  const bool follow = known.passes < kFirstPasses || !known.preferred.valid() || known.faulted_on == here;
  int64_t *fresh = numa_of(numa_.fresh, task), *left = numa_of(numa_.left, task), of = known.left, still = count;
  for (size_t node = 0; node < kernel_->machine().nr_nodes(); ++node) {
    // Of what is left of each node, in proportion.
    const int64_t faults = left[node] == of ? still : still * left[node] / of;
    of -= left[node];
    still -= faults;
    left[node] -= faults;
    numa_.hint_faults += faults;
    if (NodeId(node) == here) {
      known.local += faults;
      numa_.hint_faults_local += faults;
      fresh[node] += faults;
      continue;
    }
    const int64_t moved = follow && faults > 0 ? kernel_->move_pages(task, NodeId(node), here, faults) : 0;
    known.remote += faults;
    fresh[node] += faults - moved;
    fresh[here.index()] += moved;
  }
  known.left -= count;
  known.faulted_on = here;
}

// After a pass: task_numa_placement() and update_task_scan_period().
void FairClass::place(TaskId task, NumaTask& known, int64_t shortest, int64_t longest) {
  int64_t *faults = numa_of(numa_.faults, task), *fresh = numa_of(numa_.fresh, task), most = 0;
  for (size_t node = 0; node < kernel_->machine().nr_nodes(); ++node) {
    faults[node] = faults[node] / 2 + fresh[node];
    fresh[node] = 0;
    if (faults[node] <= most) continue;
    most = faults[node];
    known.preferred = NodeId(node);
  }
  // With private faults only, each pass finds less reason for the next.
  known.period = known.local == 0 ? 2 * known.period : known.period + (kSlots - kThreshold) * known.period / kSlots;
  known.period = std::clamp(known.period, shortest, longest);
  known.local = known.remote = 0;
}

// Of 1000 of its faults, those on that node (task_weight(), and group_weight() of one in a group).
int64_t FairClass::numa_weight(TaskId task, NodeId node) const {
  if (!kernel_->memory().models(task)) return 0;
  if (const size_t share = numa_.groups.empty() ? 0 : kernel_->spec(task).share; share != 0) {
    const std::vector<int64_t>& faults = numa_.groups[share - 1].faults;
    const int64_t sum = std::accumulate(faults.begin(), faults.end(), int64_t{0});
    return sum == 0 ? 0 : 1000 * faults[node.index()] / sum;
  }
  const size_t nodes = kernel_->machine().nr_nodes(), first = task.index() * nodes;
  int64_t all = 0;
  for (size_t i = 0; i < nodes; ++i) all += numa_.faults[first + i];
  return all == 0 ? 0 : 1000 * numa_.faults[first + node.index()] / all;
}

// numa_migrate_preferred() and task_numa_migrate(). Whether it will go.
bool FairClass::send_home(CpuId cpu, TaskId task, NumaTask& known) {
  const NodeId from = node_of(cpu), to = known.preferred;
  if (!to.valid() || to == from || now() < known.next_try) return false;
  known.next_try = now() + std::min(kLongestRetry, known.period / 16);
  struct Node {
    int64_t running = 0, load = 0, capacity = 0;
    CpuId idle;
  } src, dst;
  for (auto [node, id] : {std::pair(&src, from), std::pair(&dst, to)})
    for (CpuId c : kernel_->machine().node_cpus(id)) {
      node->running += root_of(c).h_nr_runnable;
      node->load += static_cast<int64_t>(cpu_load(c));
      node->capacity += capacity(c);
      const bool usable = kernel_->idle_cpu(c) && kernel_->cpu_allowed(task, c);
      if (usable && (!node->idle.valid() || (core_idle(c) && !core_idle(node->idle)))) node->idle = c;
    }
  // load_too_imbalanced(): the nodes are less alike when `load` more has gone.
  auto too_imbalanced = [&](int64_t load) {
    auto apart = [&](int64_t a, int64_t b) { return std::abs(b * src.capacity - a * dst.capacity); };
    return apart(src.load - load, dst.load + load) > apart(src.load, dst.load);
  };
  const auto own_load = static_cast<int64_t>(task_load(task));
  bool may_move = !too_imbalanced(own_load);
  if (dst.idle.valid()) {
    const std::vector<Domain>& domains = domains_->of(cpu);
    auto numa = std::find_if(domains.begin(), domains.end(), [](const Domain& d) { return d.numa; });
    const int64_t apart = std::max<int64_t>(0, dst.running + 1 - (src.running - 1));
    may_move = numa == domains.end() || adjust_numa_imbalance(apart, dst.running + 1, numa->imb_numa_nr) == 0;
    if (may_move) {
      ++numa_.task_moves;
      kernel_->queue_stopper(cpu, *this, task, dst.idle);
      return true;
    }
  }
  // task_numa_compare(): with whom to change places, or where to go beside somebody.
  const int64_t gain = numa_weight(task, to) - numa_weight(task, from);
  int64_t best = 0;
  CpuId best_cpu;
  TaskId partner;
  for (CpuId c : kernel_->machine().node_cpus(to)) {
    if (!kernel_->cpu_allowed(task, c)) continue;
    const TaskId other = kernel_->curr(c);
    if (other.valid() && is_fair(other) && kernel_->cpu_allowed(other, cpu)) {
      const NodeId wants = kernel_->memory().models(other) ? numa_.tasks[other.index()].preferred : NodeId();
      int64_t both = gain + numa_weight(other, from) - numa_weight(other, to);
      if (wants == from) both += both / 8;
      if (wants == to) both -= both / 16;
      if (both < kSmallGain || both <= best + kSmallGain / 2) continue;
      if (too_imbalanced(own_load - static_cast<int64_t>(task_load(other)))) continue;
      best = both;
      best_cpu = c;
      partner = other;
    } else if (!other.valid() && may_move && gain > best) {
      best = gain;
      best_cpu = c;
      partner = TaskId();
    }
  }
  if (!best_cpu.valid()) {
    // Of a group that has no room there, this one is at home where it is.
    if (numa_group(task)) known.preferred = from;
    return false;
  }
  ++(partner.valid() ? numa_.task_swaps : numa_.task_moves);
  kernel_->queue_stopper(cpu, *this, task, best_cpu);
  if (partner.valid()) kernel_->queue_stopper(best_cpu, *this, partner, cpu);
  if (NumaTask* other = partner.valid() ? numa_task(partner) : nullptr) other->next_try = known.next_try;
  return true;
}

// migration_cpu_stop() and migrate_swap_stop().
void FairClass::numa_stopper(CpuId cpu, TaskId task, CpuId dest) {
  if (kernel_->task_on_rq(task) && kernel_->task_cpu(task) == cpu && !kernel_->task_blocked(task) && cpu != dest &&
      kernel_->cpu_allowed(task, dest))
    kernel_->move_queued_task(task, dest, MigrationKind::kActive);
}

// ---- What the balancer asks ----

NodeId FairClass::preferred_node(TaskId task) {
  const NumaTask* known = numa_on_ ? numa_task(task) : nullptr;
  return known ? known->preferred : NodeId();
}

// How many of a CPU's runnable tasks there are, know where they want to be, and are there.
FairClass::NumaCounts FairClass::numa_counts(CpuId cpu) {
  NumaCounts counts;
  for (TaskId task = cpu_state(cpu).oldest; task.valid(); task = entity_of(task).newer) {
    if (entity_of(task).delayed) continue;
    const NodeId preferred = preferred_node(task);
    ++counts.all;
    counts.wanting += preferred.valid();
    counts.home += preferred == node_of(cpu);
  }
  return counts;
}

// fbq_classify_rq() and fbq_classify_group().
NumaClass FairClass::numa_class(const LoadBalance& lb, std::span<const CpuId> cpus) {
  if (!numa_on_ || !lb.domain->numa) return NumaClass::kAll;
  NumaCounts sum;
  for (CpuId cpu : cpus) {
    const NumaCounts counts = numa_counts(cpu);
    sum.all += counts.all;
    sum.wanting += counts.wanting;
    sum.home += counts.home;
  }
  return sum.all > sum.wanting ? NumaClass::kRegular : sum.all > sum.home ? NumaClass::kRemote : NumaClass::kAll;
}

// migrate_degrades_locality(), and where it does not say, the cache.
bool FairClass::hot(const LoadBalance& lb, TaskId task) {
  const NodeId from = node_of(lb.src), to = node_of(lb.dst), preferred = preferred_node(task);
  if (!preferred.valid() || !lb.domain->numa || from == to) return cache_hot(lb, task);
  if (from == preferred) {
    const NumaCounts counts = numa_counts(lb.src);
    return counts.all > counts.home || cache_hot(lb, task);
  }
  if (to == preferred) return false;
  if (lb.idle == IdleType::kIdle) return cache_hot(lb, task);
  return numa_weight(task, to) < numa_weight(task, from);
}

}  // namespace simsched
