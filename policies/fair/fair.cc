#include "policies/fair/fair.h"

#include <algorithm>

namespace simsched {

using namespace fair;

bool FairClass::takes(SchedPolicy policy) const {
  if (cede_ == Cede::kAll) return false;
  if (policy == SchedPolicy::kExt) return cede_ == Cede::kNone;
  return policy == SchedPolicy::kNormal || policy == SchedPolicy::kBatch || policy == SchedPolicy::kIdle;
}

void FairClass::attach(Kernel& kernel) {
  kernel_ = &kernel;
  size_t nr_cpus = kernel.nr_cpus(), nr_tasks = kernel.workload().tasks.size(), nr_groups = kernel.nr_groups();
  block_ = Block(nr_groups * nr_cpus, nr_tasks + (nr_groups - 1) * nr_cpus);
  wakers_.resize(kernel.nr_tasks() + nr_cpus);
  cpus_.resize(nr_cpus);
  clocks_.resize(nr_cpus);
  groups_.resize(nr_groups);
  depths_.resize(nr_groups);
  for (size_t g = 1; g < nr_groups; ++g) {
    const GroupSpec& spec = kernel.group_spec(GroupId(g));
    groups_[g].idle = spec.idle;
    groups_[g].shares = spec.idle ? kIdleShares : weight_of_group(spec.weight);
    depths_[g] = 1 + depths_[kernel.parent(GroupId(g)).index()];
    nested_ |= depths_[g] > 1;
    idle_groups_ |= spec.idle;
  }
  for (const GroupSpec& settings : kernel.workload().settings) idle_groups_ |= settings.idle;
  leaves_.resize((nr_groups - 1) * nr_cpus);
  sleeps_ = kernel.params().idle_governor != IdleGovernor::kHaltpoll;
  domains_.emplace(kernel.machine(), params_.hmp);
  attach_hmp();
  attach_ipc_classes();
  if (params_.sched_energy_aware && params_.schedutil) perf_domains_ = perf_domains(kernel.machine());
  domain_states_.resize(domains_->nr_domains());
  imbalanced_.resize(domains_->nr_groups());
  caches_.resize(kernel.machine().nr_llcs());
  core_seen_.resize(kernel.machine().nr_cores());

  attach_numa();
  for (size_t i = 0; i < block_.nr_entities(); ++i) block_.entity(i).heap = static_cast<uint32_t>(Rng(i).next());
  for (size_t i = 0; i < block_.nr_queues(); ++i) {
    CfsRq& rq = block_.queue(i);
    rq.cpu = CpuId(i % nr_cpus);
    rq.group = GroupId(i / nr_cpus);
    if (i < nr_cpus) continue;
    Entity& e = block_.entity(nr_tasks + i - nr_cpus);
    rq.group_entity = &e;
    e.my_q = &rq;
    e.cfs_rq = &queue_of(kernel.parent(rq.group), rq.cpu);
    e.parent = e.cfs_rq->group_entity;
    e.idle = groups_[rq.group.index()].idle;
    e.slice = static_cast<uint32_t>(params_.base_slice.count());
    set_weight(e, e.idle ? kIdleShares : kNice0Load);
  }
  attach_bandwidth();
  for (CpuId cpu : kernel.machine().cpus()) {
    CpuState& state = cpu_state(cpu);
    const bool smaller = capacity(cpu) != kCapacityScale && hmp_.empty();
    clocks_[cpu.index()].slow = smaller || kernel.frequency(cpu) != kCapacityScale;
    asymmetric_ |= smaller;
    state.avg_idle = 2 * params_.migration_cost.count();
    state.max_idle_cost = params_.migration_cost.count();
    cache_state(cpu).nr_idle_scan = static_cast<int64_t>(domains_->cache_size(cpu));
    smt_ |= kernel.machine().smt_cpus(cpu).size() > 1;
    for (const Domain& domain : domains_->of(cpu)) state_of(domain).balance_interval = domain.min_interval;
    enter_idle(cpu);
  }
  for (size_t i = 0; i < nr_tasks; ++i) {
    TaskId task(i);
    uclamp_ |= kernel.spec(task).uclamp_min != 0 || kernel.spec(task).uclamp_max != kCapacityScale;
    real_time_ |= precedes_fair(kernel.policy(task));
    entity_of(task).id = task.value();
    if (!kernel.is_stopper(task)) wakers_[i].flips = kernel.spec(task).wakee_flips;
    set_task_weight(task);
  }
  if (real_time_) rt_.resize(nr_cpus);
  interrupts_ = kernel.workload().packets.any();
  if (interrupts_) irq_.resize(nr_cpus);
  capacity_varies_ = real_time_ || interrupts_ || kernel.machine().spec().thermal.on();
}

void FairClass::assign(const SchedClass& other) { static_cast<State&>(*this) = dynamic_cast<const FairClass&>(other); }

void FairClass::set_task_queue(Entity& e, CpuId cpu) {
  e.cfs_rq = &queue_of(kernel_->group(e.task()), cpu);
  e.parent = e.cfs_rq->group_entity;
}

void FairClass::set_task_weight(TaskId task) {
  Entity& e = entity_of(task);
  e.idle = kernel_->policy(task) == SchedPolicy::kIdle;
  int64_t weight = (e.idle ? kIdleWeight : nice_weight(kernel_->nice(task))) << kLoadShift;
  if (e.weight == 0)
    set_weight(e, weight);
  else if (e.weight != weight)
    reweight_entity(e, weight);
  int64_t slice = kernel_->custom_slice(task).count();
  e.custom_slice = slice > 0 && params_.discipline == Discipline::kEevdf && params_.custom_slices;
  if (!e.custom_slice)
    slice = params_.base_slice.count();
  else
    slice = std::clamp<int64_t>(slice, 100000, 100000000);
  e.slice = static_cast<uint32_t>(slice);
}

void FairClass::reweight_task(TaskId task) { set_task_weight(task); }

// From another class: as new as a forked task, unless it has been here before.
void FairClass::switched_to(TaskId task) {
  if (entity_of(task).avg.last_update_time == 0) task_fork(task, TaskId());
}

void FairClass::task_fork(TaskId child, TaskId parent) {
  CpuId cpu = kernel_->task_cpu(child);
  rule_.fork(queue_of(kernel_->group(child), cpu), entity_of(child));
  if (parent.valid()) wakers_[child.index()] = wakers_[parent.index()];  // copied with the rest of the task
  entity_of(child).recent_cpu = cpu;
}

// Brings the run time and vruntime of what runs on this level up to now.
void FairClass::update_curr(CfsRq& rq) {
  Entity* curr = rq.curr;
  if (!curr) return;
  const int64_t clock = clock_task(rq.cpu), delta = clock - curr->exec_start;
  if (delta <= 0) return;
  curr->exec_start = clock;
  curr->ran += delta;
  curr->vruntime += virtual_time(delta, *curr);
  if (rq.limited) account_runtime(rq, delta);
  if (rule_.ran(rq, *curr)) {
    kernel_->resched_curr(rq.cpu);
    clear_buddies(rq, *curr);
  }
}

// Down the hierarchy to the task that should run. Null when what was best only waited for its dequeue.
Entity* FairClass::pick_entity(CpuId cpu) {
  CfsRq* rq = &root_of(cpu);
  while (true) {
    if (rq->curr && rq->curr->on_rq) update_curr(*rq);
    if (rq->limited && out_of_runtime(*rq)) return nullptr;
    Entity* e = rule_.pick(*rq);
    if (e->delayed) {
      dequeue_entities(*e, kDequeueSleep | kDequeueDelayed);
      return nullptr;
    }
    if (e->is_task()) return e;
    rq = e->my_q;
  }
}

TaskId FairClass::pick_task(CpuId cpu) {
  if (cede_ == Cede::kAll && root_of(cpu).nr_queued == 0) return TaskId();
  pelt_now(cpu);
  if (interrupts_) irq_util(cpu);
  CfsRq& root = root_of(cpu);
  do {
    while (root.nr_queued > 0)
      if (Entity* e = pick_entity(cpu)) return cpu_state(cpu).picked = e->task();
  } while (newidle_balance(cpu));
  if (smt_) note_idle_core(cpu);
  enter_idle(cpu);
  return TaskId();
}

void FairClass::put_prev_entity(CfsRq& rq, Entity& e) {
  if (e.on_rq) update_curr(rq);
  if (rq.limited) out_of_runtime(rq);
  if (e.on_rq) {
    rule_.waits(e);
    enqueue_waiting(rq, e);
    update_load_avg(rq, e, 0);
  }
  rq.curr = nullptr;
}

void FairClass::set_next_entity(CfsRq& rq, Entity& e) {
  clear_buddies(rq, e);
  if (e.on_rq) {
    dequeue_waiting(rq, e);
    update_load_avg(rq, e, kUpdateGroup);
    rule_.picked(rq, e);
  }
  e.exec_start = clock_task(rq.cpu);
  rq.curr = &e;
  e.ran = 0;
}

// From one task to another, the levels that both run through are left alone: their slices go on.
void FairClass::put_prev_task(CpuId cpu, TaskId task, TaskId) {
  TaskId next = cpu_state(cpu).picked;
  const Entity* shared = next.valid() && next != task ? entity_of(next).parent.get() : nullptr;
  for (Entity* e = &entity_of(task); e && e != shared; e = e->parent) put_prev_entity(*e->cfs_rq, *e);
}

void FairClass::set_next_task(CpuId cpu, TaskId task) {
  cpu_state(cpu).picked = TaskId();
  for (Entity* e = &entity_of(task); e && e->cfs_rq->curr != e; e = e->parent) set_next_entity(*e->cfs_rq, *e);
  if (entity_of(task).on_rq && cpu_state(cpu).newest != task) {
    list_remove(cpu, task);
    list_add(cpu, task);
  }
}

void FairClass::task_tick(CpuId cpu, TaskId curr) {
  for (Entity* e = &entity_of(curr); e; e = e->parent) {
    CfsRq& rq = *e->cfs_rq;
    update_curr(rq);
    update_load_avg(rq, *e, kUpdateGroup);
    update_shares(*e);
    if (rq.nr_queued > 1 && rule_.tick(rq, *e)) {
      kernel_->resched_curr(rq.cpu);
      clear_buddies(rq, *e);
    }
  }
  if (interrupts_) irq_util(cpu);
  if (numa_on_) numa_tick(cpu, curr);
  if (!ipc_scores_.empty()) ipc_tick(cpu, curr);
  note_overutilized(cpu);
}

Nanos FairClass::next_tick(CpuId cpu) {
  if (cede_ == Cede::kAll && root_of(cpu).nr_queued == 0) return Nanos::max();
  int64_t at = INT64_MAX;
  for (CfsRq* rq = &root_of(cpu); rq && rq->curr; rq = rq->curr->my_q) {
    if (rq->limited) at = std::min(at, rq->curr->exec_start + std::max<int64_t>(0, limit_of(*rq).remaining));
    if (rq->nr_queued < 2) continue;
    // Several groups compete, or tasks with groups: every tick looks at their shares again.
    int64_t runs = groups_.size() > 1 && (nested_ || rq->is_root()) ? 0 : rule_.runs_for(*rq, *rq->curr);
    at = std::min(at, rq->curr->exec_start + (now() - clock_task(cpu)) + runs);
  }
  if (numa_on_) at = std::min(at, numa_tick_due(cpu));
  if ((!hmp_.empty() && hmp_watches(cpu)) || (!ipc_scores_.empty() && ipc_unsure(cpu))) at = std::min(at, now());
  if (!domains_->of(cpu).empty()) {
    at = std::min(at, cpu_state(cpu).next_balance);
    if (wants_kick(cpu))
      at = std::min(at, nohz_next_balance_);
    else if (may_become_misfit(cpu))
      at = std::min(at, now());
  }
  return at == INT64_MAX ? Nanos::max() : Nanos(at);
}

void FairClass::yield_task(CpuId cpu, TaskId task) {
  if (root_of(cpu).h_nr_queued < 2) return;
  Entity& e = entity_of(task);
  clear_buddies(*e.cfs_rq, e);
  update_curr(*e.cfs_rq);
  rule_.yield(*e.cfs_rq, e);
}

}  // namespace simsched
