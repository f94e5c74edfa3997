#include "report/side_by_side.h"

#include <fmt/format.h>

#include "report/format.h"
#include "report/table.h"

namespace simsched {

std::string side_by_side_table(const SideBySide& sides) {
  const LoadFigures &kernel = sides.kernel, &simulated = sides.simulated;
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
