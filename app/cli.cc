#include "app/cli.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>
#include <system_error>

#include "app/command_line.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/output_file.h"
#include "base/suggest.h"

namespace simsched {
namespace {

// Always one line: what the user wrote may hold line breaks.
int complain(const std::string& message) {
  std::string line = message;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  std::fprintf(stderr, "simsched: error: %s\n", line.c_str());
  return kExitBadInput;
}

void set_up_log(bool verbose) {
  auto logger = spdlog::stderr_color_mt("simsched");
  logger->set_pattern("simsched: %^%l%$: %v");
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

// CLI11 says of a mistyped sub-command only that one is required.
void check_command_name(int argc, const char* const* argv) {
  std::string name = argc > 1 ? argv[1] : "-";
  std::vector<std::string> known;
  for (const Command& command : commands()) known.push_back(command.name);
  if (name.starts_with('-') || std::find(known.begin(), known.end(), name) != known.end()) return;
  throw Error("", "there is no command '" + name + "'", suggest(name, known) + "; see 'simsched --help'");
}

// An empty text is nothing that could be meant, and must not pass for what is not given.
void check_texts(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    for (const std::string& text : option->results())
      if (text.empty()) throw Error(option->get_name(), "is empty", "give it a value, or leave it out");
}

// The sub-command that was named, for "see 'simsched run --help'".
std::string help_of(const CLI::App& app) {
  auto chosen = app.get_subcommands();
  return "see 'simsched " + (chosen.empty() ? std::string() : chosen.front()->get_name() + " ") + "--help'";
}

}  // namespace

int run_cli(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a pipe that nobody reads any more is an error like others
  CommandLine line;
  CLI::App& app = line.app;

  try {
    check_command_name(argc, argv);
    int code = kExitOk;
    try {
      app.parse(argc, argv);
      set_up_log(line.verbose);
      check_texts(*app.get_subcommands().front());
      code = line.actions.at(app.get_subcommands().front())();
    } catch (const CLI::Success& help) {  // --help, --version
      code = app.exit(help);
    }
    finish_standard_output();
    return code;
  } catch (const CLI::ParseError& error) {
    return complain(std::string(error.what()) + "; " + help_of(app));
  } catch (const Error& error) {
    return complain(error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(error.path1().string() + ": " + error.code().message());
  } catch (const std::system_error& error) {  // fmt::print(): standard output is full, or nobody reads it
    return complain("standard output: cannot be written: " + error.code().message() + "; check where it goes");
  } catch (const std::bad_alloc&) {
    return complain("out of memory; take fewer jobs, fewer CPUs or a shorter recording");
  }
}

}  // namespace simsched
