// simsched policies: what a config can compare, and what can be tuned.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "base/error.h"
#include "base/suggest.h"
#include "experiment/policy_registry.h"
#include "report/table.h"

namespace simsched {
namespace {

void print_list() {
  Table table;
  table.add_column("policy", Align::kLeft);
  table.add_column("what it is", Align::kLeft);
  for (const PolicyInfo& info : policy_registry().infos()) table.add_row({info.name, info.summary});
  fmt::print(
      "{}\nsimsched policies NAME shows the tunables of one\n"
      "\nAny other sched_ext scheduler: {{bpf: FILE.bpf.c}} as a policy; docs/sched_ext.md\n",
      table.str(wants_colour(STDOUT_FILENO)));
}

void print_tunables(const PolicyInfo& policy) {
  fmt::print("{}: {}\n", policy.name, policy.summary);
  if (policy.tunables.empty()) {
    fmt::print("\nIt has no tunables.\n");
    return;
  }
  Table table;
  table.add_column("tunable", Align::kLeft);
  table.add_column("default", Align::kLeft);
  table.add_column("meaning", Align::kLeft);
  for (const auto& info : policy.tunables) table.add_row({info.key, info.value, info.help});
  const auto& example = policy.tunables.front();
  fmt::print("\n{}\nIn an experiment:\n  policies:\n    - {}: {{{}: {}}}\n", table.str(wants_colour(STDOUT_FILENO)),
             policy.name, example.key, example.value);
}

int show(const std::string& name) {
  if (name.empty()) {
    print_list();
    return 0;
  }
  std::vector<std::string> names;
  for (const PolicyInfo& info : policy_registry().infos()) {
    if (info.name == name) {
      print_tunables(info);
      return 0;
    }
    names.push_back(info.name);
  }
  throw Error("policies", "no policy is called '" + name + "'", suggest(name, names));
}

Action add(CLI::App& command) {
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "Show the tunables of this one");
  return [name] { return show(*name); };
}

}  // namespace

Command policies_command() { return {"policies", "list the scheduling policies and their tunables", add}; }

}  // namespace simsched
