// The fair class: kernel/sched/fair.c of Linux 6.12 to 6.18, with EEVDF or, as policy `cfs`, with the
// order of 6.5. SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE.
//
//   fair.cc          the verbs of SchedClass that run tasks: pick, put, set, tick
//   enqueue.cc       enqueue and dequeue through the hierarchy, delayed dequeue
//   group.cc         load averages up the hierarchy, shares of task groups
//   wakeup.cc        wake-up preemption, buddies, who wakes whom
//   select_rq.cc     where a waking task goes: wake_affine, the search for an idle sibling
//   find_idlest.cc   where a new or exec'ing task goes: down the domains to the idlest group and CPU
//   balance.cc       pulling load: periodic, newly idle, active
//   imbalance.cc     which group is the busiest, and how much to pull from it
//   nohz.cc          balancing on behalf of idle CPUs
//   run_queue.h, eevdf.cc, cfs.cc, tree.h, pelt.h, domain.h   the parts
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "policies/fair/domain.h"
#include "policies/fair/entity.h"
#include "policies/fair/params.h"
#include "policies/fair/pelt.h"
#include "policies/fair/run_queue.h"
#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

namespace fair {

// Of a task, beside its entity.
struct TaskExtra {
  TaskId newer, older;         // in its CPU's list of queued tasks
  TaskId last_wakee;
  uint32_t wakee_flips = 0;    // how often it wakes another task than the last time, decaying
  int64_t flips_decayed = 0;   // ns
  CpuId recent_cpu;            // the one before its last, a candidate for cache warmth
  uint32_t util_est = 0;       // utilisation when it last went to sleep, smoothed
  uint32_t util_queued = 0;    // what it adds to its run queue's util_est
};

// Of a CPU, beside its root CfsRq.
struct CpuState {
  TaskId newest, oldest;       // queued tasks; those that ran last are the newest
  TaskId picked;               // the answer of pick_task() that has not been set yet
  std::vector<CfsRq*> leaves;  // run queues whose average may not be zero, root not included
  int64_t clock = 0, pelt_clock = 0;  // ns
  int64_t capacity = kCapacityScale;

  int64_t next_balance = 0;    // ns
  int64_t idle_stamp = 0;      // since when it has been idle; -1: not
  int64_t avg_idle = 0, max_idle_cost = 0;
  bool active_balance = false;
};

enum class IdleType : uint8_t { kNotIdle, kIdle, kNewlyIdle };
struct LoadBalance;  // balance.h
struct GroupStats;
struct DomainStats;

// Of a last-level cache (sched_domain_shared).
struct CacheState {
  int64_t nr_idle_scan = 0;    // how many CPUs to look at for an idle one
  bool has_idle_core = false;  // a hint
};

}  // namespace fair

class FairClass final : public SchedClass {
 public:
  FairClass(fair::Params params);
  ~FairClass() override;

