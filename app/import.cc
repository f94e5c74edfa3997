// simsched import: any recording as simsched's own compact trace file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "experiment/recording.h"
#include "app/recording_text.h"
#include "report/format.h"
#include "traces/readers.h"

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
  Recording recording = load_recording(arguments.trace, arguments.recorded);
  write_trace_file(recording.trace, arguments.output);
  fmt::print("{}", describe_recording(recording));
  std::error_code ignored;
  fmt::print("wrote {}, {} bytes\n", arguments.output,
             format_count(static_cast<double>(std::filesystem::file_size(arguments.output, ignored))));
  return 0;
}

}  // namespace

Action import_command(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("TRACE", arguments->trace, "A recording: perf.data, perf script text; .zst too")->required();
  command.add_option("-o,--output", arguments->output, "The trace file to write")->required();
  command.add_option("--recorded", arguments->recorded,
                     "How it was recorded [NAME.recorded.yaml beside NAME.perf.data]");
  command.footer(kHelp);
  return [arguments] { return import(*arguments); };
}

}  // namespace simsched
