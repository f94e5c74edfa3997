// simsched metrics: what the results hold.
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.h"
#include "report/table.h"
#include "sim/results.h"

namespace simsched {
namespace {

Action add(CLI::App& command) {
  command.footer("\nPick some for the table of simsched run with 'metrics: [makespan_ns, migrations]'.");
  return [] {
    Table table;
    table.add_column("metric", Align::kLeft);
    table.add_column("unit", Align::kLeft);
    table.add_column("better", Align::kLeft);
    table.add_column("meaning", Align::kLeft);
    for (const MetricInfo& info : metric_infos()) {
      table.add_row({info.name, info.unit, info.better < 0 ? "lower" : info.better > 0 ? "higher" : "", info.help});
    }
    fmt::print("{}", table.str(wants_colour(STDOUT_FILENO)));
    return 0;
  };
}

}  // namespace

Command metrics_command() { return {"metrics", "list the metrics, their units and meaning", add}; }

}  // namespace simsched
