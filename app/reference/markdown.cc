#include <fmt/format.h>

#include <sstream>

#include "app/reference/options.h"
#include "app/reference/pages.h"

namespace simsched {
namespace {

// In a table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string{c == '\n' ? ' ' : c};
  return out;
}

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += (line.empty() ? "" : "    " + line) + '\n';
  return out;
}

}  // namespace

std::string cli_markdown(const CLI::App& app) {
  std::string text =
      "# The command\n\nWritten by `simsched reference cli`: change the command, not this page. What each prints and "
      "writes stands in\n[results.md](results.md), an experiment's keys in [config.md](config.md).\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("\n## simsched {}\n\n{}\n\n    {}\n\n| | |\n|---|---|\n", command->get_name(),
                        summary_of(*command), usage_of(*command));
    for (const OptionText& option : options_of(*command))
      text += fmt::format("| `{}` | {} |\n", cell(option.shown()), cell(option.help));
    if (const std::string footer = footer_of(*command); !footer.empty()) text += '\n' + indented(footer);
  }
  return text;
}

}  // namespace simsched
