// simsched run: an experiment, its table and its files.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/run_config.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output_file.h"
#include "experiment/config.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "experiment/policies.h"
#include "report/comparison.h"
#include "report/counters.h"
#include "report/csv.h"
#include "report/packets.h"
#include "report/page/page.h"
#include "report/recording.h"
#include "report/reference.h"
#include "report/results_json.h"
#include "report/table.h"
#include "topology/draw/render.h"
#include "traces/perfetto/perfetto_writer.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
An experiment is a YAML file:

  machines: [vm-2c, desktop-2llc]     # presets, files, host; 'machine:' for one
  workload:
    trace: build.perf.data.zst        # a perf sched recording, or a generator: see simsched workloads
  policies:
    - eevdf                           # the first is what the others are compared to
    - cfs
    - eevdf: {base_slice_ns: 20ms, label: long-slice}
  seeds: 5                            # runs of each, for the confidence interval

Examples:
  simsched run experiment.yaml                        the table; files in results/experiment
  simsched run experiment.yaml --seeds 10 -o out      more runs, files in out
  simsched run experiment.yaml --perfetto t.perfetto  a trace for ui.perfetto.dev
  simsched run experiment.yaml --html report.html     a page to look at and to send
  simsched run experiment.yaml -q --csv -             figures for another program; '-' is standard output
)";

struct Arguments {
  std::string config, output, perfetto, csv, html;
  std::vector<std::string> policies;
  int jobs = 0;
  int seeds = 0;
  bool quiet = false;
};

// The policies of the command line: those of the config by label or name, with its tunables, or others plain.
std::vector<PolicyConfig> chosen_policies(const std::vector<std::string>& names, const Config& config,
                                          const PolicyRegistry& registry) {
  std::vector<PolicyConfig> chosen;
  for (const std::string& name : names) {
    auto same = [&](const PolicyConfig& policy) { return policy.label == name; };
    auto found = std::find_if(config.policies.begin(), config.policies.end(), same);
    if (std::any_of(chosen.begin(), chosen.end(), same)) throw Error("--policy", "'" + name + "' is given twice");
    chosen.push_back(found != config.policies.end() ? *found : policy_from_name(name, registry, "--policy"));
  }
  return chosen;
}

Config configure(const Arguments& arguments, const PolicyRegistry& registry) {
  Config config = load_config(arguments.config, registry);
  if (!arguments.policies.empty()) config.policies = chosen_policies(arguments.policies, config, registry);
  if (arguments.seeds > 0) config.seeds = first_seeds(static_cast<size_t>(arguments.seeds));
  if (arguments.jobs > 0) config.jobs = arguments.jobs;
  if (!arguments.output.empty()) config.output = arguments.output;
  if (config.output.empty()) config.output = "results/" + std::filesystem::path(config.file).stem().string();
  if (config.metrics.empty()) config.metrics = default_metrics();
  return config;
}

// The first policy's trace goes to the file as named, those of the others have "-POLICY" before the extension.
std::string perfetto_path(const std::string& path, const Config& config, size_t policy) {
  if (policy == 0) return path;
  std::string label = config.policies[policy].label;
  for (char& c : label) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_') c = '-';
  }
  std::filesystem::path named(path);
  named.replace_filename(named.stem().string() + "-" + label + named.extension().string());
  return named.string();
}

// A device or a pipe takes one trace.
void check_perfetto(const std::string& path, const Config& config) {
  if (config.policies.size() > 1 && is_written_directly(path)) {
    throw Error("--perfetto",
                "'" + path + "' is no file, and there is a trace for each of " +
                    std::to_string(config.policies.size()) + " policies",
                "name a file, or one policy with --policy");
  }
}

// With -q nothing else names it.
void name_failures(const std::vector<RunResult>& results) {
  for (const RunResult& result : results) {
    if (result.exit_code != 0) {
      fmt::print(stderr, "simsched: error: {} on {}, seed {}: {}\n", result.policy, result.machine, result.seed,
                 result.status);
    }
  }
}

// The first run of each policy: what each is compared by at a glance.
void mark_recorded(std::vector<Experiment>& experiments, const Config& config) {
  for (Experiment& experiment : experiments) {
    experiment.record = experiment.machine == 0 && experiment.seed == config.seeds.front();
  }
}

