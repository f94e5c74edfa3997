// Files that a config names.
#pragma once

#include <string>

namespace simsched {

// `path` as written in the config: relative to the config's folder, else to the current one. Throws Error (where:
// `where`) when there is no such file in either.
std::string find_input_file(const std::string& path, const std::string& config_file, const std::string& where);

}  // namespace simsched
