// simsched search: a model for a policy, found by what comes of it.
#include "ml/search/search.h"

#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/interruptible.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "base/output_file.h"
#include "base/parallel.h"
#include "experiment/policies.h"
#include "ml/search/held_out.h"
#include "ml/search/picture.h"
#include "ml/search/warm_start.h"
#include "report/table.h"

namespace simsched {
namespace {

using search::Duel;
using search::HeldOut;
using search::Ratio;
using search::Search;
using search::SearchConfig;

constexpr const char* kHelp = R"(
A search is a YAML file; docs/learning.md describes every key:

  policy: scx_gate                      # one with a tunable 'model'; any, with 'model: none'
  search: {method: sep_cma_es, population: 32, generations: 100, scenarios: 8}
  train:                                # families of experiments; values may be draws
    - name: builds
      machine: {llcs_per_node: {any: [1, 2]}, cores_per_llc: {from: 2, to: 8}}
      workload: {fork_join: {jobs: {from: 50%, to: 200%, of: cpus}, work: {from: 2ms, to: 20ms}}}
  validation: {scenarios: 16, families: [...]}
  test: {scenarios: 60, families: [...]}

With tunables, beside a model or instead of one (model: none), it sets them too, and writes MODEL.yaml, a policy to use:

  tunables:
    slice_us_underutil: {from: 1000, to: 40000, log: true, start: 20000}
    fifo_sched: {any: [false, true]}

Beside the model it writes MODEL.svg, a picture of its progress; MODEL.archive.json; MODEL.checkpoint after each
generation, from which --resume goes on with the same result; and at the end MODEL.test.json, if there is a 'test'.

Example:
  simsched search configs/learning/gate.yaml -o gate.smlp --jobs 2
)";

struct Arguments {
  std::string config, output;
  bool resume = false, quiet = false;
  int jobs = 0;
  int64_t generations = -1;
};

// "gate.svg" beside "gate.smlp".
std::string beside(const std::string& model, const std::string& ending) {
  return std::filesystem::path(model).replace_extension(ending).string();
}

// One line on a terminal, written anew for each generation.
class Status {
 public:
  Status(uint64_t first, uint64_t generations, bool quiet)
      : first_(first), generations_(generations), visible_(!quiet && isatty(STDERR_FILENO) == 1) {}
  ~Status() {
    if (visible_) fmt::print(stderr, "\r\033[K");
  }

  void show(const Search& search) {
    if (!visible_) return;
    const uint64_t done = search.generation();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const auto since = static_cast<double>(done - first_);
    std::string left = "?";
    if (since > 0) left = fmt::format("{:.0f} s", seconds / since * static_cast<double>(generations_ - done));
    fmt::print(stderr, "\r\033[Kgeneration {}/{}, best {:+.4f}, now {:+.4f}, {:.0f} simulations/s, {} left", done,
               generations_, search.archive().best()->worth.total,
               search.steps().empty() ? 0 : search.steps().back().median,
               static_cast<double>(search.simulations()) / seconds, left);
    std::fflush(stderr);
  }

