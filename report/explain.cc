#include "report/explain.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

constexpr const char* kRunAgain = "run the experiment again with simsched run";

int64_t value_of(const NamedValues& values, std::string_view name) {
  auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
  return found == values.end() ? 0 : found->second;
}

int64_t& side(Sides& sides, bool a) { return a ? sides.a : sides.b; }

std::string describe(const RunResult& run) {
  return run.policy + " on " + run.machine + ", seed " + std::to_string(run.seed);
}

void add(Times& times, const NamedValues& values, bool a) {
  for (size_t i = 0; i < kNrCauses; ++i) side(times[i], a) += value_of(values, kCauses[i].name);
}

// Adds up pairs of runs.
class Adder {
 public:
  Adder(Explanation& sums, const std::string& file) : sums_(sums), file_(file) {}

  void add_run(const RunResult& run, bool a) {
    check(run);
    side(sums_.makespan, a) += run.metric("makespan_ns");
    side(sums_.wasted, a) += run.metric("idle_wasted_ns");
    side(sums_.energy_uj, a) += run.find("energy_uj").value_or(0);
    add(sums_.time, run.task_time, a);
    add_groups(sums_.names, run.task_time_by_name, a);
    add_groups(sums_.roles, run.task_time_by_role, a);
    for (TaskGroup& group : sums_.names)
      for (const auto& [name, values] : run.energy_by_name)
        if (name == group.name) side(group.energy_uj, a) += value_of(values, "energy_uj");
    const size_t nr_cpus = run.cpu_busy_ns.size();
    const int64_t whole = cpu_time(run) / static_cast<int64_t>(nr_cpus);
    sums_.cpus.resize(std::max(sums_.cpus.size(), nr_cpus));
    for (size_t i = 0; i < nr_cpus; ++i) {
      CpuSides& cpu = sums_.cpus[i];
      const int64_t irq = run.cpu_irq_ns.empty() ? 0 : run.cpu_irq_ns[i];
      side(cpu.task, a) += run.cpu_busy_ns[i] - run.cpu_overhead_ns[i] - irq;
      side(cpu.irq, a) += irq;
      side(cpu.overhead, a) += run.cpu_overhead_ns[i];
      side(cpu.idle, a) += whole - run.cpu_busy_ns[i];
    }
  }

 private:
  static int64_t cpu_time(const RunResult& run) {
    int64_t sum = 0;
    for (const auto& [name, value] : run.cpu_time) sum += value;
    return sum;
  }

  [[noreturn]] void fail(const RunResult& run, const std::string& what) const {
    throw Error(file_, "the result of " + describe(run) + " " + what, kRunAgain);
  }

  // Whether it has all that is asked for, and every total is the sum of its parts.
  void check(const RunResult& run) const {
    if (run.task_time_by_name.empty() || run.task_time_by_role.empty() || run.cpu_busy_ns.empty() ||
        run.cpu_overhead_ns.size() != run.cpu_busy_ns.size() ||
        (!run.cpu_irq_ns.empty() && run.cpu_irq_ns.size() != run.cpu_busy_ns.size()) || !run.find("idle_wasted_ns") ||
        !run.find("makespan_ns")) {
      fail(run, "lacks the times of groups of tasks or of CPUs, as an older simsched left them out");
    }
    Times all, names, roles;
    add(all, run.task_time, true);
    for (const auto& [name, values] : run.task_time_by_name) add(names, values, true);
    for (const auto& [name, values] : run.task_time_by_role) add(roles, values, true);
    int64_t busy = 0, overhead = 0, irq = 0;
    for (int64_t time : run.cpu_busy_ns) busy += time;
    for (int64_t time : run.cpu_overhead_ns) overhead += time;
    for (int64_t time : run.cpu_irq_ns) irq += time;
    const bool adds_up = all.lifetime().a == value_of(run.task_time, "lifetime_ns") && names == all && roles == all &&
                         overhead == value_of(run.cpu_time, "overhead_ns") && irq == value_of(run.cpu_time, "irq_ns") &&
                         busy - overhead - irq == value_of(run.cpu_time, "task_ns") &&
                         cpu_time(run) % static_cast<int64_t>(run.cpu_busy_ns.size()) == 0;
    if (!adds_up)
      fail(run, "has times that do not add up: it was changed, or has causes that this version does not know");
  }

  static void add_groups(std::vector<TaskGroup>& groups, const NamedGroups& values, bool a) {
    for (const auto& [name, times] : values) {
      auto same = [&, &wanted = name](const TaskGroup& group) { return group.name == wanted; };
      auto found = std::find_if(groups.begin(), groups.end(), same);
      if (found == groups.end()) found = groups.insert(found, {name, {}, {}, {}});
      side(found->tasks, a) += value_of(times, "tasks");
      add(found->time, times, a);
    }
  }

  Explanation& sums_;
  const std::string& file_;
};

template <class Group>
std::vector<std::string> names_of(const std::vector<Group>& groups, std::string Group::*name) {
  std::vector<std::string> names;
  for (const Group& group : groups) names.push_back(group.*name);
  return names;
}

