#include "scx_port/schedulers/rusty/rusty_user.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "base/error.h"
#include "scx_port/schedulers/rusty/rusty_math.h"
#include "scx_port/schedulers/rusty/tuner.h"
#include "scx_port/schedulers/user_data.h"

namespace simsched::rusty {
namespace {

std::span<std::byte> global(UserHost& host, const std::string& name, size_t size) {
  return global_of(host, "scx_rusty", name, size);
}

template <class T>
void set(UserHost& host, const std::string& name, const T& value) {
  set_global(host, "scx_rusty", name, value);
}

// A map's value, copied.
template <class T, class Key>
bool lookup(UserHost& host, const char* map, Key key, T* value) {
  return host.map_lookup(map, std::as_bytes(std::span(&key, 1)), std::as_writable_bytes(std::span(value, 1)));
}

constexpr const char* kStatNames[RUSTY_NR_STATS] = {
    "wake_sync",     "sync_prev_idle",    "prev_idle", "greedy_idle",  "pinned",       "direct",
    "direct_greedy", "direct_greedy_far", "dsq",       "greedy_local", "greedy_xnuma", "repatriate",
    "kick_greedy",   "load_balance",      "dl_clamp",  "dl_preset",    "task_error"};

}  // namespace

void RustyUser::before_start(UserHost& host) {
  const Machine& machine = host.machine();
  domains_ = masks_.empty() ? domains_of(machine) : domains_of(machine, masks_);

  std::array<u32, RUSTY_MAX_CPUS> cpu_dom;
  cpu_dom.fill(RUSTY_NO_DOM);
  std::ranges::copy(domains_.cpu_dom, cpu_dom.begin());
  std::array<u32, RUSTY_MAX_DOMS> dom_node{};
  for (size_t d = 0; d < domains_.size(); ++d) dom_node[d] = domains_.domains[d].node;
  set(host, "nr_cpu_ids", static_cast<u32>(machine.nr_cpus()));
  set(host, "nr_doms", static_cast<u32>(domains_.size()));
  set(host, "nr_nodes", domains_.node_limit());
  set(host, "cpu_dom", cpu_dom);
  set(host, "dom_node", dom_node);

  set(host, "greedy_threshold", static_cast<u32>(options_.greedy_threshold));
  set(host, "greedy_threshold_x_numa", static_cast<u32>(options_.greedy_threshold_x_numa));
  set(host, "load_half_life", half_life());
  set(host, "perf", static_cast<u32>(options_.perf));
  set(host, "balancer", static_cast<u32>(options_.balancer_kind()));
  set(host, "direct_greedy_numa", options_.direct_greedy_numa);
  set(host, "kthreads_local", options_.kthreads_local);
  set(host, "fifo_sched", options_.fifo_sched);
  set(host, "mempolicy_affinity", options_.mempolicy_affinity);
}

void RustyUser::after_start(UserHost& host) {
  state_.started = true;
  state_.last_use = host.cpu_use();
  state_.next_tune = host.now() + options_.tune_interval;
  state_.next_balance = host.now() + options_.interval;
}

Nanos RustyUser::next(Nanos) const {
  if (!state_.started) return Nanos::max();
  return options_.balancer_kind() == RUSTY_LB_OFF ? state_.next_tune : std::min(state_.next_tune, state_.next_balance);
}

// What was missed while this had no CPU is not made up for.
void RustyUser::run(UserHost& host) {
  Nanos now = host.now();
  if (now >= state_.next_tune) {
    run_tuner(host);
    state_.next_tune = std::max(state_.next_tune + options_.tune_interval, now + Nanos(1));
  }
  if (now >= state_.next_balance) {
    if (options_.balancer_kind() != RUSTY_LB_OFF) run_balancer(host);
    state_.next_balance = std::max(state_.next_balance + options_.interval, now + Nanos(1));
  }
}

void RustyUser::run_tuner(UserHost& host) {
  std::vector<UserHost::CpuUse> use = host.cpu_use();
  Tuning tuning = tune(state_.last_use, use, domains_, options_);
  state_.last_use = std::move(use);
  state_.fully_utilized = tuning.fully_utilized;

  auto* shared = reinterpret_cast<rusty_tune*>(global(host, "tune", sizeof(rusty_tune)).data());
  tuning.values.gen = shared->gen;
  if (std::memcmp(&tuning.values, shared, sizeof(rusty_tune)) == 0) return;
  // The number last: whoever sees it sees the rest.
  *shared = tuning.values;
  std::atomic_ref(shared->gen).store(tuning.values.gen + 1, std::memory_order_release);
  ++state_.retuned;
}

std::vector<Buckets> RustyUser::read_buckets(UserHost& host, Nanos now, std::vector<int64_t>* runnable) const {
  std::vector<Buckets> all(domains_.size());
  runnable->assign(all.size(), 0);
  for (size_t d = 0; d < all.size(); ++d)
    for (size_t b = 0; b < RUSTY_BUCKETS; ++b) {
      rusty_bucket bucket{};
      if (!lookup(host, "buckets", static_cast<u32>(d * RUSTY_BUCKETS + b), &bucket)) continue;
      all[d][b] = static_cast<Duty>(ravg_read(&bucket.load, static_cast<u64>(now.count()), half_life()));
      (*runnable)[d] += static_cast<int64_t>(bucket.load.val);
    }
  return all;
}

// Those that ran in the domain since it was last asked for them: the last 1,024 of them.
std::vector<Candidate> RustyUser::candidates(UserHost& host, uint32_t domain, const Loads& loads, Nanos now) const {
  auto* lists = reinterpret_cast<rusty_active*>(global(host, "active", sizeof(rusty_active) * RUSTY_MAX_DOMS).data());
  rusty_active& list = lists[domain];
  u64 end = std::atomic_ref(list.write_idx).load(std::memory_order_acquire);
  u64 begin = std::max(list.read_idx, end > RUSTY_MAX_ACTIVE ? end - RUSTY_MAX_ACTIVE : 0);
  std::vector<s32> pids;
  for (u64 at = begin; at < end; ++at) pids.push_back(list.pids[at % RUSTY_MAX_ACTIVE]);
  list.read_idx = end;
  std::atomic_ref(list.gen).fetch_add(1, std::memory_order_release);
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());

