#include "experiment/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "experiment/policy_config.h"
#include "experiment/recording.h"

namespace simsched {
namespace {

constexpr const char* kMachine = "vm-8c2n";

LoadFigures figures_of(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle, const Machine& machine) {
  LoadFigures figures;
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

SideBySide kernel_and_simulation(const std::string& trace, const ExportedFolder& folder, const std::string& release,
                                 const PolicyRegistry& registry) {
  const TemporaryFolder temporary("simsched-trace");
  const std::string file = temporary.file("kernel.txt");
  write_file_atomically(file, trace);
  write_file_atomically(temporary.file("kernel.recorded.yaml"), circumstances_of_guest(release));
  const Recording recording = load_recording(file, temporary.file("kernel.recorded.yaml"));
  const std::optional<PolicyConfig> exported = policy_from_file(folder.path, registry);
  SIMSCHED_CHECK(exported, "an exported folder is no policy");
  const SchedTrace simulated = replay_recording(recording, *exported, 1).trace;
  const std::vector<bool>& blind = recording.trace.holes.no_switch_from_idle;
  return {figures_of(recording.trace, blind, recording.machine), figures_of(simulated, blind, recording.machine)};
}

}  // namespace simsched
