#include "base/temporary_folder.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace simsched {

TemporaryFolder::TemporaryFolder(const std::string& name)
    : path_((std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string()) {
  if (mkdtemp(path_.data()) == nullptr) throw Error(path_, "cannot be made", "set TMPDIR to a folder to write in");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace simsched
