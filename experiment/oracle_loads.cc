#include "experiment/oracle_loads.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "scx_port/proof/guest_load.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

constexpr uint64_t kSeed = 1;    // of the work: one for all runs
constexpr Work kGap(5'000'000);  // between two starts

// "NAME: {PARAMETERS}", as in a config.
Workload generated(const std::string& text) {
  const YAML::Node node = YAML::Load(text);
  return make_workload(node.begin()->first.as<std::string>(), node.begin()->second, "oracle", kSeed);
}

// Hogs that set their nice values themselves: 0, 5, 10, and so on again.
Workload nice_hogs(size_t tasks) {
  Workload workload;
  for (size_t i = 0; i < tasks; ++i) {
    const Op program[] = {op::set_nice(static_cast<int>(i % 3 * 5)), op::compute(Work(300'000'000))};
    workload.add_task("nice", program);
  }
  return workload;
}

}  // namespace

std::vector<OracleLoad> oracle_loads(const Machine& machine) {
  const size_t cpus = machine.nr_cpus();
  auto part = [&](size_t percent) { return std::max(size_t{1}, cpus * percent / 100); };
  std::vector<OracleLoad> loads;
  auto add = [&](std::string name, std::string summary, Workload workload) {
    loads.push_back({std::move(name), std::move(summary), launched(std::move(workload), kGap)});
  };
  for (size_t percent : {25, 50, 75, 100, 150})
    add(fmt::format("hogs_{}", percent), fmt::format("{} tasks that compute 500 ms", part(percent)),
        generated(fmt::format("hogs: {{tasks: {}, work: 500ms}}", part(percent))));
  for (size_t percent : {50, 100})
    add(fmt::format("fork_join_{}", percent), fmt::format("a build of {} jobs of 120 ms at a time", part(percent)),
        generated(fmt::format("fork_join: {{jobs: {}, total: {}, work: 120ms, spread: 20%, shell_work: 4ms}}",
                              part(percent), 4 * part(percent))));
  add("pairs_50", fmt::format("{} pairs that take turns through pipes, 1 ms each", part(25)),
      generated(fmt::format("ping_pong: {{pairs: {}, rounds: 150, work: 1ms, sync: 1}}", part(25))));
  add("server_50", fmt::format("{} workers, {} clients", part(50), 2 * cpus),
      generated(fmt::format("server: {{clients: {}, workers: {}, requests: 20, think: 20ms, service: 4ms, "
                            "client_work: 500us}}",
                            2 * cpus, part(50))));
  add("storm_50", fmt::format("{} tasks woken at once, 4 ms each", part(50)),
      generated(fmt::format("wake_storm: {{tasks: {}, interval: 30ms, work: 4ms, rounds: 20}}", part(50))));
  add("nice_150", fmt::format("{} hogs of nice 0, 5 and 10", part(150)), nice_hogs(part(150)));
  return loads;
}

}  // namespace simsched
