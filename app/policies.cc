// simsched policies: what a config can compare, and what can be tuned.
#include "experiment/policies.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "report/table.h"

namespace simsched {
namespace {

void print_list(const PolicyRegistry& registry) {
  Table table;
  table.add_column("policy", Align::kLeft);
  table.add_column("what it is", Align::kLeft);
  for (const auto& policy : registry.policies())
    if (!policy->is_file()) table.add_row({policy->name(), policy->summary()});
  fmt::print(
      "{}\nsimsched policies NAME shows the tunables of one\n"
      "\nAny other sched_ext scheduler: {{bpf: FILE.bpf.c}} as a policy; docs/sched_ext.md\n",
      table.str(look_of(STDOUT_FILENO)));
}

void print_tunables(const PolicyRegistry& registry, const Policy& policy) {
  const std::vector<TunableReader::Info> tunables = registry.tunables(policy);
  fmt::print("{}: {}\n", policy.name(), policy.summary());
  if (tunables.empty()) {
    fmt::print("\nIt has no tunables.\n");
    return;
  }
  Table table;
  table.add_column("tunable", Align::kLeft);
  table.add_column("default", Align::kLeft);
  table.add_column("meaning", Align::kLeft);
  for (const auto& info : tunables) table.add_row({info.key, info.value, info.help});
  const std::string example = tunables.front().key + ": " + (policy.is_file() ? "PATH" : tunables.front().value);
  fmt::print("\n{}\nIn an experiment:\n  policies:\n    - {}{{{}}}\n", table.str(look_of(STDOUT_FILENO)),
             policy.is_file() ? "" : policy.name() + ": ", example);
}

int show(const std::string& name) {
  const PolicyRegistry registry = all_policies();
  if (name.empty())
    print_list(registry);
  else
    print_tunables(registry, registry.get(name, "policies"));
  return 0;
}

Action add(CLI::App& command) {
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "Show the tunables of this one");
  command.footer(
      "\nExamples:\n"
      "  simsched policies           what there is\n"
      "  simsched policies eevdf     its tunables, with defaults and ranges\n"
      "In an experiment: 'policies: [eevdf, {eevdf: {base_slice_ns: 20ms, label: long-slice}}]'");
  return [name] { return show(*name); };
}

}  // namespace

Command policies_command() { return {"policies", "list the scheduling policies and their tunables", add}; }

}  // namespace simsched
