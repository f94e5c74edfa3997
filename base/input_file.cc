#include "base/input_file.h"

#include <filesystem>

#include "base/error.h"

namespace simsched {

std::string find_input_file(const std::string& path, const std::string& config_file, const std::string& where) {
  std::filesystem::path beside = std::filesystem::path(config_file).parent_path() / path;  // path when it is absolute
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return beside.string();
  if (std::filesystem::exists(path, ignored)) return path;
  throw Error(where, "there is no file " + path, "give its path from the config's folder or from the current one");
}

}  // namespace simsched