  void attach(Kernel& kernel) override;
  const char* name() const override { return "fair"; }
  bool takes(SchedPolicy policy) const override;
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  void migrate_task_rq(TaskId task, CpuId to) override;
  void enqueue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) override;
  TaskId pick_task(CpuId cpu) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  void tick_balance(CpuId cpu) override;
  Nanos next_tick(CpuId cpu) override;
  void ipi(CpuId cpu) override;
  void stopper(CpuId cpu, TaskId task, CpuId dest) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void task_fork(TaskId child, TaskId parent) override;
  void task_dead(TaskId task) override;
  void switched_to(TaskId task) override;
  void reweight_task(TaskId task) override;
  std::vector<std::pair<std::string, int64_t>> counters() const override;

  // sched_ext takes tasks from this class: none, those that ask for it (SCHED_EXT), or all.
  enum class Cede : uint8_t { kNone, kExt, kAll };
  void cede(Cede to_ext) { cede_ = to_ext; }

  // For tests and reports.
  const fair::Entity& entity(TaskId task) const { return entities_[task.index()]; }
  const fair::CfsRq& root(CpuId cpu) const { return queues_[cpu.index()]; }
  const fair::Domains& domains() const { return *domains_; }

 private:
  using Entity = fair::Entity;
  using CfsRq = fair::CfsRq;

  Entity& entity_of(TaskId task) { return entities_[task.index()]; }
  CfsRq& root_of(CpuId cpu) { return queues_[cpu.index()]; }
  fair::CpuState& cpu_state(CpuId cpu) { return cpus_[cpu.index()]; }
  CfsRq& queue_of(GroupId group, CpuId cpu);
  int64_t now() const { return kernel_->now().count(); }
  bool is_fair(TaskId task) const { return !kernel_->is_stopper(task) && takes(kernel_->policy(task)); }

  // fair.cc
  void update_curr(CfsRq& rq);
  Entity* pick_entity(CpuId cpu);
  void put_prev_entity(CfsRq& rq, Entity& e);
  void set_next_entity(CfsRq& rq, Entity& e);
  void set_task_queue(Entity& e, CpuId cpu);
  void set_task_weight(TaskId task);

  // enqueue.cc
  void enqueue_entity(CfsRq& rq, Entity& e, uint32_t flags);
  bool dequeue_entity(CfsRq& rq, Entity& e, uint32_t flags);
  bool dequeue_entities(Entity& e, uint32_t flags);
  void requeue_delayed(Entity& e);
  void set_delayed(Entity& e);
  void clear_delayed(Entity& e);
  void slice_from_below(Entity& e, int64_t slice);
  void list_add(CpuId cpu, TaskId task);
  void list_remove(CpuId cpu, TaskId task);
  void util_est_enqueue(CfsRq& root, Entity& e);
  void util_est_dequeue(CfsRq& root, Entity& e);
  void util_est_update(Entity& e);

  // group.cc
  enum LoadFlag : uint32_t { kUpdateGroup = 1, kAttach = 2, kDetach = 4 };
  int64_t pelt_now(CpuId cpu);
  void update_load_avg(CfsRq& rq, Entity& e, uint32_t flags);
  bool update_queue_load(CfsRq& rq);
  void update_group_load(CfsRq& rq);
  void update_shares(Entity& e);
  void reweight_entity(Entity& e, int64_t weight);
  void init_new_task(Entity& e);
  void detach_sleeper(Entity& e);
  void update_blocked_averages(CpuId cpu);
  void add_leaf(CfsRq& rq);
  uint64_t task_load(TaskId task);
  const fair::LoadAvg& cpu_avg(CpuId cpu);
  uint64_t cpu_load(CpuId cpu) { return cpu_avg(cpu).load_avg; }
  uint64_t cpu_runnable(CpuId cpu) { return cpu_avg(cpu).runnable_avg; }
  uint64_t cpu_util(CpuId cpu);
  uint64_t cpu_load_without(CpuId cpu, TaskId task);
  uint64_t cpu_runnable_without(CpuId cpu, TaskId task);
  uint64_t cpu_util_without(CpuId cpu, TaskId task);

  // wakeup.cc
  void set_next_buddy(Entity* e);
  size_t waker() const;
  void record_wakee(TaskId wakee);
  bool wake_wide(TaskId wakee);

  // select_rq.cc
  bool sched_idle_cpu(CpuId cpu) const;
  bool idle_or_sched_idle(CpuId cpu) const { return kernel_->idle_cpu(cpu) || sched_idle_cpu(cpu); }
  bool fits(TaskId task, CpuId cpu);
  uint64_t task_util(TaskId task);
  CpuId wake_affine(const fair::Domain& domain, TaskId task, CpuId prev, bool sync);
  CpuId select_idle_sibling(TaskId task, CpuId prev, CpuId target);
  CpuId select_idle_capacity(TaskId task, CpuId target);
  CpuId select_idle_smt(TaskId task, CpuId target);
  CpuId select_idle_core(TaskId task, const fair::Domain& cache, CpuId target);
  CpuId select_idle_cpu(TaskId task, const fair::Domain& cache, CpuId target);
  void note_idle_core(CpuId cpu);
  fair::CacheState& cache_state(CpuId cpu) { return caches_[kernel_->machine().cpu(cpu).llc.index()]; }

  // find_idlest.cc
  CpuId find_idlest_cpu(size_t top_level, TaskId task, CpuId cpu, CpuId prev);
  fair::Group* find_idlest_group(fair::Domain& domain, TaskId task, CpuId cpu);
  CpuId find_idlest_group_cpu(const fair::Group& group, TaskId task, CpuId cpu);
  fair::GroupStats wakeup_stats(const fair::Domain& domain, const fair::Group& group, TaskId task);

  // imbalance.cc
  fair::Group* find_busiest_group(fair::LoadBalance& lb);
  CpuId find_busiest_queue(const fair::LoadBalance& lb, const fair::Group& group);
  fair::GroupStats balance_stats(const fair::LoadBalance& lb, const fair::Group& group, bool local, bool* overloaded);
  void update_idle_scan(const fair::LoadBalance& lb, int64_t sum_util);

  // balance.cc
  int load_balance(CpuId cpu, size_t level, fair::IdleType idle, bool* go_on);
  bool should_balance(const fair::LoadBalance& lb);
  bool can_migrate(fair::LoadBalance& lb, TaskId task);
  bool cache_hot(const fair::LoadBalance& lb, TaskId task);
  bool worth_moving(fair::LoadBalance& lb, TaskId task);
  int detach_tasks(fair::LoadBalance& lb);
  bool needs_active_balance(const fair::LoadBalance& lb);
  bool newidle_balance(CpuId cpu);
  void balance_domains(CpuId cpu, fair::IdleType idle);
  int64_t balance_interval(const fair::Domain& domain, bool busy) const;  // ns
  bool busy_for_balance(CpuId cpu, fair::IdleType idle) const;

  // nohz.cc
  void enter_idle(CpuId cpu);
  bool wants_kick(CpuId cpu);
  void kick_idle_balancer(CpuId cpu);

  fair::Params params_;
  Cede cede_ = Cede::kNone;
  std::unique_ptr<fair::PickRule> rule_;
  Kernel* kernel_ = nullptr;
  std::vector<Entity> entities_;   // tasks, then the groups' by group and CPU
  std::vector<CfsRq> queues_;      // root queues by CPU, then the groups' by group and CPU
  std::vector<fair::TaskExtra> extras_;  // tasks, then the stopper and the idle task of each CPU
  std::vector<fair::CpuState> cpus_;
  struct TaskGroup {
    int64_t shares = fair::kNice0Load;
    int64_t load_avg = 0;
  };
  std::vector<TaskGroup> groups_;
  std::optional<fair::Domains> domains_;
  std::vector<fair::CacheState> caches_;  // by LLC
  std::vector<uint32_t> core_seen_;       // by core: the search that saw it last
  uint32_t search_ = 0;
  bool smt_ = false;                      // some core has more than one thread
  bool overloaded_ = false;               // some CPU may have tasks waiting
  // Balancing for idle CPUs.
  CpuSet nohz_idle_;                      // may hold CPUs that are busy again
  int64_t nr_nohz_idle_ = 0, nohz_next_balance_ = 0;
  bool nohz_kicked_ = false;
  std::vector<CpuId> nohz_scratch_;
  struct {
    int64_t balances = 0, newidle_balances = 0, newidle_skips = 0, pulled = 0, active_balances = 0, kicks = 0;
  } count_;
};

}  // namespace simsched
