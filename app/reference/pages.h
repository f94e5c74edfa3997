// The reference of the command, written from what the command itself reads: nothing of it is written twice.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "policies/registry.h"

namespace simsched {

// What `simsched reference` can be asked for.
constexpr const char* kReferences[] = {"schema", "machine-schema", "completion", "cli", "man"};

// simsched.1 and simsched-COMMAND.1, for man(1): name of the file and content.
std::vector<std::pair<std::string, std::string>> man_pages(const CLI::App& app, const std::string& version);

// For bash: commands, options, files; names of policies, workloads and machines where they are asked for.
std::string bash_completion(const CLI::App& app, const PolicyRegistry& registry);

// docs/cli.md.
std::string cli_markdown(const CLI::App& app);

// JSON Schema of the experiment file, for editors.
std::string config_schema(const PolicyRegistry& registry);
// The same of a machine file.
std::string machine_schema();

}  // namespace simsched
