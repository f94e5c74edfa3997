// simsched workloads: what a config can run besides recordings.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "base/error.h"
#include "base/suggest.h"
#include "report/table.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

void print_list() {
  Table table;
  table.add_column("workload", Align::kLeft);
  table.add_column("what it is", Align::kLeft);
  table.add_row({"trace", "a recording of perf sched, replayed: {trace: FILE}"});
  for (const GeneratorInfo& info : generator_infos()) table.add_row({info.name, info.summary});
  fmt::print("{}\nsimsched workloads NAME shows the parameters of one\n", table.str(look_of(STDOUT_FILENO)));
}

void add_keys(Table& table, ConfigKeys keys, const std::string& prefix) {
  for (const ConfigKey& key : keys) {
    table.add_row({prefix + key.name, key.help});
    if (key.members != nullptr) add_keys(table, key.members(), prefix + key.name + ".");
  }
}

void print_keys(const GeneratorInfo& generator) {
  Table table;
  table.add_column("key", Align::kLeft);
  table.add_column("meaning", Align::kLeft);
  add_keys(table, generator.keys(), "");
  fmt::print("{}: {}\n\n{}", generator.name, generator.summary, table.str(look_of(STDOUT_FILENO)));
}

void print_parameters(const GeneratorInfo& generator) {
  if (generator.keys != nullptr) return print_keys(generator);
  if (generator.from_file) {
    fmt::print("{}: {}\n\nIn an experiment:\n  workload: {{{}: FILE}}\n", generator.name, generator.summary,
               generator.name);
    return;
  }
  Table table;
  table.add_column("parameter", Align::kLeft);
  table.add_column("default", Align::kLeft);
  table.add_column("range", Align::kLeft);
  table.add_column("meaning", Align::kLeft);
  for (const ParamInfo& info : generator.params) {
    table.add_row({info.name, info.otherwise_text(), info.range_text(" .. "), info.meaning});
  }
  fmt::print("{}: {}\n\n{}", generator.name, generator.summary, table.str(look_of(STDOUT_FILENO)));
  if (generator.params.empty()) return;
  const ParamInfo& example = generator.params.front();
  fmt::print("\nIn an experiment:\n  workload: {{{}: {{{}: {}}}}}\n", generator.name, example.name,
             example.unit == ParamInfo::Unit::kFile ? "PATH" : example.otherwise_text());
}

int show(const std::string& name) {
  if (name.empty()) {
    print_list();
    return 0;
  }
  std::vector<std::string> names;
  for (const GeneratorInfo& info : generator_infos()) {
    if (info.name == name) {
      print_parameters(info);
      return 0;
    }
    names.push_back(info.name);
  }
  throw Error("workloads", "no workload is called '" + name + "'", suggest(name, names));
}

Action add(CLI::App& command) {
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "Show the parameters of this one");
  command.footer(
      "\nExamples:\n"
      "  simsched workloads              what there is\n"
      "  simsched workloads fork_join    its parameters, with defaults and ranges\n"
      "In an experiment: 'workload: {fork_join: {jobs: 8}}'; several at once: 'workload: {mix: [...]}', "
      "docs/config.md");
  return [name] { return show(*name); };
}

}  // namespace

Command workloads_command() { return {"workloads", "list the workload generators and their parameters", add}; }

}  // namespace simsched
