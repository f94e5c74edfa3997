#include <fmt/format.h>

#include "app/reference/options.h"
#include "app/reference/pages.h"
#include "topology/load/load.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

std::string words(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& word : list) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::string bash_completion(const CLI::App& app, const PolicyRegistry& registry) {
  std::string names, cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    std::string options;
    for (const OptionText& option : options_of(*command)) {
      if (option.argument) continue;
      for (const std::string& name : option.names) options += (options.empty() ? "" : " ") + name;
    }
    names += (names.empty() ? "" : " ") + command->get_name();
    cases += fmt::format("    {}) options='{}' ;;\n", command->get_name(), options);
  }
  std::vector<std::string> workloads, machines = preset_names();
  for (const GeneratorInfo& info : generator_infos()) workloads.push_back(info.name);
  machines.emplace_back("host");
  return fmt::format(R"(# bash completion for simsched
_simsched() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}} options=
  local policies='{policies}'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{commands} --help --version' -- "$current"))
    return
  fi
  case $command in
{cases}  esac
  case $previous in
    --policy|--vs) COMPREPLY=($(compgen -W "$policies" -- "$current")); return ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")); return ;;
  esac
  case $command in
    policies) COMPREPLY=($(compgen -W "$policies" -- "$current")); return ;;
    export) COMPREPLY=($(compgen -W "$policies" -- "$current")) ;;
    workloads) COMPREPLY=($(compgen -W '{workloads}' -- "$current")); return ;;
    reference) COMPREPLY=($(compgen -W '{references}' -- "$current")); return ;;
    topo) COMPREPLY=($(compgen -W '{machines}' -- "$current")) ;;
  esac
  compopt -o filenames 2> /dev/null
  local file
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
}}
complete -F _simsched simsched
)",
                     fmt::arg("policies", words(registry.names())), fmt::arg("commands", names),
                     fmt::arg("cases", cases), fmt::arg("workloads", words(workloads)),
                     fmt::arg("machines", words(machines)),
                     fmt::arg("references", words({std::begin(kReferences), std::end(kReferences)})));
}

}  // namespace simsched