 private:
  const uint64_t first_, generations_;
  const bool visible_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// The policy with what was found, for the `policies:` of an experiment.
std::string policy_yaml(const Search& search, const std::string& model) {
  const SearchConfig& config = search.config();
  const std::string file = std::filesystem::path(model).filename().string();
  YAML::Emitter out;
  out << YAML::Comment(fmt::format("found by simsched search, generation {}", search.archive().best()->generation));
  out << YAML::BeginSeq << YAML::BeginMap << YAML::Key << config.policy.policy->name() << YAML::Value << YAML::BeginMap;
  for (const Tunable& tunable : config.candidate(search.best(), file).tunables)
    out << YAML::Key << tunable.key << YAML::Value << YAML::Load(tunable.value.str());
  out << YAML::EndMap << YAML::EndMap << YAML::EndSeq;
  return std::string(out.c_str()) + "\n";
}

void save(const Search& search, const std::string& model) {
  if (search.config().has_model()) mlp::write_model(search.model(), model);
  if (!search.config().tuned.empty()) write_file_atomically(beside(model, ".yaml"), policy_yaml(search, model));
  write_file_atomically(beside(model, ".archive.json"), search.archive_json());
  write_file_atomically(beside(model, ".svg"), search_svg(search));
  if (search.generation() == 0 && !search.rollouts().empty())
    write_file_atomically(beside(model, ".rollouts.csv"), search::rollouts_csv(search.rollouts()));
  write_file_atomically(beside(model, ".checkpoint"), search.checkpoint());  // last: what it says is there
}

// Whether it came to its end.
bool run_generations(Search& search, uint64_t generations, const Arguments& arguments) {
  const int jobs = jobs_or_default(arguments.jobs);
  Status status(search.generation(), generations, arguments.quiet);
  while (search.archive().members().empty() || search.generation() < generations) {
    if (!search.advance(jobs, interrupted, search.generation() + 1 == generations)) return false;
    save(search, arguments.output);
    status.show(search);
  }
  return true;
}

std::string interval(const Ratio& ratio) { return fmt::format("{:.3f} .. {:.3f}", ratio.low, ratio.high); }

std::string duels_table(const HeldOut& result) {
  Table table;
  table.add_column("model against", Align::kLeft);
  for (const char* heading : {"makespan", "95 % interval", "better in", "worst", "migrations", "wake-up p99"})
    table.add_column(heading);
  for (const Duel& duel : result.duels)
    table.add_row({duel.opponent, fmt::format("{:.3f}", duel.makespan.mean), interval(duel.makespan),
                   fmt::format("{}/{}", duel.wins, result.table.size()), fmt::format("{:.3f}", duel.worst),
                   fmt::format("{:.3f}", duel.migrations.mean), fmt::format("{:.3f}", duel.wake.mean)});
  Table families;
  families.add_column("makespan by family", Align::kLeft);
  for (const Duel& duel : result.duels) families.add_column("/ " + duel.opponent);
  for (size_t f = 0; f < result.duels.front().families.size(); ++f) {
    std::vector<Cell> cells = {result.duels.front().families[f].first};
    for (const Duel& duel : result.duels) cells.emplace_back(fmt::format("{:.3f}", duel.families[f].second));
    families.add_row(std::move(cells));
  }
  return table.str() + "\n" + families.str();
}

// Whether there was time for it.
bool run_test(const Search& search, const PolicyRegistry& registry, const Arguments& arguments) {
  const SearchConfig& config = search.config();
  ProgressBar bar("testing", arguments.quiet);
  const HeldOut result =
      held_out(config, config.candidate(search.best(), arguments.output, config.has_model() ? "model" : "tuned"),
               registry, jobs_or_default(arguments.jobs), interrupted, std::ref(bar));
  if (result.table.empty()) return false;
  write_file_atomically(beside(arguments.output, ".test.json"), held_out_json(result));
  if (arguments.quiet) return true;
  fmt::print(
      "\nheld out: {} scenarios of {} families that the search has not seen; below 1: the model's is less\n\n{}\n",
      result.table.size(), config.test.size(), duels_table(result));
  fmt::print("{}\n", result.accepted() ? "accepted: the makespan is below that of every other, with 95 % confidence"
                                       : "not accepted: the makespan is not below that of every other with 95 % "
                                         "confidence; ship the simplest that it does not beat");
  return true;
}

int run(const Arguments& arguments) {
  const std::string checkpoint = beside(arguments.output, ".checkpoint");
  if (beside(arguments.output, "") == arguments.output)
    throw Error(arguments.output, "the model's file has no ending, and others are written beside it",
                "name it MODEL.smlp");
  const PolicyRegistry registry = all_policies();
  SearchConfig config = search::load_search_config(arguments.config, registry);
  std::vector<std::string> outputs = {arguments.output};
  for (const char* ending : {".archive.json", ".svg", ".checkpoint", ".rollouts.csv", ".test.json", ".yaml"}) {
    const bool is_it = beside(arguments.output, ending) == arguments.output;
    if (is_it && (config.has_model() || std::string(ending) != ".yaml"))
      throw Error(arguments.output, "a search writes something else under this name",
                  config.has_model() ? "name it MODEL.smlp" : "name it POLICY.yaml");
    const bool written = std::string(ending) != ".yaml" || !config.tuned.empty();
    if (!is_it && written) outputs.push_back(beside(arguments.output, ending));
  }
  check_outputs(outputs, {arguments.config});
  check_output_file(arguments.output);  // its folder is there
  if (arguments.generations >= 0) config.generations = static_cast<uint64_t>(arguments.generations);
  Search search(config, registry);
  if (arguments.resume) search.load_checkpoint(std::string(read_file(checkpoint).text()), checkpoint);

  const Interruptible guard;
  bool done = run_generations(search, config.generations, arguments);
  if (!search.archive().members().empty() && !arguments.quiet) {
    for (const auto& [key, value] : config.values_of(search.best())) fmt::print("{}: {}\n", key, value);
    fmt::print(
        "{}: generation {} of {}; on validation {:+.4f} (0: as the better baseline), makespan {:+.1f} %, "
        "migrations {:+.0f} %\n",
        arguments.output, search.generation(), config.generations, search.archive().best()->worth.total,
        (std::exp(search.archive().best()->worth.makespan) - 1) * 100,
        (std::exp(search.archive().best()->worth.migrations) - 1) * 100);
  }
  if (done && !config.test.empty()) done = run_test(search, registry, arguments);
  if (done) return kExitOk;
  fmt::print(stderr, "simsched: stopped; --resume goes on from generation {}\n", search.generation());
  return kExitInterrupted;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("CONFIG", arguments->config, "The search, a YAML file")->required();
  command.add_option("-o,--output", arguments->output, "The model to write, MODEL.smlp; without one POLICY.yaml")
      ->required();
  command.add_flag("--resume", arguments->resume, "Go on from MODEL.checkpoint");
  command.add_option("-j,--jobs", arguments->jobs, "Simulations at a time; the result is the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_option("--generations", arguments->generations, "So many in all, instead of the config's")
      ->check(CLI::Range(0, 1000000));
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command search_command() {
  return {"search", "find a model or tunables for a policy by trying many on simulated machines", add};
}

}  // namespace simsched
