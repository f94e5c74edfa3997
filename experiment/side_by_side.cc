#include "experiment/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiment/policy_registry.h"
#include "experiment/recording.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "report/format.h"
#include "report/table.h"
#include "sim/engine.h"
#include "traces/trace_stats.h"

namespace simsched {
namespace {

constexpr const char* kMachine = "vm-8c2n";

struct Figures {
  TraceStats stats;
  std::array<uint64_t, 5> migrations{};  // by Distance
  std::vector<double> node_share;        // of all busy time
};

Figures figures_of(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle, const Machine& machine) {
  Figures figures;
  figures.stats = trace_stats(trace, no_switch_from_idle);
  for (const TraceEvent& event : trace.events) {
    if (event.kind != TraceKind::kMigrate) continue;
    ++figures.migrations[static_cast<size_t>(machine.distance(event.other_cpu, event.dest_cpu))];
  }
  int64_t all = 0;
  std::vector<int64_t> busy(machine.nr_nodes(), 0);
  for (size_t cpu = 0; cpu < machine.nr_cpus() && cpu < figures.stats.busy.size(); ++cpu) {
    busy[machine.cpu(CpuId(cpu)).node.index()] += figures.stats.busy[cpu].count();
    all += figures.stats.busy[cpu].count();
  }
  for (int64_t time : busy)
    figures.node_share.push_back(static_cast<double>(time) / static_cast<double>(std::max<int64_t>(all, 1)));
  return figures;
}

// "6.19" of "6.19.14+deb13-cloud-amd64".
std::string short_version(const std::string& release) {
  const size_t first = release.find('.');
  return release.substr(0, first == std::string::npos ? first : release.find_first_not_of("0123456789", first + 1));
}

}  // namespace

std::string circumstances_of_guest(const std::string& release) {
  return fmt::format("kernel: \"{}\"\nhz: 250\npreempt: lazy\nautogroup: true\nmachine: {}\n", short_version(release),
                     kMachine);
}

std::string kernel_and_simulation(const std::string& trace, const ExportedFolder& folder, const std::string& release) {
  const TemporaryFolder temporary("simsched-trace");
  const std::string file = temporary.file("kernel.txt");
  write_file_atomically(file, trace);
  write_file_atomically(temporary.file("kernel.recorded.yaml"), circumstances_of_guest(release));
  const Recording recording = load_recording(file, temporary.file("kernel.recorded.yaml"), "", Nanos::max(), true);
  EngineOptions options;
  options.kernel = recording.kernel;
  options.record = true;
  const Tunables exported = {{"exported", folder.path, folder.path}};
  Engine engine(recording.machine, recording.workload, options,
                policy_registry().make("exported", exported, options.kernel, recording.machine, folder.path));
  engine.run();
  const std::vector<bool>& blind = recording.trace.holes.no_switch_from_idle;
  const Figures kernel = figures_of(recording.trace, blind, recording.machine);
  const Figures simulated = figures_of(engine.trace(), blind, recording.machine);

  Table table;
  table.add_column("figure", Align::kLeft);
  for (const char* heading : {"kernel", "simulation", "difference"}) table.add_column(heading);
  auto count = [&](const std::string& name, uint64_t a, uint64_t b) {
    const double from = static_cast<double>(a), to = static_cast<double>(b);
    table.add_row({name, format_count(from), format_count(to), a == 0 ? "" : format_percent((to - from) / from * 100)});
  };
  count("forks", kernel.stats.forks, simulated.stats.forks);
  count("wakeups", kernel.stats.wakeups, simulated.stats.wakeups);
  count("context switches", kernel.stats.switches, simulated.stats.switches);
  count("  of them involuntary", kernel.stats.involuntary, simulated.stats.involuntary);
  count("migrations", kernel.stats.migrations, simulated.stats.migrations);
  const std::pair<Distance, const char*> kinds[] = {{Distance::kSmt, "  within a core"},
                                                    {Distance::kLlc, "  within a cache"},
                                                    {Distance::kNode, "  within a node"},
                                                    {Distance::kRemote, "  to another node"}};
  for (const auto& [distance, name] : kinds) {
    const size_t i = static_cast<size_t>(distance);
    if (kernel.migrations[i] + simulated.migrations[i] > 0) count(name, kernel.migrations[i], simulated.migrations[i]);
  }
  for (size_t node = 0; node < kernel.node_share.size(); ++node) {
    const double a = kernel.node_share[node] * 100, b = simulated.node_share[node] * 100;
    table.add_row({fmt::format("work on node {}", node), fmt::format("{:.1f} %", a), fmt::format("{:.1f} %", b),
                   fmt::format("{:+.1f}", b - a)});
  }
  return "a build in that kernel and in simulation, on the same shape under the same policy:\n" + table.str() +
         "Times are not shown: one emulated CPU runs at a time, so that makespan, latencies and what follows from "
         "them\n"
         "(who is preempted, which CPU idles when a task wakes up) are not those of a real machine.\n";
}

}  // namespace simsched
