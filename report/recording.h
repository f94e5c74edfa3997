// A recording in words: what is in it, what was missing, and how it was understood.
#pragma once

#include <string>

#include "experiment/recording.h"

namespace simsched {

// A paragraph of lines; ends with a newline.
std::string describe_recording(const Recording& recording);
// Only the lines that put a replay in doubt: what was missing, what is assumed. Empty when nothing does.
std::string doubts_about(const Recording& recording);

}  // namespace simsched
