#include "base/shipped_file.h"

#include <filesystem>

#include "base/files.h"

namespace simsched {

std::string shipped_file(const std::string& inside, const std::string& sources) {
  std::error_code none;
  const std::string installed = own_folder() + "/" + inside;
  return std::filesystem::exists(installed, none) ? installed : sources + "/" + inside;
}

}  // namespace simsched
