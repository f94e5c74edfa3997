// simsched dataset: decisions of policies, to learn from.
#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "base/files.h"
#include "base/parallel.h"
#include "experiment/config.h"
#include "experiment/policies.h"
#include "ml/collect/collect.h"
#include "ml/data/dataset_file.h"
#include "report/format.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
A dataset is made as a YAML file says (docs/learning.md):

  runs:                               # experiments, as simsched run takes them, or names of their files
    - machines: [vm-8c2n, desktop-2llc]
      workload: {build: {jobs: 16}}
      policies: [eevdf]
      seeds: 3
  recorded:                           # and what simsched-collect saw a kernel decide
    - {file: build.decisions, machine: host.yaml}
  sites: [steal, balance]             # of wake, fork, steal, balance; by default all
  rows: {stay: 213415, move: 127432}  # so many, chosen at random; by default all

Examples:
  simsched dataset decisions.yaml -o decisions.sdat            for simsched train
  simsched dataset decisions.yaml -o decisions.sdat --csv d.csv  the same as a table
)";

struct Arguments {
  std::string config, output, csv;
  int jobs = 0;
  bool quiet = false;
};

int dataset(const Arguments& arguments) {
  check_outputs({arguments.output, arguments.csv}, {arguments.config});
  const PolicyRegistry registry = all_policies();
  const Bytes text = read_file(arguments.config);
  const ml::DatasetConfig config = ml::parse_dataset_config(std::string(text.text()), arguments.config, registry);
  ml::Dataset data;
  {
    ProgressBar bar("simulating", arguments.quiet);
    data = ml::collect(config, jobs_or_default(arguments.jobs), std::ref(bar));
  }
  Outputs outputs;
  outputs.add_file(arguments.output, ml::dataset_bytes(data));
  if (!arguments.csv.empty()) outputs.add_file(arguments.csv, ml::dataset_csv(data));
  outputs.write();
  if (!arguments.quiet) {
    const auto [stay, move] = data.count();
    fmt::print(outputs.text(), "{} decisions, {} to move and {} to stay, of {} runs\n",
               format_count(static_cast<double>(data.rows())), format_count(static_cast<double>(move)),
               format_count(static_cast<double>(stay)), data.origins.size());
    for (const std::string& path : outputs.paths()) fmt::print(outputs.text(), "wrote {}\n", path);
  }
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("CONFIG", arguments->config, "What to collect, a YAML file")->required();
  command.add_option("-o,--output", arguments->output, "The file to write")->required();
  command.add_option("--csv", arguments->csv, "Also write the decisions as a table here");
  command.add_option("-j,--jobs", arguments->jobs, "Simulations at a time; the file is the same [one a CPU]")
      ->check(CLI::Range(1, kMaxJobs));
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return dataset(*arguments); };
}

}  // namespace

Command dataset_command() { return {"dataset", "collect decisions of policies, to learn from", add}; }

}  // namespace simsched
