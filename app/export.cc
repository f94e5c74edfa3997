// simsched export: a policy as a folder from which a machine loads it into its kernel.
#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/run_config.h"
#include "base/error.h"
#include "experiment/config.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "experiment/policies.h"
#include "report/chosen_export.h"
#include "report/comparison.h"
#include "scx_port/export/exporter.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
The folder holds the BPF object of the very source that is simulated, a static loader, a systemd unit, a README for the
administrator, and manifest.json: parameters, the results that justified the choice, hashes. The same input gives the
same bytes. Of a CONFIG with several policies the best by its first metric is exported, unless --policy names one.

Examples:
  simsched export scx_simple -o simple                        a shipped policy, as it is
  simsched export my.bpf.c -o mine                            any sched_ext scheduler
  simsched export experiment.yaml -o winner                   simulate, and export the best
  simsched export experiment.yaml --policy scx_rusty -o rusty simulate, and export this one
  winner/simsched-loader --check                              on the machine that is to run it
  simsched verify winner --vm                                 the proof, on a real kernel in a virtual machine
)";

struct Arguments {
  std::string subject, output, policy;
  bool quiet = false;
};

int write_folder(const Arguments& arguments, const ChosenExport& chosen) {
  Outputs outputs;
  outputs.add_folder(arguments.output);
  for (auto& [name, content] : export_files(chosen.request(SIMSCHED_VERSION)))
    outputs.add_file(arguments.output + "/" + name, content);
  outputs.write();
  make_loader_executable(arguments.output);
  if (arguments.quiet) return 0;
  fmt::print("exported {} to {}\n", chosen.policy, arguments.output);
  fmt::print("prove it: simsched verify {} --vm\nload it:  {}/{}\n", arguments.output, arguments.output, kLoaderFile);
  return 0;
}

// A name or a source, with nothing simulated.
int export_plain(const Arguments& arguments, const PolicyRegistry& registry) {
  const ChosenExport chosen = plain_export(arguments.subject, registry);
  if (!arguments.policy.empty()) throw Error("--policy", "there is only one policy here", "leave it out");
  return write_folder(arguments, chosen);
}

int export_config(const Arguments& arguments, const PolicyRegistry& registry) {
  Config config = load_config(arguments.subject, registry);
  if (config.metrics.empty()) config.metrics = default_metrics();
  check_export(config, arguments.policy);
  const Inputs inputs = load_inputs(config, arguments.quiet);
  const std::vector<Experiment> experiments = list_experiments(config, inputs);
  std::vector<RunResult> results;
  for (const Outcome& outcome : run_all(experiments, config, inputs, arguments.quiet))
    results.push_back(outcome.result);
  return write_folder(arguments, choose_export(config, inputs, arguments.policy, results));
}

int run(const Arguments& arguments) {
  check_output_folder(arguments.output);
  loader_path();
  const bool config = arguments.subject.ends_with(".yaml") || arguments.subject.ends_with(".yml");
  const PolicyRegistry registry = all_policies();
  return config ? export_config(arguments, registry) : export_plain(arguments, registry);
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("POLICY|CONFIG", arguments->subject, "A policy's name, a .bpf.c file, or an experiment")
      ->required();
  command.add_option("-o,--output", arguments->output, "The folder to write")->required();
  command.add_option("--policy", arguments->policy, "Which of the experiment's policies");
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command export_command() {
  return {"export", "a policy as a folder from which a machine loads it into its kernel", add};
}

}  // namespace simsched
