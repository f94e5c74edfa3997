// What the results say of packets: figures of each class, and of all.
#include <string>

#include "sim/engine.h"

namespace simsched {
namespace {

// A quantile is told when there are samples enough for the largest of them to lie beyond it, with a probability of 95
// %: ln(0.05) / ln(quantile).
struct QuantileRow {
  const char* name;
  int ppm;
  uint64_t samples;
};
constexpr QuantileRow kQuantiles[] = {{"p50", 500'000, 5},         {"p90", 900'000, 29},
                                      {"p99", 990'000, 299},       {"p99.9", 999'000, 2'995},
                                      {"p99.99", 999'900, 29'956}, {"p99.999", 999'990, 299'572}};

int64_t ppm(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<int64_t>(static_cast<Uint128>(part) * 1'000'000 / whole);
}

NamedValues figures(const PacketCounts& counts, uint64_t left) {
  auto value = [](uint64_t count) { return static_cast<int64_t>(count); };
  const uint64_t dropped = counts.dropped_ring + counts.dropped_queue;
  NamedValues list = {{"arrived", value(counts.arrived)},
                      {"served", value(counts.served)},
                      {"dropped_ring", value(counts.dropped_ring)},
                      {"dropped_queue", value(counts.dropped_queue)},
                      {"dropped_ppm", ppm(dropped, counts.arrived)},
                      {"left", value(left)},
                      {"arrived_bits", 8 * counts.arrived_bytes},
                      {"served_bits", 8 * counts.served_bytes},
                      {"dropped_bits", 8 * counts.dropped_bytes},
                      {"late_sla", value(counts.late_sla)},
                      {"late_sla_ppm", ppm(counts.late_sla, counts.served)},
                      {"late_budget", value(counts.late_budget)},
                      {"late_budget_ppm", ppm(counts.late_budget, counts.served)}};
  if (counts.served == 0) return list;
  list.emplace_back("latency_ns_mean", counts.latency.mean().count());
  for (const QuantileRow& row : kQuantiles)
    if (counts.served >= row.samples)
      list.emplace_back(std::string("latency_ns_") + row.name, counts.latency.quantile_ppm(row.ppm).count());
  list.emplace_back("latency_ns_max", counts.latency.max().count());
  return list;
}

// Of the CPUs with even or with odd numbers.
int64_t busy_ppm(const std::vector<int64_t>& busy, size_t first, Nanos time) {
  uint64_t sum = 0, cpus = 0;
  for (size_t cpu = first; cpu < busy.size(); cpu += 2, ++cpus) sum += static_cast<uint64_t>(busy[cpu]);
  return ppm(sum, cpus * static_cast<uint64_t>(time.count()));
}

}  // namespace

NamedGroups Engine::packet_results(const RunResult& result) const {
  const Packets& packets = workload_.packets;
  NamedGroups groups;
  if (!packets.any()) return groups;
  PacketCounts all;
  uint64_t all_left = 0;
  const std::vector<uint64_t> left = packets_.left(packets);
  for (size_t i = 0; i < packets.classes.size(); ++i) {
    const PacketCounts& counts = packets_.counts()[i];
    groups.emplace_back(packets.classes[i].name, figures(counts, left[i]));
    all += counts;
    all_left += left[i];
  }
  NamedValues list = figures(all, all_left);
  list.emplace_back("even_cpus_busy_ppm", busy_ppm(result.cpu_busy_ns, 0, now_));
  list.emplace_back("odd_cpus_busy_ppm", busy_ppm(result.cpu_busy_ns, 1, now_));
  if (all.served > 0)
    list.emplace_back("energy_nj_per_packet",
                      static_cast<int64_t>(energy_.total(now_).all() / 1'000'000 / static_cast<int64_t>(all.served)));
  list.emplace_back("interrupts", packet_events_.interrupts);
  list.emplace_back("rounds", packet_events_.rounds);
  list.emplace_back("ksoftirqd_wakeups", packet_events_.handed_over);
  groups.emplace_back("all", std::move(list));
  return groups;
}

}  // namespace simsched
