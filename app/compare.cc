// simsched compare: did anything become worse?
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "base/files.h"
#include "report/regression.h"
#include "report/results_file.h"
#include "report/table.h"

namespace simsched {
namespace {

struct Arguments {
  std::string base, now, tolerances, markdown, junit, json;
};

constexpr const char* kHelp = R"(
Runs are paired by machine, policy and seed. A figure is a regression when it is
worse by more than its tolerance, and that is more than chance over the seeds;
so is a run that is gone or that ends with an error. Figures that are the same in
every run are not shown.

A tolerance file names the metrics that are judged:

  metrics:
    makespan_ns: 1%
    wake_latency_ns_p99: {relative: 15%, absolute: 200us}

Examples:
  simsched compare base/results.json results/quickstart
  simsched compare base.json new.json --tolerances ci.yaml --markdown - >> "$GITHUB_STEP_SUMMARY"
  simsched compare base.json new.json --junit report.xml
Exit codes: 0 no regression, 1 something is worse, 2 they cannot be compared.
)";

int compare(const Arguments& arguments) {
  const std::vector<Tolerance> tolerances =
      arguments.tolerances.empty()
          ? default_tolerances()
          : read_tolerances(std::string(read_file(arguments.tolerances).text()), arguments.tolerances);
  const ResultsFile base = read_results(arguments.base), now = read_results(arguments.now);
  check_outputs({arguments.markdown, arguments.junit, arguments.json}, {base.path, now.path, arguments.tolerances});
  const RegressionReport report =
      compare_results(base.runs, now.runs, tolerances, arguments.base + " and " + arguments.now);
  Outputs outputs;
  if (!arguments.markdown.empty()) outputs.add_file(arguments.markdown, regression_markdown(report));
  if (!arguments.junit.empty()) outputs.add_file(arguments.junit, regression_junit(report));
  if (!arguments.json.empty()) outputs.add_file(arguments.json, regression_json(report));
  outputs.write();
  std::FILE* text = outputs.text();
  fmt::print(text, "{}{}\n", regression_table(report, look_of(fileno(text))), regression_summary(report));
  return report.regressed() ? 1 : 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("BASE", arguments->base, "results.json of before, or its folder")->required();
  command.add_option("NEW", arguments->now, "results.json of now, or its folder")->required();
  command.add_option("--tolerances", arguments->tolerances, "YAML: which metrics are judged, and how strictly");
  command.add_option("--markdown", arguments->markdown, "Write a summary for a pull request here");
  command.add_option("--junit", arguments->junit, "Write JUnit XML here: a test case a figure");
  command.add_option("--json", arguments->json, "Write every figure here");
  command.footer(kHelp);
  return [arguments] { return compare(*arguments); };
}

}  // namespace

Command compare_command() { return {"compare", "two results: what became worse, and by more than is allowed", add}; }

}  // namespace simsched
