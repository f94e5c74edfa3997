// simsched import: any recording as simsched's own compact trace file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/recording_text.h"
#include "experiment/recording.h"
#include "report/format.h"
#include "traces/trace_file/trace_file.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
The trace file holds the events and the circumstances of the recording: it needs no NAME.recorded.yaml, replays as
the recording does, and is read faster. A machine file that the recording names stays a file of its own.

Example:
  simsched import kernel-build.perf.data.zst -o kernel-build.simtrace
)";

struct Arguments {
  std::string trace, recorded, output;
};

int import(const Arguments& arguments) {
  check_output_file(arguments.output);
  Recording recording = load_with_bar(arguments.trace, arguments.recorded, "", true);
  write_trace_file(recording.trace, arguments.output);
  fmt::print("{}", describe_recording(recording));
  std::error_code ignored;
  fmt::print("wrote {}, {} bytes\n", arguments.output,
             format_count(static_cast<double>(std::filesystem::file_size(arguments.output, ignored))));
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  add_recording_options(command, arguments->trace, arguments->recorded);
  command.add_option("-o,--output", arguments->output, "The trace file to write")->required();
  command.footer(kHelp);
  return [arguments] { return import(*arguments); };
}

}  // namespace

Command import_command() { return {"import", "convert a recording to simsched's own compact trace file", add}; }

}  // namespace simsched
