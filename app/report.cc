// simsched report: results as a page to look at.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "base/error.h"
#include "base/files.h"
#include "report/comparison.h"
#include "report/page/page.h"
#include "report/results_file.h"
#include "topology/draw/render.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

struct Arguments {
  std::string results, html, config;
};

constexpr const char* kHelp = R"(
One file that needs nothing else, for a mail or a build's artefacts: the ranking with
its intervals, every run of a metric, where time went, how busy CPUs were, tasks by
name. 'simsched run --html' adds what only a run knows: a timeline that zooms to a
microsecond, and machines that are no presets.

Examples:
  simsched report results/quickstart --html report.html
  simsched report results/quickstart --html report.html --config configs/quickstart.yaml
  simsched run configs/quickstart.yaml --html report.html
)";

int report(const Arguments& arguments) {
  const ResultsFile given = read_results(arguments.results);
  check_outputs({arguments.html}, {given.path, arguments.config});
  const std::vector<RunResult>& results = given.runs;
  if (results.empty()) throw Error(given.path, "has no runs", "take what 'simsched run' wrote");
  const std::filesystem::path folder = std::filesystem::absolute(given.path).parent_path();
  Page page{folder.filename().string(), results, default_metrics(), {}, {}, {}, SIMSCHED_VERSION};
  if (!arguments.config.empty()) page.config = read_file(arguments.config).text();
  for (const std::string& name : preset_names()) {
    auto is_it = [&](const RunResult& run) { return run.machine == name; };
    if (std::any_of(results.begin(), results.end(), is_it))
      page.drawings.emplace_back(name, machine_svg(load_machine(name)));
  }
  Outputs outputs;
  outputs.add_file(arguments.html, results_page(page));
  outputs.write();
  for (const std::string& file : outputs.paths()) fmt::print(outputs.text(), "wrote {}\n", file);
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("RESULTS", arguments->results, "results.json of simsched run, or its folder")->required();
  command.add_option("--html", arguments->html, "Write the page here")->required();
  command.add_option("--config", arguments->config, "The experiment that was run, to be shown on the page");
  command.footer(kHelp);
  return [arguments] { return report(*arguments); };
}

}  // namespace

Command report_command() { return {"report", "results as one HTML page: ranking, distributions, causes", add}; }

}  // namespace simsched
