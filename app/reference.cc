// simsched reference: man pages, completion, the schema of experiments, the page of commands.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/outputs.h"
#include "app/reference/pages.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/suggest.h"
#include "experiment/policies.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
schema           JSON Schema of the experiment file, for editors
machine-schema   the same of a machine file
completion       what bash sources to complete commands, options and names
cli              docs/cli.md, every command and option
man              man pages, into a folder: -o DIR

Examples:
  simsched reference schema > simsched.schema.json
      first line of an experiment:  # yaml-language-server: $schema=simsched.schema.json
  source <(simsched reference completion)
  simsched reference man -o ~/.local/share/man/man1
)";

struct Arguments {
  std::string kind, output;
};

int run(const Arguments& arguments) {
  const CommandLine line;
  if (arguments.kind == "man") {
    if (arguments.output.empty()) throw Error("reference man", "it is many files", "name a folder for them with -o");
    check_output_folder(arguments.output);
    Outputs outputs;
    outputs.add_folder(arguments.output);
    for (auto& [name, content] : man_pages(line.app, SIMSCHED_VERSION))
      outputs.add_file((std::filesystem::path(arguments.output) / name).string(), std::move(content));
    outputs.write();
    return kExitOk;
  }
  std::string text;
  if (arguments.kind == "schema") {
    text = config_schema(all_policies());
  } else if (arguments.kind == "machine-schema") {
    text = machine_schema();
  } else if (arguments.kind == "completion") {
    text = bash_completion(line.app, all_policies());
  } else if (arguments.kind == "cli") {
    text = cli_markdown(line.app);
  } else {
    const std::vector<std::string> kinds(std::begin(kReferences), std::end(kReferences));
    throw Error("reference", "there is no '" + arguments.kind + "'", suggest(arguments.kind, kinds));
  }
  Outputs outputs;
  outputs.add_file(arguments.output.empty() ? "-" : arguments.output, std::move(text));
  outputs.write();
  return kExitOk;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("WHAT", arguments->kind, "schema, machine-schema, completion, cli or man")->required();
  command.add_option("-o,--output", arguments->output, "File, or for man folder, to write [standard output]");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command reference_command() {
  return {"reference", "write man pages, shell completion, or the schemas of experiments and machines", add};
}

}  // namespace simsched
