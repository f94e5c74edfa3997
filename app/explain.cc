// simsched explain: why one policy took longer than another.
#include "report/explain.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "report/results_file.h"
#include "report/table.h"

namespace simsched {
namespace {

struct Arguments {
  std::string results, json, svg;
  ExplainChoice choice;
};

constexpr const char* kHelp = R"(
Every nanosecond of a task's life has one cause: it worked, worked more slowly for
a reason (a slow core, a busy sibling, cold caches, far memory), stood still for
overhead, waited for a CPU, or was blocked. The sum over all causes is its life,
exactly; so the difference between two policies is the sum of the differences by
cause, by name of task, and by CPU.

How to read it, from the top: does A take longer, and is that more than chance
(seeds)? Which cause makes the most of it? Is it time that a task waited while a
CPU idled (a matter of placement and balancing), or while all were busy (of order
and slices)? Whose time is it (the table by name), and where (by CPU)?
Runs are paired by seed; the tables show means, the sums are checked in integers.

Examples:
  simsched run configs/quickstart.yaml
  simsched explain results/quickstart --policy cfs --vs eevdf --machine vm-2c
  simsched explain results/quickstart --policy cfs --machine vm-2c --svg why.svg
)";

int explain_results(const Arguments& arguments) {
  const ResultsFile results = read_results(arguments.results);
  check_outputs({arguments.json, arguments.svg}, {results.path});
  const Explanation explanation = explain(results.runs, arguments.choice, results.path);
  Outputs outputs;
  if (!arguments.json.empty()) outputs.add_file(arguments.json, explanation_json(explanation));
  if (!arguments.svg.empty()) outputs.add_file(arguments.svg, explanation_svg(explanation));
  outputs.write();
  std::FILE* text = outputs.text();
  fmt::print(text, "{}", explanation_text(explanation, look_of(fileno(text)).colour));
  for (const std::string& file : outputs.paths()) fmt::print(text, "wrote {}\n", file);
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("RESULTS", arguments->results, "results.json of simsched run, or its folder")->required();
  command.add_option("--policy", arguments->choice.policy, "The policy A to explain, by its label")->required();
  command.add_option("--vs", arguments->choice.versus, "The policy B that it is compared with [the first other one]");
  command.add_option("--machine", arguments->choice.machine, "On which machine, when there are several");
  command.add_option("--json", arguments->json, "Write all sums here, in nanoseconds");
  command.add_option("--svg", arguments->svg, "Draw the causes of A and B beside each other");
  command.footer(kHelp);
  return [arguments] { return explain_results(*arguments); };
}

}  // namespace

Command explain_command() { return {"explain", "why one policy took longer than another: time by cause", add}; }

}  // namespace simsched
