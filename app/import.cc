// simsched import: any recording as simsched's own compact trace file.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/recording_options.h"
#include "experiment/recording.h"
#include "report/format.h"
#include "report/recording.h"
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
  check_outputs({arguments.output}, {arguments.trace, arguments.recorded});
  Recording recording = load_with_bar(arguments.trace, arguments.recorded, "", true);
  std::string bytes = trace_file_bytes(recording.trace);
  const size_t size = bytes.size();
  Outputs outputs;
  outputs.add_file(arguments.output, std::move(bytes));
  outputs.write();
  fmt::print(outputs.text(), "{}wrote {}, {} bytes\n", describe_recording(recording), arguments.output,
             format_count(static_cast<double>(size)));
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
