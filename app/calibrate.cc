// simsched calibrate: what scheduling costs, measured in a recording or on this computer.
#include <fmt/format.h>

#include <functional>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "app/recording_options.h"
#include "base/error.h"
#include "calibrate/host_costs.h"
#include "calibrate/trace_costs.h"
#include "experiment/recording.h"
#include "report/table.h"
#include "topology/load/load.h"
#include "traces/formats.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
Without TRACE: this computer, in under a minute: a change of task, waking another CPU by how long it was idle, what
filling caches again costs after a move, and how much a busy sibling takes. Let nothing else run meanwhile.

With TRACE: how long it took from each wake-up to the switch to the woken task, where the CPU did nothing else in
between, by what woke it and what the CPU did then. Written to NAME.costs.yaml beside the recording, where 'simsched
validate' and experiments with that recording use it from then on in place of the machine's own figures; delete it to
be rid of it. What was seen fewer than 30 times keeps the machine's figure.

Examples:
  simsched calibrate -o my.costs.yaml                    this computer
  simsched calibrate redis.perf.data.zst                 writes redis.costs.yaml
  simsched calibrate redis.perf.data.zst -o my.costs.yaml
                                                         then, in a machine file: 'costs: my.costs.yaml'
)";

struct Arguments {
  std::string trace, recorded, machine, output;
};

std::string micros(Nanos time) { return fmt::format("{:.1f}", static_cast<double>(time.count()) / 1000); }

std::string costs_table(const std::vector<MeasuredCost>& costs) {
  Table table;
  table.add_column("us", Align::kLeft);
  for (const char* heading : {"samples", "5 %", "25 %", "50 %", "75 %", "95 %"}) table.add_column(heading);
  for (const MeasuredCost& cost : costs) {
    std::vector<Cell> row{cost.key.substr(0, cost.key.rfind("_ns")), std::to_string(cost.samples)};
    for (Nanos value : cost.spread.quantiles) row.push_back(micros(value));
    table.add_row(std::move(row));
  }
  return table.str();
}

std::string figures_table(const std::vector<HostFigure>& figures) {
  Table table;
  table.add_column("also seen", Align::kLeft);
  table.add_column("");
  table.add_column("", Align::kLeft, true);
  for (const HostFigure& figure : figures)
    table.add_row({figure.name, fmt::format("{:.1f}", figure.value), figure.unit});
  return table.str();
}

int calibrate_host(const Arguments& arguments) {
  const std::string output = arguments.output.empty() ? "host.costs.yaml" : arguments.output;
  check_output(output);
  const Machine machine = load_machine("host");
  ProgressBar bar("measuring");
  const HostCosts measured = measure_host(machine, std::ref(bar));
  Outputs outputs;
  outputs.add_file(output, costs_file("costs of this computer", measured.costs, measured.smt_share));
  outputs.write();
  fmt::print(outputs.text(), "{}\n{}\nwrote {}; use it as: machine: {{preset: host, costs: {}}}\n",
             costs_table(measured.costs), figures_table(measured.figures), output, output);
  return 0;
}

int calibrate_trace(const Arguments& arguments) {
  const std::string output = arguments.output.empty() ? trace_stem(arguments.trace) + ".costs.yaml" : arguments.output;
  check_outputs({output}, {arguments.trace, arguments.recorded});
  const Recording recording = load_with_bar(arguments.trace, arguments.recorded, arguments.machine);
  const std::vector<MeasuredCost> costs = costs_of_trace(recording.trace, recording.machine.costs());
  if (costs.empty()) throw Error(arguments.trace, "has too few wake-ups to measure anything by", "record for longer");
  Outputs outputs;
  outputs.add_file(output,
                   costs_file("costs of " + recording.machine.name() + ", from " + recording.workload.name, costs));
  outputs.write();
  fmt::print(outputs.text(), "{}wrote {}\n", costs_table(costs), output);
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  add_recording_options(command, arguments->trace, arguments->recorded);
  command.get_option("TRACE")->required(false);
  command.add_option("--machine", arguments->machine, "The machine that it was recorded on");
  command.add_option("-o,--output", arguments->output, "The costs file to write (default: NAME.costs.yaml)");
  command.footer(kHelp);
  return [arguments] { return arguments->trace.empty() ? calibrate_host(*arguments) : calibrate_trace(*arguments); };
}

}  // namespace

Command calibrate_command() {
  return {"calibrate", "measure what scheduling costs, on this computer or in a recording", add};
}

}  // namespace simsched
