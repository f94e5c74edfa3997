#include "scx_port/schedulers/rusty_ml/learner.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "scx_port/schedulers/rusty_ml/rusty_ml_rules.h"
#include "scx_port/schedulers/user_data.h"

namespace simsched::rusty_ml {
namespace {

// All its members are 64-bit numbers.
constexpr size_t kNumbers = sizeof(rusty_ml_toll) / sizeof(u64);

rusty_ml_toll paid_so_far(UserHost& host) {
  std::array<u64, kNumbers> sums{}, one;
  for (size_t cpu = 0; cpu < host.machine().nr_cpus(); ++cpu) {
    const std::span<std::byte> bytes = host.map_value("ml_tolls", 0, CpuId(cpu));
    if (bytes.size() < sizeof(one)) continue;
    std::memcpy(one.data(), bytes.data(), sizeof(one));
    for (size_t i = 0; i < kNumbers; ++i) sums[i] += one[i];
  }
  rusty_ml_toll toll;
  std::memcpy(&toll, sums.data(), sizeof(toll));
  return toll;
}

// The wait that 1 % exceed, in 1/256ths of a step of feature_log().
int64_t tail_of(const std::array<u64, TOLL_WAITS>& waits) {
  u64 all = 0;
  for (u64 count : waits) all += count;
  u64 above = all / 100;  // those that may lie beyond
  for (size_t step = TOLL_WAITS; step-- > 0;) {
    if (waits[step] > above) return static_cast<int64_t>((step + 1) * 256 - above * 256 / waits[step]);
    above -= waits[step];
  }
  return 0;
}

}  // namespace

std::array<Nanos, TOLL_RELATIONS> move_costs(const Machine& machine) {
  const Costs& costs = machine.costs();
  std::array<Nanos, TOLL_RELATIONS> cost{};
  cost[RELATION_CORE] = costs.refill_core;
  cost[RELATION_CLUSTER] = cost[RELATION_LLC] = costs.refill_private + costs.refill_llc;
  cost[RELATION_NODE] = costs.refill_private + costs.refill_node;
  cost[RELATION_REMOTE] = costs.refill_private + costs.refill_remote;
  return cost;
}

Toll toll_between(const rusty_ml_toll& before, const rusty_ml_toll& after,
                  const std::array<Nanos, TOLL_RELATIONS>& move_cost) {
  Toll toll{.ran = Nanos(static_cast<int64_t>(after.ran - before.ran)),
            .waited = Nanos(static_cast<int64_t>(after.waited - before.waited))};
  for (size_t i = 0; i < TOLL_RELATIONS; ++i)
    toll.moving += move_cost[i] * static_cast<int64_t>(after.moved[i] - before.moved[i]);
  std::array<u64, TOLL_WAITS> waits;
  for (size_t i = 0; i < TOLL_WAITS; ++i) waits[i] = after.waits[i] - before.waits[i];
  toll.tail = tail_of(waits);
  return toll;
}

void Learner::start(UserHost& host) {
  paid_ = paid_so_far(host);
  next_ = host.now() + epoch_;
}

void Learner::run(UserHost& host) {
  if (host.now() < next_) return;
  next_ = host.now() + epoch_;  // of the epochs that were missed one is made
  const rusty_ml_toll paid = paid_so_far(host);
  experts_.end_epoch(toll_between(paid_, paid, move_costs(host.machine())));
  paid_ = paid;
  auto* active = reinterpret_cast<u32*>(global_of(host, "rusty_ml", "model_active", sizeof(u32)).data());
  std::atomic_ref(*active).store(static_cast<u32>(experts_.current()), std::memory_order_release);
}

void Learner::add_counters(std::vector<std::pair<std::string, int64_t>>& counters) const {
  counters.emplace_back("epochs", experts_.epochs());
  counters.emplace_back("epochs_rusty", experts_.epochs_of(Experts::kHeuristic));
  for (size_t i = 1; i <= experts_.models(); ++i)
    counters.emplace_back("epochs_expert_" + std::to_string(i), experts_.epochs_of(i));
  counters.emplace_back("reverts", experts_.reverts());
}

}  // namespace simsched::rusty_ml
