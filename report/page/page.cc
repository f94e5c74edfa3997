#include "report/page/page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/embedded.h"
#include "base/error.h"
#include "base/markup.h"
#include "report/page/files.h"
#include "report/summary.h"
#include "report/tail.h"
#include "sim/accounting.h"
#include "sim/metric_table.h"

namespace simsched {

std::span<const EmbeddedFile> embedded_page();

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostNames = 40;  // rows of the table by name; the others stand together

void replace(std::string& text, std::string_view what, std::string_view by) {
  const size_t at = text.find(what);
  SIMSCHED_CHECK(at != std::string::npos, "the page lacks a place");
  text.replace(at, what.size(), by);
}

int64_t value_of(const NamedValues& values, std::string_view name) {
  for (const auto& [key, value] : values)
    if (key == name) return value;
  return 0;
}

Json metric_rows() {
  Json rows = Json::array();
  for (const Metric& metric : metric_table()) {
    const char* better = metric.better == Better::kLower ? "lower" : metric.better == Better::kHigher ? "higher" : "";
    rows.push_back({{"name", metric.name}, {"unit", metric.unit}, {"better", better}, {"help", metric.help}});
  }
  return rows;
}

Json cause_rows() {
  Json rows = Json::array();
  for (const CauseInfo& cause : kCauses) {
    const char* where = cause.where == Where::kOnCpu ? "cpu" : cause.where == Where::kBlocked ? "blocked" : "waiting";
    rows.push_back({{"name", cause.name}, {"where", where}, {"help", cause.help}});
  }
  return rows;
}

// Values by seed; how far from the first policy's, in percent, with the interval; and whether samples are too few.
Json metrics_of(const MachineRuns& machine, size_t index, const std::vector<bool>& may_win) {
  const PolicyRuns &policy = machine.policies[index], &first = machine.policies.front();
  Json metrics = Json::object();
  for (const Metric& metric : metric_table()) {
    const std::vector<double> values = policy.values(metric.name);
    if (values.empty()) continue;
    Json entry = {{"values", values}};
    const Estimate mean = mean_estimate(values);
    entry["mean"] = mean.mean;
    if (mean.half_width) entry["half"] = *mean.half_width;
    if (const auto difference = percent_difference(first.values(metric.name), values); difference && index > 0) {
      entry["percent"] = difference->mean;
      if (difference->half_width) entry["percent_half"] = *difference->half_width;
    }
    if (std::any_of(policy.runs.begin(), policy.runs.end(),
                    [&](const RunResult* run) { return too_few_samples(metric, *run).has_value(); }))
      entry["few"] = true;
    if (winner(machine, may_win, metric) == index) entry["best"] = true;
    metrics[metric.name] = std::move(entry);
  }
  return metrics;
}

Json mean_times(const PolicyRuns& policy, const NamedNanos RunResult::*column) {
  Json times = Json::object();
  const double runs = static_cast<double>(policy.runs.size());
  for (const auto& [name, unused] : policy.runs.front()->*column) {
    double sum = 0;
    for (const RunResult* run : policy.runs) sum += static_cast<double>(value_of(run->*column, name));
    times[name] = sum / runs;
  }
  return times;
}

// By CPU: means of busy, overhead and interrupts, of all time.
Json cpus_of(const PolicyRuns& policy) {
  Json cpus = Json::array();
  const double runs = static_cast<double>(policy.runs.size());
  const size_t nr_cpus = policy.runs.front()->cpu_busy_ns.size();
  for (size_t cpu = 0; cpu < nr_cpus; ++cpu) {
    auto mean = [&](const std::vector<int64_t> RunResult::*column) {
      double sum = 0;
      for (const RunResult* run : policy.runs)
        if (cpu < (run->*column).size()) sum += static_cast<double>((run->*column)[cpu]);
      return sum / runs;
    };
    cpus.push_back({mean(&RunResult::cpu_busy_ns), mean(&RunResult::cpu_overhead_ns), mean(&RunResult::cpu_irq_ns)});
  }
  return cpus;
}

struct NameTimes {
  double tasks = 0, cpu = 0, wait = 0, blocked = 0;

