// Recordings on the command line.
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

}  // namespace simsched
