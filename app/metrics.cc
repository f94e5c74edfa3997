// simsched metrics: what the results hold.
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.h"
#include "report/table.h"
#include "sim/metric_table.h"

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
    for (const Metric& metric : metric_table()) {
      const char* better = metric.better == Better::kLower ? "lower" : metric.better == Better::kHigher ? "higher" : "";
      table.add_row({metric.name, metric.unit, better, metric.help});
    }
    Table times;
    times.add_column("field of task_time", Align::kLeft);
    times.add_column("time in which a task", Align::kLeft);
    for (const CauseInfo& cause : kCauses) times.add_row({cause.name, cause.help});
    const Look look = look_of(STDOUT_FILENO);
    fmt::print("{}\n{}", table.str(look), times.str(look));
    return 0;
  };
}

}  // namespace

Command metrics_command() { return {"metrics", "list the metrics, their units and meaning", add}; }

}  // namespace simsched
