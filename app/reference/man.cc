// man-pages(7), groff_man(7).
#include <fmt/format.h>

#include "app/reference/options.h"
#include "app/reference/pages.h"

namespace simsched {
namespace {

// Of roff: no backslash, no request at the begin of a line, and hyphens that can be searched for.
std::string escaped(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string page(const CLI::App& command, const std::string& name, const std::string& usage, const std::string& body,
                 const std::string& version) {
  std::string text = fmt::format(".TH \"{}\" 1 \"\" \"simsched {}\" \"simsched\"\n", name, version);
  text += ".SH NAME\n" + escaped(name) + " \\- " + escaped(summary_of(command)) + '\n';
  text += ".SH SYNOPSIS\n.B " + escaped(usage) + '\n';
  text += body;
  bool heading = false;
  for (const OptionText& option : options_of(command)) {
    if (!heading) text += ".SH OPTIONS\n";
    heading = true;
    text += ".TP\n.B " + escaped(option.shown()) + '\n' + escaped(option.help) + '\n';
  }
  if (const std::string footer = footer_of(command); !footer.empty())
    text += ".SH NOTES\n.nf\n" + escaped(footer) + "\n.fi\n";
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> man_pages(const CLI::App& app, const std::string& version) {
  std::string list = ".SH COMMANDS\n";
  std::vector<std::pair<std::string, std::string>> pages;
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string name = "simsched-" + command->get_name();
    pages.emplace_back(name + ".1", page(*command, name, usage_of(*command), "", version));
    list += ".TP\n.BR " + escaped(name) + " (1)\n" + escaped(summary_of(*command)) + '\n';
  }
  pages.emplace(pages.begin(), "simsched.1",
                page(app, "simsched", "simsched COMMAND [OPTIONS] [ARGUMENTS]", list, version));
  return pages;
}

}  // namespace simsched
