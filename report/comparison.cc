#include "report/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/format.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/tail.h"

namespace simsched {
namespace {

// "wake_latency_ns_p99" is headed "wake latency", "p99": the cell shows the unit, and columns are narrow.
std::string heading(const std::string& metric, const std::string& unit) {
  std::string text = metric;
  if (!unit.empty()) {
    size_t at = text.find("_" + unit);
    if (at != std::string::npos) text.erase(at, unit.size() + 1);
  }
  size_t last = text.rfind('_');
  for (char& c : text) c = c == '_' ? ' ' : c;
  if (last != std::string::npos) text[last] = '\n';
  return text;
}

// A difference is coloured when it goes beyond its interval.
Style difference_style(const Estimate& difference, Better better) {
  double beyond = difference.half_width.value_or(0);
  if (better == Better::kNeither || (difference.mean <= beyond && difference.mean >= -beyond)) return Style::kDim;
  return (difference.mean > 0) == (better == Better::kHigher) ? Style::kGood : Style::kBad;
}

struct MetricColumn {
  std::vector<Cell> values, remarks;  // by policy
  std::string doubt;                  // a line, or nothing
};

// Why the figure of a policy is not to be shown.
std::string doubt_of(const PolicyRuns& policy, const Metric& metric) {
  std::optional<TooFew> worst;
  for (const RunResult* run : policy.runs)
    if (const auto few = too_few_samples(metric, *run); few && (!worst || few->samples < worst->samples)) worst = few;
  if (!worst) return {};
  return fmt::format(
      "? {} of {}: {} samples in a run,\n  and its 95 % confidence interval needs {} whatever the distribution\n",
      metric.name, policy.policy, worst->samples, worst->least);
}

// `may_win`: by policy, see contenders().
MetricColumn metric_column(const MachineRuns& machine, const std::vector<bool>& may_win, const std::string& metric,
                           const Metric* known) {
  const std::string unit = known != nullptr ? known->unit : "";
  const Better better = known != nullptr ? known->better : Better::kNeither;
  MetricColumn column;
  std::vector<bool> doubted;
  std::vector<std::vector<double>> values;
  for (const PolicyRuns& policy : machine.policies) {
    const std::string doubt = known != nullptr ? doubt_of(policy, *known) : "";
    if (column.doubt.empty()) column.doubt = doubt;
    doubted.push_back(!doubt.empty());
    values.push_back(doubt.empty() ? policy.values(metric) : std::vector<double>());
  }
  const std::optional<size_t> best = known != nullptr ? winner(machine, may_win, *known) : std::nullopt;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::vector<double>& own = values[i];
    if (own.empty()) {
      column.values.push_back(doubted[i] ? "?" : "-");
      column.remarks.push_back("");
      continue;
    }
    const bool wins = best == i;
    Style style = wins ? Style::kBold : Style::kPlain;
    column.values.push_back(Cell(format_value(mean_estimate(own).mean, unit), style));
    Cell remark(wins ? "*" : " ", style);
    auto difference = percent_difference(values.front(), own);
    if (i > 0 && difference) {
      remark = Cell(remark.text + " " + difference_text(*difference),
                    may_win[i] ? difference_style(*difference, better) : Style::kDim);
    }
    column.remarks.push_back(std::move(remark));
  }
  return column;
}

// `doubts`: lines on what is not shown.
std::string machine_table(const MachineRuns& machine, const std::vector<bool>& may_win,
                          const std::vector<std::string>& metrics, const Look& look, std::string* doubts) {
  Table table;
  std::vector<std::vector<Cell>> rows;
  table.add_column("policy", Align::kLeft);
  for (const PolicyRuns& policy : machine.policies) rows.push_back({Cell(policy.policy)});
  for (const std::string& metric : metrics) {
    const Metric* row = find_metric(metric);
    Metric known = row != nullptr ? *row : Metric();
    known.name = metric;  // of packets with its class
    table.add_column(heading(metric, known.unit));
    if (machine.policies.size() > 1) table.add_column("", Align::kLeft, true);
    MetricColumn column = metric_column(machine, may_win, metric, row != nullptr ? &known : nullptr);
    *doubts += column.doubt;
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].push_back(column.values[i]);
      if (machine.policies.size() > 1) rows[i].push_back(column.remarks[i]);
    }
  }
  for (auto& row : rows) table.add_row(std::move(row));
  return table.str(look);
}

// Why policies win nothing, a line each.
std::string remarks(const MachineRuns& machine, const std::vector<bool>& may_win) {
  std::string text;
  for (size_t i = 0; i < machine.policies.size(); ++i) {
    const PolicyRuns& policy = machine.policies[i];
    bool told = false;
    for (const RunResult* run : policy.runs) {
      if (run->status == "ok") continue;
      text += fmt::format("{}, seed {}: {}\n", policy.policy, run->seed, run->status);
      told = true;
    }
    if (may_win[i]) continue;
    auto most = [&](const char* metric) {
      int64_t value = 0;
      for (const RunResult* run : policy.runs) value = std::max(value, run->find(metric).value_or(0));
      return value;
    };
    const int64_t illegal = most("tasks_illegal"), let_go = most("waits_let_go");
    if (illegal > 0)
      text +=
          fmt::format("{}: {} of the tasks came to a core that lacks instructions they need, and were ended (SIGILL)\n",
                      policy.policy, illegal);
    if (let_go > 0)
      text += fmt::format("{}: nothing would have met {} of the waits any more, which were let go: do not trust it\n",
                          policy.policy, let_go);
    if (!told && illegal == 0 && let_go == 0)
      text += fmt::format("{}: did not finish {} of the tasks, which others did\n", policy.policy,
                          most("tasks_unfinished"));
  }
  return text;
}

}  // namespace

std::vector<std::string> default_metrics() {
  return {"makespan_ns", "context_switches", "migrations", "wake_latency_ns_p50", "wake_latency_ns_p99"};
}

std::string comparison_tables(std::span<const RunResult> results, const std::vector<std::string>& metrics,
                              const Look& look) {
  std::string text;
  bool all_may_win = true;
  for (const MachineRuns& machine : group_runs(results)) {
    const PolicyRuns& first = machine.policies.front();
    if (!text.empty()) text += '\n';
    text += fmt::format("{} on {}, {} seed{}\n\n", first.runs.front()->workload, machine.machine, first.runs.size(),
                        first.runs.size() == 1 ? "" : "s");
    const std::vector<bool> may_win = contenders(machine);
    all_may_win = all_may_win && std::find(may_win.begin(), may_win.end(), false) == may_win.end();
    std::string doubts;
    text += machine_table(machine, may_win, metrics, look, &doubts);
    text += remarks(machine, may_win) + doubts;
  }
  if (!results.empty()) {
    text += "\n* best of its metric by more than chance";
    if (!all_may_win) text += ", among those that did all the work and starved nobody";
    text += "; differences are to the first policy\n";
    if (results.size() > 1) text += "± half width of the 95 % confidence interval over seeds\n";
  }
  return text;
}

}  // namespace simsched
