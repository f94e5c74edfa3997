// A recording on the command line and in words: what is in it, what was missing, and how it was understood.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "experiment/recording.h"

namespace simsched {

// The arguments of a sub-command that reads one: TRACE and --recorded.
void add_recording_options(CLI::App& command, std::string& trace, std::string& recorded);

// load_recording() with a progress bar.
Recording load_with_bar(const std::string& path, const std::string& recorded, const std::string& machine = {},
                        bool machine_may_be_unknown = false);

// A paragraph of lines; ends with a newline.
std::string describe_recording(const Recording& recording);
// Only the lines that put a replay in doubt: what was missing, what is assumed. Empty when nothing does.
std::string doubts_about(const Recording& recording);

}  // namespace simsched
