// simsched validate: recordings, replayed where they were made. Does the simulation tell the truth?
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "app/recording_options.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/parallel.h"
#include "experiment/config.h"
#include "experiment/diagnosis.h"
#include "experiment/policies.h"
#include "experiment/validation.h"
#include "report/counters.h"
#include "report/fidelity.h"
#include "report/page/fidelity_page.h"
#include "report/recording.h"
#include "report/table.h"
#include "traces/formats.h"
#include "traces/perfetto/perfetto_writer.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
Replays each recording on the machine and kernel that it was recorded on, under the policy that ran there, measures
recordings and replays alike, and asks of every metric: could the replay be one of the real runs? It could when the
median of its seeds is inside the range of the recordings, widened by the tolerance (docs/metrics.md).

Two real runs of one program differ, some by a factor. One recording is a range of one value, so give several of the
same command: 'scripts/record --runs 3 -o NAME COMMAND' makes NAME.1, NAME.2 and NAME.3.

In the column 'ok' NO is outside of the tolerance, and 'undetermined' says that the seeds differ by more than half of
their median: neither right nor wrong. Exit code 1 when a metric says NO; then the last lines say what differs most,
why that may be, and what to do.

Examples:
  simsched validate kernel-build.perf.data.zst
  simsched validate redis.1.perf.data.zst redis.2.perf.data.zst redis.3.perf.data.zst
  simsched validate kernel-build.perf.data.zst --json fidelity.json --seeds 9
)";

struct Arguments {
  std::vector<std::string> traces;
  std::string recorded, machine, json, html, perfetto, policy;
  int seeds = 5;
  int jobs = 0;
};

std::vector<Recording> load_all(const Arguments& arguments) {
  if (arguments.traces.size() > 1 && !arguments.recorded.empty())
    throw Error("--recorded", "one file cannot tell of several recordings", "put a NAME.recorded.yaml beside each");
  std::vector<Recording> recordings;
  for (const std::string& trace : arguments.traces)
    recordings.push_back(load_with_bar(trace, arguments.recorded, arguments.machine));
  check_alike(recordings, arguments.traces);
  return recordings;
}

int run(const Arguments& arguments) {
  // Before the recordings are read, and replayed.
  const PolicyRegistry registry = all_policies();
  if (!arguments.policy.empty()) policy_from_name(arguments.policy, registry, "--policy");
  check_outputs({arguments.json, arguments.html, arguments.perfetto}, arguments.traces);

  const std::vector<Recording> recordings = load_all(arguments);
  const std::string name =
      arguments.policy.empty() ? fair_policy_of(recordings.front().kernel.version) : arguments.policy;
  const PolicyConfig policy = policy_from_name(name, registry, "--policy");
  ValidationOptions options;
  options.seeds = arguments.seeds;
  options.jobs = jobs_or_default(arguments.jobs);
  options.machine_given = !arguments.machine.empty();
  options.keep_first = !arguments.perfetto.empty();
  const auto [fidelity, diagnoses, first] = [&] {
    ProgressBar bar("replaying");
    return validate(recordings, policy, options, std::ref(bar));
  }();

  Outputs outputs;
  if (!arguments.json.empty())
    outputs.add_file(arguments.json, fidelity_json(fidelity, diagnoses, arguments.traces, name));
  std::string about;
  for (const Recording& recording : recordings) about += describe_recording(recording) + '\n';
  const std::string heading = fmt::format("{} over {} seed{}{}", name, arguments.seeds, arguments.seeds == 1 ? "" : "s",
                                          recordings.size() == 1 ? "" : " of each");
  if (!arguments.html.empty())
    outputs.add_file(arguments.html, fidelity_page(fidelity, diagnoses, "validate: " + heading, about));
  if (!arguments.perfetto.empty()) {
    outputs.add_file(arguments.perfetto, perfetto_bytes(first, nr_running_counters(first)));
  }
  outputs.write();
  std::FILE* text = outputs.text();
  fmt::print(text, "{}{}:\n\n{}\n{}", about, heading, fidelity_table(fidelity, look_of(fileno(text))),
             fidelity_summary(fidelity, diagnoses));
  return fidelity.ok() ? kExitOk : kExitOutside;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("TRACE", arguments->traces, "A recording, or several of one command: " + trace_formats_text())
      ->required();
  command.add_option("--recorded", arguments->recorded,
                     "How it was recorded [NAME.recorded.yaml beside NAME.perf.data and the like]");
  command.add_option("--json", arguments->json, "Write the figures here");
  command.add_option("--html", arguments->html, "Write a page to look at: one file");
  command.add_option("--seeds", arguments->seeds, "Replays of each recording, with seeds 1 to N")
      ->check(CLI::Range(1, kMaxSeeds))
      ->capture_default_str();
  command.add_option("-j,--jobs", arguments->jobs, "Replays at a time; the figures are the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_option("--policy", arguments->policy,
                     "The policy that it was recorded under [the fair class of its kernel]");
  command.add_option("--machine", arguments->machine, "The machine it was recorded on [as the sidecar says]");
  command.add_option("--perfetto", arguments->perfetto, "Write the first replay as a Perfetto trace");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command validate_command() {
  return {"validate", "replay recordings where they were made, and say whether they could be real runs", add};
}

}  // namespace simsched
