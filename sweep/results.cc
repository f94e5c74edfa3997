#include "sweep/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"
#include "report/format.h"
#include "report/summary.h"
#include "report/tail.h"

namespace simsched {
namespace {

constexpr size_t kMostFailures = 5;

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string> metrics_of(const Config& config) {
  return config.metrics.empty() ? std::vector<std::string>{"makespan_ns", "wake_latency_ns_p99"} : config.metrics;
}

bool all_numbers(const Variable& variable) {
  return std::ranges::all_of(variable.texts, [](const std::string& text) { return whole_number(text).has_value(); });
}

// The lowest mean, or the highest; of those in `may_win`.
std::optional<size_t> leader(const MachineRuns& machine, const std::vector<bool>& may_win, const std::string& metric,
                             Better better) {
  std::optional<size_t> best;
  double most = 0;
  for (size_t i = 0; i < machine.policies.size(); ++i) {
    const std::vector<double> values = machine.policies[i].values(metric);
    if (!may_win[i] || values.empty()) continue;
    const double mean = mean_estimate(values).mean * (better == Better::kHigher ? -1 : 1);
    if (best && mean >= most) continue;
    best = i;
    most = mean;
  }
  return best;
}

}  // namespace

void for_each_point(const Sweep& sweep, const Journal& journal,
                    const std::function<void(size_t, const std::vector<RunResult>&)>& visit) {
  const std::vector<SweepItem>& items = sweep.items();
  for (size_t i = 0; i < items.size();) {
    const size_t point = items[i].point;
    std::vector<RunResult> results;
    for (; i < items.size() && items[i].point == point; ++i)
      results.push_back(result_of_record(journal.record(items[i].key), journal.file_of(items[i].key)));
    visit(point, results);
  }
}

SweepFrame::SweepFrame(const SweepFile& file) : file_(file) {
  for (const Variable& variable : file.variables()) numbers_.push_back(all_numbers(variable));
}

void SweepFrame::add(size_t point, const std::vector<RunResult>& results) {
  std::vector<NamedCell> own;
  const std::vector<std::string> values = file_.values(point);
  for (size_t v = 0; v < values.size(); ++v) {
    own.push_back({file_.variables()[v].name, values[v]});
    if (numbers_[v]) own.back().value = *whole_number(values[v]);
  }
  for (const RunResult& result : results) {
    std::vector<NamedCell> row = own;
    for (NamedCell& cell : cells_of(result)) {
      for (const Variable& variable : file_.variables())
        if (variable.name == cell.column)
          throw Error(variable.where, "results have a column '" + variable.name + "' of their own",
                      "call the variable otherwise; what is done stays done");
      row.push_back(std::move(cell));
    }
    frame_.add(row);
  }
}

BestTables::BestTables(const SweepFile& file, std::vector<std::string> metrics)
    : file_(file), metrics_(std::move(metrics)) {}

void BestTables::add(size_t point, const std::vector<RunResult>& results) {
  for (const RunResult& result : results) {
    if (result.exit_code == 0) continue;
    if (exit_code_ == 0) exit_code_ = result.exit_code;
    std::string text;
    const std::vector<std::string> values = file_.values(point);
    for (size_t v = 0; v < values.size(); ++v) text += file_.variables()[v].name + " " + values[v] + ", ";
    if (++nr_failures_ <= kMostFailures)
      failures_.push_back(
          fmt::format("{}{} on {}, seed {}: {}", text, result.policy, result.machine, result.seed, result.status));
  }
  for (const MachineRuns& machine : group_runs(results)) {
    Line line{point, machine.machine, {}};
    const std::vector<bool> may_win = contenders(machine);
    const std::string& first = machine.policies.front().policy;
    if (lines_.empty()) base_ = first;
    if (base_ != first) base_ = "the first";
    for (const std::string& name : metrics_) {
      std::vector<Cell>& cells = line.cells.emplace_back();
      const Metric* row = find_metric(name);
      Metric metric = row != nullptr ? *row : Metric{};
      metric.name = name;
      const std::optional<size_t> best = leader(machine, may_win, name, metric.better);
      const bool too_few = std::ranges::any_of(machine.policies, [&](const PolicyRuns& policy) {
        return std::ranges::any_of(policy.runs, [&](auto* run) { return too_few_samples(metric, *run).has_value(); });
      });
      if (!best || too_few) {
        cells = {too_few ? "?" : "-", too_few ? "?" : "-", ""};
        doubted_ = doubted_ || too_few;
        continue;
      }
      const bool sure = winner(machine, may_win, metric) == best;
      const bool alone = machine.policies.size() == 1;
      tied_ = tied_ || (!sure && !alone);
      compared_ = compared_ || !alone;
      const std::vector<double> values = machine.policies[*best].values(name);
      cells = {Cell(machine.policies[*best].policy + (sure || alone ? "" : " ~"), sure ? Style::kBold : Style::kPlain),
               Cell(format_value(mean_estimate(values).mean, metric.unit)), Cell("")};
      const auto difference = percent_difference(machine.policies.front().values(name), values);
      if (*best > 0 && difference) cells.back() = Cell(difference_text(*difference), sure ? Style::kGood : Style::kDim);
    }
    lines_.push_back(std::move(line));
  }
}

std::string BestTables::text(const Look& look) const {
  std::string text;
  std::set<std::string> machines;
  for (const Line& line : lines_) machines.insert(line.machine);
  for (size_t m = 0; m < metrics_.size(); ++m) {
    Table table;
    if (machines.size() > 1) table.add_column("machine", Align::kLeft);
    for (const Variable& variable : file_.variables()) {
      table.add_column(variable.name, all_numbers(variable) ? Align::kRight : Align::kLeft);
    }
    table.add_column("best", Align::kLeft);
    table.add_column(metrics_[m]);
    if (compared_) table.add_column("to " + base_, Align::kLeft);
    for (const Line& line : lines_) {
      std::vector<Cell> cells;
      if (machines.size() > 1) cells.emplace_back(line.machine);
      for (const std::string& value : file_.values(line.point)) cells.emplace_back(value);
      cells.insert(cells.end(), line.cells[m].begin(), compared_ ? line.cells[m].end() : line.cells[m].end() - 1);
      table.add_row(std::move(cells));
    }
    text += table.str(look) + '\n';
  }
  for (const std::string& failure : failures_) text += failure + '\n';
  if (nr_failures_ > failures_.size())
    text += fmt::format("and {} more: column 'status' of the results\n", nr_failures_ - failures_.size());
  if (doubted_) text += "? too few samples for this quantile, whatever their distribution\n";
  if (tied_) text += "~ others could be as good: the seeds do not agree, or the figures are the same\n";
  return text;
}

SweepResults::SweepResults(const Sweep& sweep, const Journal& journal)
    : frame(sweep.file()), best(sweep.file(), metrics_of(sweep.config())) {
  for_each_point(sweep, journal, [&](size_t point, const std::vector<RunResult>& results) {
    frame.add(point, results);
    best.add(point, results);
  });
}

}  // namespace simsched