const MachineRuns& chosen_machine(const std::vector<MachineRuns>& machines, const std::string& name,
                                  const std::string& file) {
  if (machines.empty()) throw Error(file, "has no results", kRunAgain);
  const std::vector<std::string> names = names_of(machines, &MachineRuns::machine);
  if (name.empty() && machines.size() > 1) {
    std::string list;
    for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
    throw Error(file, "has results of " + std::to_string(machines.size()) + " machines",
                "choose one with --machine: " + list);
  }
  auto found = std::find_if(machines.begin(), machines.end(),
                            [&](const MachineRuns& runs) { return name.empty() || runs.machine == name; });
  if (found == machines.end()) throw Error(file, "has no machine '" + name + "'", suggest(name, names));
  return *found;
}

size_t policy_index(const MachineRuns& machine, const std::string& name, const std::string& file) {
  const std::vector<std::string> names = names_of(machine.policies, &PolicyRuns::policy);
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error(file, "has no policy '" + name + "' on " + machine.machine, suggest(name, names));
  }
  return static_cast<size_t>(found - names.begin());
}

size_t other_policy(const MachineRuns& machine, size_t a, const ExplainChoice& choice, const std::string& file) {
  if (machine.policies.size() < 2) {
    throw Error(file, "has one policy on " + machine.machine + ", and nothing to compare it with",
                "run the experiment with two");
  }
  if (choice.versus.empty()) return a == 0 ? 1 : 0;
  const size_t b = policy_index(machine, choice.versus, file);
  if (a == b) throw Error("--vs", "'" + choice.versus + "' is the policy itself", "name another one");
  return b;
}

void add_doubts(Explanation& to, const MachineRuns& machine, size_t a, size_t b, size_t left_out) {
  const std::vector<bool> may_win = contenders(machine);
  for (size_t i : {a, b}) {
    const PolicyRuns& policy = machine.policies[i];
    for (const RunResult* run : policy.runs)
      if (run->status != "ok") to.doubts.push_back(describe(*run) + ": " + run->status + ".");
    if (!may_win[i])
      to.doubts.push_back(policy.policy + " did less than all of the work, so that its times say little.");
  }
  if (left_out > 0)
    to.doubts.push_back(std::to_string(left_out) + " runs have no partner with the same seed and are left out.");
}

}  // namespace

Sides Times::lifetime() const {
  Sides sum;
  for (const Sides& sides : *this) sum += sides;
  return sum;
}

Sides Times::at(Where where) const {
  Sides sum;
  for (size_t i = 0; i < kNrCauses; ++i)
    if (kCauses[i].where == where) sum += (*this)[i];
  return sum;
}

Sides Times::active() const {
  Sides sum = at(Where::kWaiting);
  return sum += at(Where::kOnCpu);
}

Times& Times::operator+=(const Times& other) {
  for (size_t i = 0; i < kNrCauses; ++i) (*this)[i] += other[i];
  return *this;
}

std::string short_name(Cause cause) {
  std::string name = kCauses[static_cast<size_t>(cause)].name;
  name.resize(name.size() - std::string_view("_ns").size());
  const std::string_view slowdown = "slowdown_";
  return name.starts_with(slowdown) ? name.substr(slowdown.size()) : name;
}

Explanation explain(std::span<const RunResult> results, const ExplainChoice& choice, const std::string& name) {
  const std::vector<MachineRuns> machines = group_runs(results);
  const MachineRuns& machine = chosen_machine(machines, choice.machine, name);
  const size_t a = policy_index(machine, choice.policy, name), b = other_policy(machine, a, choice, name);
  const PolicyRuns &runs_a = machine.policies[a], &runs_b = machine.policies[b];

  Explanation sums;
  sums.machine = machine.machine;
  sums.policy = runs_a.policy;
  sums.versus = runs_b.policy;
  Adder adder(sums, name);
  std::vector<double> makespans_a, makespans_b;
  for (const RunResult* run : runs_a.runs) {
    auto partner = std::find_if(runs_b.runs.begin(), runs_b.runs.end(),
                                [&](const RunResult* other) { return other->seed == run->seed; });
    if (partner == runs_b.runs.end()) continue;
    adder.add_run(*run, true);
    adder.add_run(**partner, false);
    sums.workload = run->workload;
    sums.seeds.push_back(run->seed);
    makespans_a.push_back(static_cast<double>(run->metric("makespan_ns")));
    makespans_b.push_back(static_cast<double>((*partner)->metric("makespan_ns")));
  }
  if (sums.seeds.empty()) {
    throw Error(name, "has no seed with which both " + sums.policy + " and " + sums.versus + " ran", kRunAgain);
  }
  sums.slower = percent_difference(makespans_b, makespans_a);
  add_doubts(sums, machine, a, b, runs_a.runs.size() + runs_b.runs.size() - 2 * sums.seeds.size());
  std::stable_sort(sums.names.begin(), sums.names.end(), [](const TaskGroup& left, const TaskGroup& right) {
    auto differ = [](const TaskGroup& group) {
      return std::pair(std::abs(group.time.active().difference()), std::abs(group.time.lifetime().difference()));
    };
    return differ(left) > differ(right);
  });
  return sums;
}

}  // namespace simsched
