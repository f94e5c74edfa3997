// simsched validate: a recording, replayed where it was made. Does the simulation tell the truth?
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "app/recording_text.h"
#include "base/exit_code.h"
#include "base/output_file.h"
#include "experiment/config.h"
#include "experiment/fidelity.h"
#include "experiment/parallel.h"
#include "experiment/policies.h"
#include "experiment/recording.h"
#include "report/counters.h"
#include "report/fidelity.h"
#include "report/table.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/trace_stats.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
Replays the recording on the machine and kernel that it was recorded on, under the policy that ran there, and
measures both alike. Exit code 1 when a metric is outside its tolerance.

Examples:
  simsched validate kernel-build.perf.data.zst
  simsched validate kernel-build.perf.data.zst --json fidelity.json --seeds 9
)";

struct Arguments {
  std::string trace, recorded, machine, json, perfetto, policy = "eevdf";
  int seeds = 5;
  int jobs = 0;
};

struct Replays {
  std::vector<TraceStats> stats;  // by seed
  SchedTrace first;               // when it is to be written
};

Replays replay_seeds(const Recording& recording, const PolicyConfig& policy, const Arguments& arguments) {
  Replays replays;
  replays.stats.resize(static_cast<size_t>(arguments.seeds));
  ProgressBar bar("replaying");
  auto one = [&](size_t i) {
    SchedTrace trace = replay_recording(recording, policy, i + 1);
    replays.stats[i] = trace_stats(trace, recording.trace.holes.no_switch_from_idle);
    if (i == 0 && !arguments.perfetto.empty()) replays.first = std::move(trace);
  };
  parallel_for(replays.stats.size(), jobs_or_default(arguments.jobs), one, std::ref(bar));
  return replays;
}

int validate(const Arguments& arguments) {
  // Before the recording is read, and replayed.
  const PolicyRegistry registry = all_policies();
  const PolicyConfig policy = policy_from_name(arguments.policy, registry, "--policy");
  if (!arguments.json.empty()) check_output_file(arguments.json);
  if (!arguments.perfetto.empty()) check_output_file(arguments.perfetto);

  Recording recording = load_with_bar(arguments.trace, arguments.recorded, arguments.machine);
  Replays replays = replay_seeds(recording, policy, arguments);
  Fidelity fidelity(trace_stats(recording.trace, recording.trace.holes.no_switch_from_idle), replays.stats);

  Outputs outputs;
  if (!arguments.json.empty())
    outputs.add_file(arguments.json, fidelity_json(fidelity, arguments.trace, arguments.policy));
  if (!arguments.perfetto.empty()) {
    outputs.add_file(arguments.perfetto, perfetto_bytes(replays.first, nr_running_counters(replays.first)));
  }
  outputs.write();
  std::FILE* text = outputs.text();
  fmt::print(text, "{}\n{} over {} seed{}:\n\n{}", describe_recording(recording), arguments.policy, arguments.seeds,
             arguments.seeds == 1 ? "" : "s", fidelity_table(fidelity, wants_colour(fileno(text))));
  fmt::print(text, "\n{}\n", fidelity.ok() ? "within tolerance" : "outside tolerance");
  return fidelity.ok() ? kExitOk : kExitOutside;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  add_recording_options(command, arguments->trace, arguments->recorded);
  command.add_option("--json", arguments->json, "Write the figures here");
  command.add_option("--seeds", arguments->seeds, "Replays, with seeds 1 to N")
      ->check(CLI::Range(1, kMaxSeeds))
      ->capture_default_str();
  command.add_option("-j,--jobs", arguments->jobs, "Replays at a time; the figures are the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_option("--policy", arguments->policy, "The policy that it was recorded under")->capture_default_str();
  command.add_option("--machine", arguments->machine, "The machine it was recorded on [as the sidecar says]");
  command.add_option("--perfetto", arguments->perfetto, "Write the first replay as a Perfetto trace");
  command.footer(kHelp);
  return [arguments] { return validate(*arguments); };
}

}  // namespace

Command validate_command() {
  return {"validate", "replay a recording where it was made, and say how well the simulation matches", add};
}

}  // namespace simsched