  void add(const NamedValues& values) {
    tasks += static_cast<double>(value_of(values, "tasks"));
    for (const CauseInfo& cause : kCauses) {
      const double time = static_cast<double>(value_of(values, cause.name));
      (cause.where == Where::kOnCpu ? cpu : cause.where == Where::kBlocked ? blocked : wait) += time;
    }
  }
  void add(const NameTimes& other) {
    tasks += other.tasks;
    cpu += other.cpu;
    wait += other.wait;
    blocked += other.blocked;
  }
};

// By name of task: how many, and time on a CPU, waiting and blocked; means a run. The longest on CPUs come first.
Json names_of(const PolicyRuns& policy) {
  std::vector<std::pair<std::string, NameTimes>> names;
  for (const RunResult* run : policy.runs) {
    for (const auto& of_name : run->task_time_by_name) {
      auto found =
          std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == of_name.first; });
      if (found == names.end()) found = names.insert(names.end(), {of_name.first, {}});
      found->second.add(of_name.second);
    }
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.second.cpu > b.second.cpu; });
  if (names.size() > kMostNames) {
    NameTimes rest;
    for (size_t i = kMostNames; i < names.size(); ++i) rest.add(names[i].second);
    const size_t others = names.size() - kMostNames;
    names.resize(kMostNames);
    names.push_back({"(" + std::to_string(others) + " others)", rest});
  }
  Json rows = Json::array();
  const double runs = static_cast<double>(policy.runs.size());
  for (const auto& [name, times] : names)
    rows.push_back({name, times.tasks / runs, times.cpu / runs, times.wait / runs, times.blocked / runs});
  return rows;
}

Json policy_json(const MachineRuns& machine, size_t index, const std::vector<bool>& may_win) {
  const PolicyRuns& policy = machine.policies[index];
  Json seeds = Json::array(), troubles = Json::array();
  for (const RunResult* run : policy.runs) {
    seeds.push_back(run->seed);
    if (run->status != "ok") troubles.push_back("seed " + std::to_string(run->seed) + ": " + run->status);
  }
  return {{"name", policy.policy},
          {"contender", may_win[index]},
          {"seeds", std::move(seeds)},
          {"troubles", std::move(troubles)},
          {"metrics", metrics_of(machine, index, may_win)},
          {"time", mean_times(policy, &RunResult::task_time)},
          {"cpu_time", mean_times(policy, &RunResult::cpu_time)},
          {"cpus", cpus_of(policy)},
          {"names", names_of(policy)}};
}

Json machines_json(const Page& page) {
  Json machines = Json::array();
  for (const MachineRuns& machine : group_runs(page.results)) {
    Json policies = Json::array();
    const std::vector<bool> may_win = contenders(machine);
    for (size_t i = 0; i < machine.policies.size(); ++i) policies.push_back(policy_json(machine, i, may_win));
    machines.push_back({{"name", machine.machine},
                        {"workload", machine.policies.front().runs.front()->workload},
                        {"policies", std::move(policies)}});
    for (const auto& [name, svg] : page.drawings)
      if (name == machine.machine) machines.back()["drawing"] = svg;
  }
  return machines;
}

// Of each CPU a flat list: the gap before a run, its length, its task; and so on. Numbers stay small that way.
Json timeline_json(const PageTimeline& shown) {
  Json tasks = Json::array(), cpus = Json::array();
  for (const TimelineTask& task : shown.timeline.tasks) tasks.push_back({task.pid.value(), task.name});
  for (const auto& runs : shown.timeline.cpus) {
    Json list = Json::array();
    Nanos last{0};
    for (const TimelineRun& run : runs) {
      list.push_back((run.start - last).count());
      list.push_back((run.end - run.start).count());
      list.push_back(run.task);
      last = run.end;
    }
    cpus.push_back(std::move(list));
  }
  return {{"machine", shown.machine},
          {"policy", shown.policy},
          {"seed", shown.seed},
          {"end", shown.timeline.end.count()},
          {"coarse", shown.timeline.coarse.count()},
          {"tasks", std::move(tasks)},
          {"cpus", std::move(cpus)}};
}

}  // namespace

std::string_view page_file(std::string_view name) {
  for (const EmbeddedFile& file : embedded_page())
    if (file.name == name) return file.content;
  SIMSCHED_CHECK(false, "the page lacks a file");
}

std::string results_page(const Page& page) {
  Json data = {{"version", page.version},    {"title", page.title},    {"table", page.metrics},
               {"metrics", metric_rows()},   {"causes", cause_rows()}, {"machines", machines_json(page)},
               {"timelines", Json::array()}, {"config", page.config}};
  for (const PageTimeline& timeline : page.timelines) data["timelines"].push_back(timeline_json(timeline));
  // Nothing in a name or a config ends the script that holds it.
  std::string json;
  for (char c : data.dump(-1, ' ', false, Json::error_handler_t::replace)) c == '<' ? json += "\\u003c" : json += c;
  std::string html(page_file("page"));
  replace(html, "{{title}}", markup_escaped(page.title));
  replace(html, "{{style}}", page_file("style"));
  replace(html, "{{library}}", page_file("chart"));
  replace(html, "{{charts}}", page_file("charts"));
  replace(html, "{{timeline}}", page_file("timeline"));
  replace(html, "{{script}}", page_file("script"));
  replace(html, "{{data}}", json);
  return html;
}

}  // namespace simsched
