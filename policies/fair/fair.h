// The fair class: kernel/sched/fair.c of Linux 6.12 to 6.18, with EEVDF or, as policy `cfs`, with the
// order of 6.5. SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE.
//
//   fair.cc          the verbs of SchedClass that run tasks: pick, put, set, tick
//   enqueue.cc       enqueue and dequeue through the hierarchy, delayed dequeue
//   group.cc         load averages up the hierarchy, shares of task groups
//   regroup.cc       what changes of groups and of the tasks in them
//   bandwidth.cc     quotas of groups: throttled when they are used up, until there is more
//   wakeup.cc        wake-up preemption, buddies, who wakes whom
//   select_rq.cc     where a waking task goes: wake_affine, the search for an idle sibling
//   find_idlest.cc   where a new or exec'ing task goes: down the domains to the idlest group and CPU
//   balance.cc       pulling load: periodic, newly idle, active
//   energy.cc        energy-aware placement of waking tasks; energy.h: the model of what they cost
//   uclamp.cc        utilisation clamps: how they change what fits, and the frequency
//   uneven.cc        CPUs of unlike capacity or priority: misfits, packing, what real-time tasks leave
//   ipc_class.cc     policy itd: who gains most by a bigger core
//   hmp.cc           policy hmp: up to big CPUs and down again by thresholds of load
//   imbalance.cc     which group is the busiest, and how much to pull from it
//   nohz.cc          balancing on behalf of idle CPUs
//   numa.cc          pages follow tasks, tasks follow pages;  numa_group.cc: of tasks that share a memory
//   state.h          all that changes, in flat arrays that are copied as a whole
//   entity.h         what is in them: entities and run queues, pointing to each other (near.h)
//   rule.h           the discipline: eevdf.h, cfs.h; run_queue.h, tree.h: what both stand on
//   pelt.h           load averages;  domain.h: the levels to balance at;  params.h: what can be set
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policies/fair/domain.h"
#include "policies/fair/energy.h"
#include "policies/fair/params.h"
#include "policies/fair/pelt.h"
#include "policies/fair/rule.h"
#include "policies/fair/state.h"
#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

namespace fair {

// Utilisation clamps, of 1024.
struct Clamp {
  int64_t min = 0, max = kCapacityScale;
};
// Whether something that uses so much fits a CPU; kButForBoost: it does, but the CPU is smaller than sched_util_min.
enum class Fit : int8_t { kButForBoost = -1, kNot = 0, kFits = 1 };

enum class IdleType : uint8_t { kNotIdle, kIdle, kNewlyIdle };
struct LoadBalance;  // balance.h
struct GroupStats;
struct DomainStats;

}  // namespace fair

class FairClass final : public SchedClass, private fair::State {
 public:
  explicit FairClass(const fair::Params& params) : params_(params) {}

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
  bool needs_tick(CpuId cpu, TaskId curr) override;
  void ipi(CpuId cpu) override;
  void stopper(CpuId cpu, TaskId task, CpuId dest) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void task_fork(TaskId child, TaskId parent) override;
  uint32_t watches() const override {
    return (real_time_ ? uint32_t{kWatchSwitches} : 0) | (sleeps_ ? uint32_t{kWatchIdle} : 0);
  }
  void cpu_idle(CpuId cpu, bool idle, bool transition) override;
  void any_switch(CpuId cpu, TaskId prev, TaskId next) override;
  void frequency_changes(CpuId cpu) override;
  void timer(uint32_t number) override;
  CpuDemand demand(CpuId cpu) override;
  void task_exits(CpuId cpu, TaskId task) override;
  void task_dead(TaskId task) override;
  void switched_to(TaskId task) override;
  void group_changed(TaskId task, GroupId from) override;
  void group_reconfigured(GroupId group, const GroupSpec& before) override;
  std::vector<std::pair<std::string, int64_t>> group_stat(GroupId group) const override;
  void reweight_task(TaskId task) override;
  void assign(const SchedClass& other) override;
  std::vector<std::pair<std::string, int64_t>> counters() const override;

  using Cede = fair::Cede;
  void cede(Cede to_ext) { cede_ = to_ext; }

  // For tests and reports.
  const fair::Entity& entity(TaskId task) const { return block_.entity(task.index()); }
  const fair::CfsRq& root(CpuId cpu) const { return block_.queue(cpu.index()); }
  const fair::Domains& domains() const { return *domains_; }

 private:
  using Entity = fair::Entity;
  using CfsRq = fair::CfsRq;
  using Bandwidth = fair::Bandwidth;

