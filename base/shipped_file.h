// Files that come with the program: beside it where it was installed, else in the sources that it was built from.
#pragma once

#include <string>

namespace simsched {

// `inside` is a path in the sources, "scx_port/include"; `sources` is where those were. An installed program has the
// same tree beside it.
std::string shipped_file(const std::string& inside, const std::string& sources);

}  // namespace simsched
