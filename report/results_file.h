// What simsched run wrote, read by other sub-commands.
#pragma once

#include <string>
#include <vector>

#include "sim/results.h"

namespace simsched {

struct ResultsFile {
  std::string path;  // of results.json
  std::vector<RunResult> runs;
};

// `path`: the file, or the folder that it lies in. Throws Error for what is none.
ResultsFile read_results(const std::string& path);

}  // namespace simsched