Outputs collect(const std::vector<Experiment>& experiments, const std::vector<Outcome>& outcomes,
                const std::vector<RunResult>& results, const Config& config, const Arguments& arguments) {
  Outputs outputs;
  std::string csv = results_to_csv(results);
  outputs.add_folder(config.output);
  outputs.add_file(config.output + "/results.json", results_to_json(results, SIMSCHED_VERSION));
  outputs.add_file(config.output + "/results.csv", csv);
  if (std::string tasks = tasks_to_csv(results); !tasks.empty())
    outputs.add_file(config.output + "/tasks.csv", std::move(tasks));
  if (!arguments.csv.empty()) outputs.add_file(arguments.csv, csv);
  for (size_t i = 0; !arguments.perfetto.empty() && i < outcomes.size(); ++i) {
    if (!experiments[i].record) continue;
    const Outcome& outcome = outcomes[i];
    std::vector<CounterTrack> counters = nr_running_counters(outcome.trace);
    counters.insert(counters.end(), outcome.counters.begin(), outcome.counters.end());
    outputs.add_file(perfetto_path(arguments.perfetto, config, experiments[i].policy),
                     perfetto_bytes(outcome.trace, counters, places(outcome.trace, *outcome.machine)));
  }
  return outputs;
}

std::string html_page(const std::vector<Experiment>& experiments, const std::vector<Outcome>& outcomes,
                      const std::vector<RunResult>& results, const Config& config, const Inputs& inputs) {
  Page page{std::filesystem::path(config.file).stem().string(), results, config.metrics, {}, {}, {}, SIMSCHED_VERSION};
  page.config = read_file(config.file).text();
  for (size_t i = 0; i < inputs.nr_machines(); ++i)
    page.drawings.emplace_back(inputs.machine(i).name(), machine_svg(inputs.machine(i)));
  const size_t most = kMostTimelineRuns / config.policies.size();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!experiments[i].record) continue;
    const RunResult& result = outcomes[i].result;
    page.timelines.push_back({result.machine, result.policy, result.seed, timeline_of(outcomes[i].trace, most)});
  }
  return results_page(page);
}

int run(const Arguments& arguments) {
  const PolicyRegistry registry = all_policies();
  Config config = configure(arguments, registry);
  check_output_folder(config.output);
  check_outputs({arguments.csv, arguments.perfetto, arguments.html}, {arguments.config});
  if (!arguments.perfetto.empty()) check_perfetto(arguments.perfetto, config);

  const Inputs inputs = load_inputs(config, arguments.quiet);
  std::vector<Experiment> experiments = list_experiments(config, inputs);
  if (!arguments.perfetto.empty() || !arguments.html.empty()) mark_recorded(experiments, config);
  std::vector<Outcome> outcomes = run_all(experiments, config, inputs, arguments.quiet);

  std::vector<RunResult> results;
  results.reserve(outcomes.size());
  for (const Outcome& outcome : outcomes) results.push_back(outcome.result);
  Outputs outputs = collect(experiments, outcomes, results, config, arguments);
  if (!arguments.html.empty())
    outputs.add_file(arguments.html, html_page(experiments, outcomes, results, config, inputs));
  outputs.write();
  if (arguments.quiet) {
    name_failures(results);
  } else {
    std::FILE* text = outputs.text();
    if (inputs.recording() != nullptr) {
      std::string doubts = doubts_about(*inputs.recording());
      if (!doubts.empty()) fmt::print(text, "{}\n", doubts);
    }
    for (const std::string& note : inputs.notes()) fmt::print(text, "note        {}\n", note);
    if (!inputs.notes().empty()) fmt::print(text, "\n");
    fmt::print(text, "{}\n", comparison_tables(results, config.metrics, look_of(fileno(text))));
    if (!config.references.empty()) fmt::print(text, "{}\n", reference_tables(config.references, results));
    if (std::string packets = packet_tables(results, look_of(fileno(text))); !packets.empty())
      fmt::print(text, "{}\n", packets);
    for (const std::string& path : outputs.paths()) fmt::print(text, "wrote {}\n", path);
  }
  for (const RunResult& result : results) {
    if (result.exit_code != 0) return result.exit_code;
  }
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("CONFIG", arguments->config, "The experiment, a YAML file")->required();
  command.add_option("-o,--output", arguments->output, "Folder for results.json and results.csv [results/CONFIG]");
  command.add_option("-j,--jobs", arguments->jobs, "Simulations at a time; the results are the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_option("--seeds", arguments->seeds, "Runs of each policy, with seeds 1 to N")
      ->check(CLI::Range(1, kMaxSeeds));
  command.add_option("--policy", arguments->policies, "Only these policies, instead of the config's");
  command.add_option("--csv", arguments->csv, "Also write results.csv here");
  command.add_option("--perfetto", arguments->perfetto,
                     "Write a Perfetto trace of the first run of the first policy; those of others get -POLICY added");
  command.add_option("--html", arguments->html, "Write a page to look at: one file, with timelines of the first runs");
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command run_command() { return {"run", "simulate an experiment: machines x policies x seeds, and compare", add}; }

}  // namespace simsched
