#include "report/results_file.h"

#include <filesystem>

#include "base/files.h"
#include "report/results_json.h"

namespace simsched {

ResultsFile read_results(const std::string& path) {
  ResultsFile file{path, {}};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) file.path += "/results.json";
  file.runs = results_from_json(read_file(file.path).text(), file.path);
  return file;
}

}  // namespace simsched
