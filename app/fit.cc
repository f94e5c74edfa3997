// simsched fit: a recorded build as a workload of any size.
#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/recording_options.h"
#include "experiment/recording.h"
#include "fit/fit_build.h"
#include "report/format.h"
#include "report/recording.h"
#include "workloads/build_yaml.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
The file says what make started in what order, what each process did, and how much work it had. It is YAML, to be read
and changed: docs/workloads.md says what stands in it. In an experiment:

  workload: {build: {file: build.yaml, jobs: 16, objects: 2000}}

Example:
  simsched fit kernel-build-j4.perf.data.zst -o build.yaml
)";

struct Arguments {
  std::string trace, recorded, output;
};

std::string circumstances_text(const Recording& recording) {
  const Circumstances& told = recording.trace.circumstances;
  return fmt::format("{} on {}, Linux {}, {} Hz, preempt {}", recording.workload.name, recording.machine.name(),
                     told.kernel, told.hz, told.preempt);
}

int fit(const Arguments& arguments) {
  check_outputs({arguments.output}, {arguments.trace, arguments.recorded});
  const Recording recording = load_with_bar(arguments.trace, arguments.recorded, "", true);
  BuildFit fit = fit_build(recording.trace, recording.workload, arguments.trace);
  fit.model.recorded = circumstances_text(recording);
  Outputs outputs;
  outputs.add_file(arguments.output, build_to_yaml(fit.model));
  outputs.write();
  const double others = static_cast<double>(fit.other_work) / static_cast<double>(fit.work + fit.other_work) * 100;
  fmt::print(outputs.text(),
             "{}a build of {} objects with -j{}: {} processes, {} kinds of commands, {} of work; {:.1f} % of the work "
             "is of others and left out\nwrote {}\n",
             describe_recording(recording), fit.model.objects(), fit.model.jobs,
             format_count(static_cast<double>(fit.processes)), fit.model.kinds.size(),
             format_ns(static_cast<double>(fit.work)), others, arguments.output);
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  add_recording_options(command, arguments->trace, arguments->recorded);
  command.add_option("-o,--output", arguments->output, "The file to write")->required();
  command.footer(kHelp);
  return [arguments] { return fit(*arguments); };
}

}  // namespace

Command fit_command() { return {"fit", "a recorded build as a workload for any -j and any size", add}; }

}  // namespace simsched
