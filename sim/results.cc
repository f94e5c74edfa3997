#include "sim/results.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "sim/engine.h"

namespace simsched {

NamedValues RunResult::figures() const {
  NamedValues list = metrics;
  for (const auto& [sched_class, values] : counters)
    for (const auto& [name, value] : values) list.emplace_back(sched_class + "_" + name, value);
  for (const auto& [packet_class, values] : packets)
    for (const auto& [name, value] : values) list.emplace_back("packets_" + packet_class + "_" + name, value);
  return list;
}

std::optional<int64_t> RunResult::find(std::string_view name) const {
  auto value_in = [](const NamedValues& list, std::string_view key) -> std::optional<int64_t> {
    auto found = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == key; });
    return found == list.end() ? std::nullopt : std::optional(found->second);
  };
  std::optional<int64_t> value = value_in(metrics, name);
  for (const auto& [sched_class, values] : counters) {
    const std::string prefix = sched_class + "_";
    if (!value && name.starts_with(prefix)) value = value_in(values, name.substr(prefix.size()));
  }
  for (const auto& [packet_class, values] : packets) {
    const std::string prefix = "packets_" + packet_class + "_";
    if (!value && name.starts_with(prefix)) value = value_in(values, name.substr(prefix.size()));
  }
  return value;
}

int64_t RunResult::metric(std::string_view name) const {
  if (std::optional<int64_t> value = find(name)) return *value;
  throw std::out_of_range("no metric named " + std::string(name));
}

bool Engine::starved(const Task& task) const {
  if (task.state == TaskState::kNew || task.state == TaskState::kDead) return false;
  const Nanos waited = task.longest_wait;
  // One of very many that share alike is not starved.
  const int64_t share = std::max<int64_t>(1000, static_cast<int64_t>(20 * tasks_.size() / rqs_.size()));
  return waited > 100_ms && waited * 2 > now_ - task.born && task.time.on_cpu() * share < waited;
}

std::string Engine::starved_text() const {
  size_t others = 0;
  TaskId worst;
  auto waited = [&](TaskId task) { return tasks_[task.index()].longest_wait; };
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!starved(tasks_[i])) continue;
    others += worst.valid();
    if (!worst.valid() || waited(TaskId(i)) > waited(worst)) worst = TaskId(i);
  }
  if (!worst.valid()) return {};
  const bool finished = ends_with_foreground_ && foreground_left_ == 0;
  std::string text = finished ? "the foreground finished because the background did not run: " : "starved: ";
  text += describe(worst) + " waited for a CPU for up to " + std::to_string(waited(worst) / 1_ms) +
          " ms and had one for " + std::to_string(tasks_[worst.index()].time.on_cpu() / 1_us) + " us";
  if (others > 0) text += "; " + std::to_string(others) + " more like it";
  return text;
}

Totals Engine::totals() const {
  Totals all;
  all.makespan = ends_with_foreground_ && foreground_left_ == 0 ? last_exit_ : now_;
  all.counts = metrics_;
  all.memory = memory_.counts();
  all.energy = energy_.total(now_);
  all.events = nr_events_;
  all.waits = nr_waits_;
  all.free_waits = nr_free_waits_;
  all.unfinished = foreground_left_;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const TaskTime& time = tasks_[i].time;
    all.tasks += time;
    all.starved += starved(tasks_[i]);
    const Nanos ran = time.on_cpu();
    if (!is_stopper(TaskId(i)) && ran > Nanos(0)) all.fairness.add(ran, ran + time[Cause::kWait]);
  }
  for (const Rq& rq : rqs_) {
    all.cpus.task += rq.time.task;
    all.cpus.overhead += rq.time.overhead;
    all.cpus.irq += rq.time.irq;
    all.cpus.idle += rq.time.idle;
  }
  all.wasted = wasted_.until(now_);
  return all;
}

namespace {

struct Group {
  int64_t tasks = 0;
  TaskTime time;
  Femtojoules energy = 0;

  NamedValues named() const {
    NamedValues list = {{"tasks", tasks}};
    for (const auto& value : time.named())
      if (value.second != 0) list.push_back(value);
    return list;
  }
};

}  // namespace

