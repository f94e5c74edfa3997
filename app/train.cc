// simsched train: models from decisions.
#include "ml/learn/train.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "base/files.h"
#include "base/parallel.h"
#include "experiment/config.h"
#include "report/format.h"
#include "report/table.h"

namespace simsched {
namespace {

using namespace ml;  // NOLINT: what this command is about

constexpr const char* kHelp = R"(
What is learned, and how, stands in a YAML file (docs/learning.md):

  data: decisions.sdat          # of simsched dataset
  balance: smote                # or weights, none
  grid: {hidden: [[15], [10, 5]], learning_rate: [0.001, 0.01]}
  model: {learner: net, kind: int8}

The net with the best F1 on the last of `folds_by` that a policy can run is written as a model file.

Examples:
  simsched train train.yaml                  compare learners
  simsched train train.yaml -o model.smlp     and write the model: 'policies: [{rusty_ml: {model: model.smlp}}]'
  simsched train train.yaml --grid grid.csv  with all points of the grid as a table
)";

struct Arguments {
  std::string config, output, grid;
  int jobs = 0;
  bool quiet = false;
};

const char* name_of(FoldsBy by) { return by == FoldsBy::kPlain ? "plain" : "grouped"; }

std::string grid_csv(const TrainReport& report, const TrainConfig& config) {
  std::string text = "net,learning_rate,epochs";
  for (FoldsBy by : config.folds_by) text += fmt::format(",accuracy_{0},f1_{0}", name_of(by));
  text += '\n';
  for (const GridPoint& point : report.grid) {
    text += fmt::format("{},{},{}", point.shape.text(), point.learning_rate, point.epochs);
    for (const Score& score : point.scores) text += fmt::format(",{:.6f},{:.6f}", score.accuracy, score.f1);
    text += '\n';
  }
  return text;
}

std::string percent(const std::optional<double>& share) { return share ? fmt::format("{:.3f} %", *share * 100) : "-"; }

std::string learners_table(const TrainReport& report, const TrainConfig& config) {
  Table table;
  table.add_column("learner", Align::kLeft);
  for (FoldsBy by : config.folds_by) {
    table.add_column(std::string("accuracy\n") + name_of(by));
    table.add_column(std::string("F1\n") + name_of(by));
  }
  table.add_column("a decision");
  table.add_column("flips\nint8");
  table.add_column("flips\nQ11.21");
  table.add_column("what", Align::kLeft);
  for (const Learner& learner : report.learners) {
    std::vector<Cell> row = {learner.name};
    for (const Score& score : learner.scores) {
      row.push_back(fmt::format("{:.4f}", score.accuracy));
      row.push_back(fmt::format("{:.4f}", score.f1));
    }
    row.push_back(fmt::format("{:.0f} ns{}", learner.ns, learner.in_integers ? "" : " *"));
    row.push_back(percent(learner.int8_flips));
    row.push_back(percent(learner.q21_flips));
    row.push_back(learner.what);
    table.add_row(std::move(row));
  }
  return table.str() + "* in floating point: no model in integers holds it\n";
}

int train_command_of(const Arguments& arguments) {
  check_outputs({arguments.output, arguments.grid}, {arguments.config});
  const Bytes text = read_file(arguments.config);
  const TrainConfig config = parse_train_config(std::string(text.text()), arguments.config);
  const Dataset data = read_data(config);
  TrainReport report;
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressBar bar("training", arguments.quiet);
    report = train(config, data, !arguments.output.empty(), jobs_or_default(arguments.jobs), std::ref(bar));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Outputs outputs;
  if (report.model) {
    const std::vector<std::byte> bytes = mlp::model_bytes(*report.model, arguments.output);
    outputs.add_file(arguments.output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  if (!arguments.grid.empty()) outputs.add_file(arguments.grid, grid_csv(report, config));
  outputs.write();
  if (!arguments.quiet) {
    fmt::print(outputs.text(), "{} decisions, {} of them to move; {} fits in {:.1f} s\n\n{}",
               format_count(static_cast<double>(report.rows)), format_count(static_cast<double>(report.moves)),
               report.fits, seconds, learners_table(report, config));
    if (config.folds_by.size() == 2) {
      const std::vector<Score>& best = report.grid[report.best].scores;
      fmt::print(outputs.text(), "\nleak: F1 of the best net is {:+.4f} with {} folds, against {} ones\n",
                 best[0].f1 - best[1].f1, name_of(config.folds_by[0]), name_of(config.folds_by[1]));
    }
    if (report.model)
      fmt::print(outputs.text(),
                 "model: {}, version {}; in integers F1 {:.4f}, accuracy {:.4f} on what it learned from\n",
                 report.model_of, report.model->model.version, report.fixed.f1, report.fixed.accuracy);
    for (const std::string& path : outputs.paths()) fmt::print(outputs.text(), "wrote {}\n", path);
  }
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("CONFIG", arguments->config, "What to learn, a YAML file")->required();
  command.add_option("-o,--output", arguments->output, "The model file to write");
  command.add_option("--grid", arguments->grid, "Write all points of the grid here, as CSV");
  command.add_option("-j,--jobs", arguments->jobs, "Fits at a time; the model is the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return train_command_of(*arguments); };
}

}  // namespace

Command train_command() { return {"train", "learn models of policies from decisions, and compare learners", add}; }

}  // namespace simsched