  Entity& entity_of(TaskId task) { return block_.entity(task.index()); }
  CfsRq& root_of(CpuId cpu) { return block_.queue(cpu.index()); }
  CfsRq& queue_of(GroupId group, CpuId cpu) { return block_.queue(group.index() * cpus_.size() + cpu.index()); }
  fair::CpuState& cpu_state(CpuId cpu) { return cpus_[cpu.index()]; }
  int64_t capacity(CpuId cpu) const { return kernel_->capacity(cpu); }
  // What real-time tasks, interrupts and heat leave of it (capacity_of()).
  int64_t capacity_of(CpuId cpu) { return capacity_varies_ ? rest_of_capacity(cpu) : capacity(cpu); }
  int64_t rest_of_capacity(CpuId cpu);
  fair::DomainState& state_of(const fair::Domain& domain) { return domain_states_[domain.number]; }
  int64_t now() const { return kernel_->now().count(); }
  // rq_clock_task(): interrupts are not the time of tasks.
  int64_t clock_task(CpuId cpu) const { return interrupts_ ? kernel_->clock_task(cpu).count() : now(); }
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
  void slice_from_below(Entity& e, uint32_t slice);
  void list_add(CpuId cpu, TaskId task);
  void list_remove(CpuId cpu, TaskId task);
  void util_est_enqueue(CfsRq& root, Entity& e);
  void util_est_dequeue(CfsRq& root, Entity& e);
  void util_est_update(Entity& e);

  // group.cc
  // How many groups there are from that of a queue up to the root.
  uint32_t depth(const CfsRq& rq) const { return depths_[rq.group.index()]; }
  enum LoadFlag : uint32_t { kUpdateGroup = 1, kAttach = 2, kDetach = 4 };
  // The clock of load tracking.
  static constexpr int64_t kClockOrigin = int64_t{1} << 30;  // so that no time of it is 0
  int64_t pelt_now(CpuId cpu) { return clocks_[cpu.index()].slow ? slow_pelt_now(cpu) : clock_task(cpu) + kClockOrigin; }
  int64_t slow_pelt_now(CpuId cpu);
  // Of a queue: stands still while it is throttled.
  int64_t pelt_now(const CfsRq& rq) {
    const int64_t time = pelt_now(rq.cpu);
    return queue_bandwidth_.empty() ? time : time_of_queue(rq, time);
  }
  int64_t time_of_queue(const CfsRq& rq, int64_t time) const;
  void update_load_avg(CfsRq& rq, Entity& e, uint32_t flags);
  bool update_queue_load(CfsRq& rq) { return fair::pelt::update_queue(rq, pelt_now(rq)); }
  void update_group_load(CfsRq& rq) {
    if (!rq.is_root()) update_load_of_group(rq);
  }
  void update_load_of_group(CfsRq& rq);
  void update_shares(Entity& e) {
    if (!e.is_task()) update_group_shares(e);
  }
  void update_group_shares(Entity& e);
  void reweight_entity(Entity& e, int64_t weight);
  void init_new_task(Entity& e);
  void detach_sleeper(Entity& e);
  void update_blocked_averages(CpuId cpu);
  void attach_sleeper(Entity& e);
  void add_leaf(CfsRq& rq);
  uint32_t* leaves_of(CpuId cpu) { return leaves_.data() + cpu.index() * (groups_.size() - 1); }
  uint64_t task_load(TaskId task);
  // What another CPU sees: averages of one that has been idle for long are brought up to date first. `since`: what has
  // been updated then or later is not looked at further, fresh_since().
  const CfsRq& fresh_root(CpuId cpu, int64_t since) {
    const CfsRq& root = root_of(cpu);
    if (interrupts_ && since != INT64_MAX) since -= kernel_->irq_time(cpu).count();
    if (root.avg.last_update_time < since && root.avg.load_sum != 0) refresh(cpu);
    return root;
  }
  static constexpr int64_t kStaleAfter = 32000000;  // ns
  int64_t fresh_since() const { return asymmetric_ ? INT64_MAX : now() + kClockOrigin - kStaleAfter; }
  void refresh(CpuId cpu);
  uint64_t cpu_load(CpuId cpu) { return fresh_root(cpu, fresh_since()).avg.load_avg; }
  uint64_t util_of(uint32_t util_avg, uint32_t util_est, CpuId cpu) const {
    uint64_t util = params_.util_est ? std::max(util_avg, util_est) : util_avg;
    return std::min(util, static_cast<uint64_t>(capacity(cpu)));
  }
  uint64_t cpu_util(const CfsRq& root, CpuId cpu) const { return util_of(root.avg.util_avg, root.util_est, cpu); }

