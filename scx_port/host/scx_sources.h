// What of a copy of the scx repository is a scheduler: files and folders, found by how such a tree is laid out.
#pragma once

#include <string>
#include <vector>

namespace simsched {

struct ScxSources {
  std::vector<std::string> files;    // .bpf.c, to be linked
  std::vector<std::string> include;  // folders of headers
};

// All .bpf.c files in `folder`, if there are any, or else in the folder below it that belongs to scx_NAME; but for
// those that others of them include. With each header lib/X.h that these include comes lib/X.bpf.c. Throws Error
// (where: `where`) when nothing is found.
ScxSources find_scx_sources(const std::string& folder, const std::string& name, const std::string& where);

}  // namespace simsched
