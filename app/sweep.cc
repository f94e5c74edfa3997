// simsched sweep: one experiment with variables, all that it stands for, on many cores or many computers.
#include "sweep/sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "app/commands.h"
#include "app/interruptible.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "app/slurm.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/parallel.h"
#include "experiment/policies.h"
#include "sweep/npz.h"
#include "sweep/results.h"
#include "sweep/simulate.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
A sweep is an experiment with variables. $NAME stands for each of its values in turn:

  sweep:
    slice: [1ms, 3ms, 10ms]                 # in policies only: a policy for each
    clients: {from: 8, to: 512, times: 4}   # elsewhere: the experiment for each
    think: [1ms, 10ms]                      # ... in all combinations
    box: [vm-2c, {llcs_per_node: 2}]        # values may be anything
  machine: $box
  workload: {server: {clients: $clients, think: $think}}
  policies:
    - eevdf
    - eevdf: {base_slice_ns: $slice}
  seeds: 5

Each run is kept in DIR as it ends: killed at any moment, the same command goes on from there. So does one with more
values, seeds or policies; only what is new is simulated. At the end DIR/sweep.npz has a column a figure:

  numpy.load("DIR/sweep.npz")["makespan_ns"]

Examples:
  simsched sweep sweep.yaml -o out                  all of it, on all cores
  simsched sweep sweep.yaml -o out --csv all.csv    the same, and the runs as CSV
  simsched sweep sweep.yaml -o out --shard 2/4      every fourth run, from the second on
  simsched sweep sweep.yaml -o out --merge          what all shards found, once they are done
  simsched sweep sweep.yaml -o out --slurm 16 > job.sh
                                                    a job array of 16 shards for Slurm
)";

struct Arguments {
  std::string config, output, csv, shard;
  int jobs = 0, seeds = 0, slurm = 0;
  bool merge = false, quiet = false;
};

// "2/4"
Shard read_shard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.number);
  bool good = first == std::errc() && slash != end && *slash == '/';
  if (good) {
    const auto [rest, second] = std::from_chars(slash + 1, end, shard.count);
    good = second == std::errc() && rest == end && shard.number >= 1 && shard.number <= shard.count &&
           shard.count <= kMostRuns;
  }
  if (!good) throw Error("--shard", "'" + text + "' is no part of a whole", "write it as 1/4 .. 4/4");
  return shard;
}

int write_results(const Sweep& sweep, const Journal& journal, const std::string& folder, const Arguments& arguments) {
  const SweepResults results(sweep, journal);
  Outputs outputs;
  if (!arguments.merge || ::access(folder.c_str(), W_OK) == 0)
    outputs.add_file(folder + "/sweep.npz", npz_bytes(results.frame.frame()));
  else
    fmt::print(stderr, "simsched: {} is read-only: sweep.npz is left out; --csv writes the runs elsewhere\n", folder);
  if (!arguments.csv.empty()) outputs.add_file(arguments.csv, results.frame.frame().csv());
  outputs.write();
  if (arguments.quiet) return results.best.exit_code();
  std::FILE* text = outputs.text();
  fmt::print(text, "{}", results.best.text(look_of(fileno(text))));
  for (const std::string& path : outputs.paths()) fmt::print(text, "wrote {}\n", path);
  return results.best.exit_code();
}

int run(const Arguments& arguments) {
  const Shard shard = arguments.shard.empty() ? Shard{} : read_shard(arguments.shard);
  check_outputs({arguments.csv}, {arguments.config});
  const PolicyRegistry registry = all_policies();
  std::optional<std::vector<uint64_t>> seeds;
  if (arguments.seeds > 0) seeds = first_seeds(static_cast<size_t>(arguments.seeds));
  const Sweep sweep(arguments.config, registry, SIMSCHED_VERSION "-" SIMSCHED_REVISION, seeds);
  std::string folder = arguments.output.empty() ? sweep.config().output : arguments.output;
  if (folder.empty()) folder = "results/" + std::filesystem::path(arguments.config).stem().string();
  if (!arguments.merge) check_output_folder(folder);
  if (arguments.slurm > 0) {
    fmt::print("{}", slurm_script(arguments.config, folder, arguments.slurm, arguments.seeds));
    return kExitOk;
  }

  const int jobs = jobs_or_default(arguments.jobs > 0 ? arguments.jobs : sweep.config().jobs);
  if (!arguments.merge) {
    ProgressBar bar("reading", arguments.quiet);
    sweep.check(jobs, std::ref(bar));
  }
  const std::string own =
      shard.count == 1 ? "runs.jsonl" : fmt::format("runs-{}-of-{}.jsonl", shard.number, shard.count);
  std::optional<Journal> journal;
  if (arguments.merge)
    journal.emplace(folder);
  else
    journal.emplace(folder, own);
  const std::vector<const SweepItem*> missing = missing_runs(sweep, *journal, shard);
  if (arguments.merge && !missing.empty())
    throw Error(folder, fmt::format("{} of {} runs are not there yet", missing.size(), sweep.items().size()),
                "wait for the shards, start those that failed again, or leave --merge out to run the rest here");
  {
    ProgressBar bar(fmt::format("{} runs", missing.size()), arguments.quiet);
    const Interruptible interruptible;
    if (!simulate(sweep, missing, *journal, jobs, interrupted, std::ref(bar))) {
      fmt::print(stderr, "simsched: stopped; the same command goes on from here\n");
      return kExitInterrupted;
    }
  }
  const size_t all = sweep.items().size();
  if (shard.count > 1) {
    if (!arguments.quiet)
      fmt::print("shard {}/{} of {} runs is done; --merge makes one of all\n", shard.number, shard.count, all);
    return kExitOk;
  }
  if (!arguments.quiet && arguments.csv != "-")
    fmt::print("{} runs, {} of them simulated now\n\n", all, missing.size());
  return write_results(sweep, *journal, folder, arguments);
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("CONFIG", arguments->config, "The experiment, a YAML file with 'sweep:'")->required();
  command.add_option("-o,--output", arguments->output, "Folder for the runs and sweep.npz [results/CONFIG]");
  command.add_option("-j,--jobs", arguments->jobs, "Simulations at a time; the results are the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_option("--seeds", arguments->seeds, "Runs of each policy, with seeds 1 to N")
      ->check(CLI::Range(1, kMaxSeeds));
  command.add_option("--csv", arguments->csv, "Also write all runs here as CSV, when they are done");
  CLI::Option* shard = command.add_option("--shard", arguments->shard, "Only the K-th of N parts: K/N");
  command.add_flag("--merge", arguments->merge, "Simulate nothing: put together what shards left in the folder")
      ->excludes(shard);
  command.add_option("--slurm", arguments->slurm, "Print a script for Slurm, a job array of N shards, and stop")
      ->check(CLI::Range(1, 100000))
      ->excludes(shard);
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command sweep_command() {
  return {"sweep", "simulate an experiment with variables: all cores, resumable, or in shards", add};
}

}  // namespace simsched