  std::vector<Candidate> tasks;
  for (s32 pid : pids) {
    rusty_task_load task{};
    if (!lookup(host, "task_loads", pid, &task) || task.dom_id != domain) continue;
    rusty_request waiting{};
    auto duty = static_cast<Duty>(ravg_read(&task.duty, static_cast<u64>(now.count()), half_life()));
    tasks.push_back({.pid = pid,
                     .id = task.id,
                     .load = loads.of_task(task.weight, duty),
                     .dom_mask = task.dom_mask,
                     .preferred_dom_mask = task.preferred_dom_mask,
                     .is_kworker = task.is_kworker != 0,
                     .requested = lookup(host, "lb_requests", pid, &waiting) && waiting.id == task.id});
  }
  return tasks;
}

void RustyUser::run_balancer(UserHost& host) {
  Nanos now = host.now();
  ++state_.rounds;
  if (domains_.size() < 2) return;
  std::vector<int64_t> runnable;
  Loads loads = domain_loads(read_buckets(host, now, &runnable), domains_.nr_cpus, state_.fully_utilized);
  std::vector<uint32_t> nodes;
  for (const Domains::Domain& domain : domains_.domains) nodes.push_back(domain.node);
  const std::unique_ptr<Judge> agrees = judge(host, runnable);
  BalanceParams params{.skip_kworkers = options_.balanced_kworkers,
                       .phantom = options_.balancer_kind() == RUSTY_LB_PHANTOM,
                       .judge = agrees.get()};
  std::vector<Move> moves = plan_moves(
      loads.by_domain, nodes, [&](uint32_t domain) { return candidates(host, domain, loads, now); }, params);
  for (const Move& move : moves) {
    ++state_.planned;
    if (!move.real) continue;
    u32 pid = static_cast<u32>(move.pid);
    rusty_request request{.id = move.id, .target_dom = move.to, .pad = 0};
    if (host.map_update("lb_requests", std::as_bytes(std::span(&pid, 1)), std::as_bytes(std::span(&request, 1))))
      ++state_.requested;
  }
}

std::vector<std::pair<std::string, int64_t>> RustyUser::counters(UserHost& host) {
  std::vector<std::pair<std::string, int64_t>> all;
  int64_t total = 0;
  for (u32 stat = 0; stat < RUSTY_NR_STATS; ++stat) {
    int64_t sum = 0;
    for (size_t cpu = 0; cpu < host.machine().nr_cpus(); ++cpu) {
      u64 value = 0;
      if (auto bytes = host.map_value("stats", stat, CpuId(cpu)); bytes.size() >= sizeof(value))
        std::memcpy(&value, bytes.data(), sizeof(value));
      sum += static_cast<int64_t>(value);
    }
    if (stat <= RUSTY_STAT_GREEDY_XNUMA) total += sum;
    all.emplace_back(kStatNames[stat], sum);
  }
  all.emplace_back("total", total);
  all.emplace_back("lb_rounds", state_.rounds);
  all.emplace_back("lb_planned", state_.planned);
  all.emplace_back("lb_requested", state_.requested);
  all.emplace_back("retuned", state_.retuned);
  return all;
}

}  // namespace simsched::rusty