  // regroup.cc
  bool is_idle(const CfsRq& rq) const { return groups_[rq.group.index()].idle; }
  void set_shares(GroupId group);
  void set_idle(GroupId group, bool idle);

  // bandwidth.cc
  void attach_bandwidth();
  Bandwidth& bandwidth_of(const CfsRq& rq) { return bandwidth_[rq.group.index()]; }
  fair::QueueBandwidth& limit_of(const CfsRq& rq) {
    return queue_bandwidth_[rq.group.index() * cpus_.size() + rq.cpu.index()];
  }
  bool throttled(const CfsRq& rq) { return rq.limited && limit_of(rq).throttled; }
  void set_bandwidth(GroupId group);
  void refill(fair::Bandwidth& pool);
  void start_period(GroupId group);
  bool assign_runtime(CfsRq& rq, int64_t target);
  void account_runtime(CfsRq& rq, int64_t delta);
  void check_enqueue(CfsRq& rq);
  bool out_of_runtime(CfsRq& rq);
  void throttle(CfsRq& rq);
  void unthrottle(CfsRq& rq);
  void stop_below(CfsRq& rq, bool stop);
  void mark_throttled(CpuId cpu);
  void joins_throttled(TaskId task) {
    if (!kernel_->task_throttled(task)) kernel_->throttle(task);
  }
  void return_runtime(CfsRq& rq);
  bool refresh_within(const fair::Bandwidth& pool, int64_t ns) const;
  void distribute(GroupId group);
  void period_over(GroupId group);
  void slack_over(GroupId group);

  // wakeup.cc
  void set_next_buddy(Entity* e);
  size_t waker() const;
  void record_wakee(TaskId wakee);
  bool wake_wide(TaskId wakee);

  // select_rq.cc
  // Runs SCHED_IDLE tasks only: as good as idle for others.
  bool sched_idle_cpu(CpuId cpu) const {
    if (idle_policy_queued_ == 0 && !idle_groups_) return false;
    uint32_t running = kernel_->nr_running(cpu);
    return running != 0 && running == root(cpu).h_nr_idle;
  }
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
  const fair::Group* find_idlest_group(const fair::Domain& domain, TaskId task, CpuId cpu);
  CpuId find_idlest_group_cpu(const fair::Group& group, TaskId task, CpuId cpu);
  fair::GroupStats wakeup_stats(const fair::Domain& domain, const fair::Group& group, TaskId task);

  // energy.cc
  bool energy_aware() const { return !perf_domains_.empty() && !overutilized_; }
  bool cpu_overutilized(CpuId cpu);
  void note_overutilized(CpuId cpu) {
    if (energy_aware() && cpu_overutilized(cpu)) overutilized_ = true;
  }
  void find_overutilized(const fair::LoadBalance& lb);
  int64_t rt_util_of(CpuId cpu) { return real_time_ ? rt_util(cpu) : 0; }
  int64_t util_with(CpuId cpu, TaskId task, CpuId dst, bool boost) const;
  int64_t energy_with(const fair::PerfDomain& domain, TaskId task, CpuId dst, int64_t busy);
  CpuId find_energy_efficient_cpu(TaskId task, CpuId prev);

  // uclamp.cc
  fair::Clamp clamp_of(TaskId task) const;
  fair::Clamp clamp_of(CpuId cpu) const;
  fair::Clamp clamp_with(CpuId cpu, TaskId task) const;  // as if the task were there, too
  fair::Fit util_fits_cpu(int64_t util, fair::Clamp clamp, CpuId cpu);

  // uneven.cc
  int64_t rt_util(CpuId cpu);
  int64_t irq_util(CpuId cpu);
  bool reduced_capacity(CpuId cpu, const fair::Domain& domain);
  uint64_t misfit_load(CpuId cpu);
  bool may_become_misfit(CpuId cpu) const;
  bool core_idle(CpuId cpu) const;
  bool uses_priority(const fair::Domain& domain, CpuId cpu) const;
  bool better_on(const fair::Domain& domain, CpuId dst, CpuId src) const;
  bool group_packs(const fair::LoadBalance& lb, const fair::Group& group, const fair::GroupStats& stats) const;

  // ipc_class.cc
  void attach_ipc_classes();
  void ipc_tick(CpuId cpu, TaskId task);
  bool ipc_unsure(CpuId cpu) const;
  int64_t ipc_score(TaskId task, CpuId cpu) const;
  int64_t ipc_gain(CpuId src, CpuId dst) const;

