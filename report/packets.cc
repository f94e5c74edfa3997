#include "report/packets.h"

#include <fmt/format.h>

#include "report/format.h"
#include "report/summary.h"
#include "report/table.h"

namespace simsched {
namespace {

constexpr const char* kLatencies[] = {"mean", "p50", "p99", "p99.9", "p99.99", "p99.999"};

class PacketTable {
 public:
  PacketTable(const MachineRuns& machine, const Look& look) : machine_(machine), look_(look) {}

  std::string str() {
    table_.add_column("class", Align::kLeft);
    table_.add_column("policy", Align::kLeft);
    table_.add_column("served\na run");
    table_.add_column("dropped");
    for (const char* name : kLatencies) table_.add_column(std::string("latency\n") + name);
    table_.add_column("mean to\nthe first");
    table_.add_column("late\nfor SLA");
    table_.add_column("late for\nbudget");
    for (const auto& [name, values] : machine_.policies.front().runs.front()->packets) add_class(name);
    return table_.str(look_) + utilisation();
  }

 private:
  std::vector<double> values(const PolicyRuns& policy, const std::string& figure) const {
    return policy.values("packets_" + figure);
  }

  // "few": some run had too few samples.
  Cell figure(const PolicyRuns& policy, const std::string& name, const std::string& unit, const char* otherwise) const {
    const std::vector<double> of_runs = values(policy, name);
    if (of_runs.size() < policy.runs.size()) return Cell(otherwise, Style::kDim);
    return Cell(format_value(mean_estimate(of_runs).mean, unit));
  }

  std::string ratio(const PolicyRuns& policy, const std::string& name) const {
    const std::vector<double> own = values(policy, name), first = values(machine_.policies.front(), name);
    if (own.empty() || first.empty()) return "-";
    const double base = mean_estimate(first).mean;
    return base > 0 ? fmt::format("{:.2f}", mean_estimate(own).mean / base) : "-";
  }

  void add_class(const std::string& name) {
    bool first = true;
    for (const PolicyRuns& policy : machine_.policies) {
      std::vector<Cell> row = {Cell(first ? name : ""), Cell(policy.policy)};
      row.push_back(figure(policy, name + "_served", "count", "-"));
      row.push_back(figure(policy, name + "_dropped_ppm", "ppm", "-"));
      for (const char* latency : kLatencies)
        row.push_back(figure(policy, name + "_latency_ns_" + latency, "ns", "few"));
      row.push_back(Cell(ratio(policy, name + "_latency_ns_mean")));
      row.push_back(figure(policy, name + "_late_sla_ppm", "ppm", "-"));
      row.push_back(figure(policy, name + "_late_budget_ppm", "ppm", "-"));
      table_.add_row(std::move(row));
      first = false;
    }
  }

  std::string utilisation() const {
    Table table;
    table.add_column("policy", Align::kLeft);
    table.add_column("even CPUs\nbusy");
    table.add_column("odd CPUs\nbusy");
    table.add_column("energy\na packet, nJ");
    table.add_column("ksoftirqd\nwoken");
    for (const PolicyRuns& policy : machine_.policies)
      table.add_row({Cell(policy.policy), figure(policy, "all_even_cpus_busy_ppm", "ppm", "-"),
                     figure(policy, "all_odd_cpus_busy_ppm", "ppm", "-"),
                     figure(policy, "all_energy_nj_per_packet", "count", "-"),
                     figure(policy, "all_ksoftirqd_wakeups", "count", "-")});
    return "\n" + table.str(look_);
  }

  const MachineRuns& machine_;
  const Look look_;
  Table table_;
};

}  // namespace

std::string packet_tables(std::span<const RunResult> results, const Look& look) {
  std::string text;
  for (const MachineRuns& machine : group_runs(results)) {
    if (machine.policies.front().runs.front()->packets.empty()) continue;
    text += fmt::format("{}packets on {}; few: fewer samples than the quantile needs\n\n", text.empty() ? "" : "\n",
                        machine.machine);
    text += PacketTable(machine, look).str();
  }
  return text;
}

}  // namespace simsched