// The stoppers are one name.
void Engine::group_tasks(RunResult& result) const {
  std::map<std::string_view, Group> names;
  Group foreground, background;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const TaskId id(i);
    if (tasks_[i].state == TaskState::kNew) continue;
    const bool in_background = is_stopper(id) || spec(id).background;
    for (Group* group : {&names[is_stopper(id) ? "migration" : std::string_view(workload_.task_name(id))],
                         in_background ? &background : &foreground}) {
      ++group->tasks;
      group->time += tasks_[i].time;
      if (energy_.on()) group->energy += energy_.of_task(id);
    }
  }
  for (const auto& [name, group] : names) {
    result.task_time_by_name.emplace_back(name, group.named());
    if (energy_.on()) result.energy_by_name.push_back({std::string(name), {{"energy_uj", microjoules(group.energy)}}});
  }
  result.task_time_by_role = {{"foreground", foreground.named()}, {"background", background.named()}};
}

// The groups of a config, each with all below it; sessions have no names.
void Engine::report_groups(RunResult& result) const {
  struct Use {
    int64_t tasks = 0;
    Nanos usage, throttled;
  };
  std::vector<Use> uses(nr_groups());
  for (size_t g = 0; g < uses.size(); ++g) uses[g].usage = group_usage_[g];
  for (size_t i = 0; i < usage_booked_.size(); ++i) {
    const Task& task = tasks_[i];
    Use& use = uses[task.group.index()];
    use.tasks += task.state != TaskState::kNew;
    use.usage += time_on_cpu(TaskId(i)) - usage_booked_[i];
    use.throttled += task.time[Cause::kThrottled];
  }
  for (size_t g = uses.size(); g-- > 1;) {
    Use& above = uses[parent(GroupId(g)).index()];
    above.tasks += uses[g].tasks;
    above.usage += uses[g].usage;
    above.throttled += uses[g].throttled;
  }
  for (size_t g = 1; g < uses.size(); ++g) {
    if (workload_.groups[g].name.empty()) continue;
    NamedValues values = {
        {"tasks", uses[g].tasks}, {"usage_ns", uses[g].usage.count()}, {"throttled_ns", uses[g].throttled.count()}};
    for (const auto& cls : classes_)
      for (auto& value : cls->group_stat(GroupId(g))) values.push_back(std::move(value));
    result.groups.emplace_back(workload_.group_path(GroupId(g)), std::move(values));
  }
}

RunResult Engine::result() const {
  RunResult result;
  result.machine = machine_.name();
  result.workload = workload_.name;
  result.seed = seed_;
  const Totals all = totals();
  for (const Metric& metric : metric_table()) result.metrics.emplace_back(metric.name, metric.value(all));
  result.task_time = all.tasks.named();
  result.cpu_time = {{"task_ns", all.cpus.task.count()},
                     {"overhead_ns", all.cpus.overhead.count()},
                     {"irq_ns", all.cpus.irq.count()},
                     {"idle_ns", all.cpus.idle.count()}};
  if (std::string text = starved_text(); !text.empty()) result.status = std::move(text);
  group_tasks(result);
  report_groups(result);
  for (const Rq& rq : rqs_) {
    result.cpu_busy_ns.push_back(rq.time.busy().count());
    result.cpu_overhead_ns.push_back(rq.time.overhead.count());
    result.cpu_irq_ns.push_back(rq.time.irq.count());
  }
  result.packets = packet_results(result);
  for (const auto& cls : classes_) {
    SchedClass::Status status = cls->status();
    if (!status.text.empty()) {
      result.status = status.text;
      result.exit_code = status.exit_code;
    }
    if (NamedValues counters = cls->counters(); !counters.empty()) {
      result.counters.emplace_back(cls->name(), std::move(counters));
    }
  }
  if (NamedValues counters = frequency_counters(); !counters.empty()) result.counters.emplace_back("cpufreq", counters);
  if (NamedValues counters = idle_counters(); !counters.empty()) result.counters.emplace_back("cpuidle", counters);
  if (NamedValues counters = power_cap_counters(); !counters.empty())
    result.counters.emplace_back("powercap", counters);
  return result;
}

const SchedTrace& Engine::trace() const { return recorder_->trace(); }
std::vector<CounterTrack> Engine::counters() const { return recorder_->counters(); }

}  // namespace simsched
