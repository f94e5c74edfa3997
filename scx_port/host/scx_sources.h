// What of a copy of the scx repository is a scheduler: files and folders, found by how such a tree is laid out.
#pragma once

#include <string>
#include <vector>

namespace simsched {

struct ScxSources {
  std::vector<std::string> files;    // .bpf.c, to be linked
  std::vector<std::string> include;  // folders of headers
};

// Those of `folder`, if .bpf.c files are in it, or else of the folder below it that belongs to scx_NAME. What its build.rs
// compiles (enable_skel("FILE"), add_source("FILE")); without one, all .bpf.c files there but for those that others of
// them include, and with each header lib/X.h that these include lib/X.bpf.c. Throws Error (where: `where`) when nothing
// is found.
ScxSources find_scx_sources(const std::string& folder, const std::string& name, const std::string& where);

}  // namespace simsched