  // hmp.cc
  void attach_hmp();
  size_t hmp_domain(CpuId cpu) const;
  uint64_t hmp_load(TaskId task);
  bool hmp_goes_up(TaskId task);
  bool hmp_goes_down(TaskId task);
  CpuId hmp_idle(size_t domain, TaskId task) const;
  CpuId hmp_least_loaded(size_t domain, TaskId task);
  CpuId hmp_select(TaskId task, CpuId prev, uint32_t wake_flags);
  CpuId hmp_moves(TaskId task, CpuId to, bool up);
  template <class Holds>
  TaskId hmp_find(CpuId cpu, bool heaviest, Holds holds);
  void hmp_push(CpuId from, TaskId task, CpuId to, bool up);
  bool hmp_watches(CpuId cpu) const;
  void hmp_tick(CpuId cpu);
  bool hmp_pull(CpuId cpu);

  // numa.cc
  struct NumaCounts {
    int64_t all = 0, wanting = 0, home = 0;
  };
  NodeId node_of(CpuId cpu) const { return kernel_->machine().cpu(cpu).node; }
  void attach_numa();
  fair::NumaTask* numa_task(TaskId task);
  int64_t* numa_of(std::vector<int64_t>& by_node, TaskId task) const {
    return &by_node[task.index() * kernel_->machine().nr_nodes()];
  }
  int64_t numa_due(const fair::NumaTask& task) const;
  int64_t numa_tick_due(CpuId cpu);
  void numa_tick(CpuId cpu, TaskId task);
  void numa_scan(CpuId cpu, TaskId task, fair::NumaTask& known, int64_t count);
  void place(TaskId task, fair::NumaTask& known, int64_t shortest, int64_t longest);
  int64_t numa_weight(TaskId task, NodeId node) const;
  bool send_home(CpuId cpu, TaskId task, fair::NumaTask& known);
  void numa_stopper(CpuId cpu, TaskId task, CpuId dest);
  NodeId preferred_node(TaskId task);

  // numa_group.cc
  void attach_numa_groups();
  fair::NumaGroup* numa_group(TaskId task);
  bool numa_active(const fair::NumaGroup& group, NodeId node) const;
  int64_t numa_followers(const fair::NumaGroup& group, NodeId from, NodeId to, int64_t pages) const;
  void numa_group_scan(TaskId task, fair::NumaGroup& group, int64_t at_once);
  void numa_group_fault(TaskId task, fair::NumaGroup& group, NodeId node, int64_t pages);
  void numa_group_place(fair::NumaGroup& group);
  int64_t numa_group_period(fair::NumaTask& known) const;

  // numa.cc: what the balancer asks
  NumaCounts numa_counts(CpuId cpu);
  fair::NumaClass numa_class(const fair::LoadBalance& lb, std::span<const CpuId> cpus);
  bool hot(const fair::LoadBalance& lb, TaskId task);

  // imbalance.cc
  const fair::Group* find_busiest_group(fair::LoadBalance& lb);
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
  int64_t balance_interval(const fair::DomainState& domain, bool busy) const;  // ns
  bool busy_for_balance(CpuId cpu, fair::IdleType idle) const;

  // nohz.cc
  void enter_idle(CpuId cpu);
  bool wants_kick(CpuId cpu);
  void kick_idle_balancer(CpuId cpu);

  const fair::Params params_;
  const fair::Rule rule_{params_};
  Kernel* kernel_ = nullptr;
  std::optional<const fair::Domains> domains_;
  bool smt_ = false;              // some core has more than one thread
  bool asymmetric_ = false;       // CPUs differ in capacity
  bool sleeps_ = false;           // idle states take time to leave
  bool uclamp_ = false;           // some task has clamps
  bool real_time_ = false;        // there are tasks of the real-time class
  bool interrupts_ = false;       // there are interrupts that take time
  bool capacity_varies_ = false;  // these, or heat, take away from capacities
  bool numa_on_ = false;
  bool nested_ = false;       // there are groups in groups
  bool idle_groups_ = false;  // some group has cpu.idle, or may come to have it
  std::vector<std::vector<TaskId>> numa_members_;  // by NumaState::groups
  std::vector<fair::PerfDomain> perf_domains_;     // empty: energy counts nothing
  std::vector<int64_t> ipc_scores_;                // by CPU and class; empty: without Thread Director
  std::vector<CpuId> nohz_scratch_;
  std::vector<uint32_t> depths_;  // by group: of groups above it
};

}  // namespace simsched
