// The file of a BuildModel. docs/workloads.md describes it.
#pragma once

#include <string>

#include "workloads/build_model.h"

namespace simsched {

// `name` stands for the file in messages. Throws Error with file and line; what comes back can be built.
BuildModel parse_build(const std::string& text, const std::string& name);
BuildModel read_build(const std::string& path);

std::string build_to_yaml(const BuildModel& model);

}  // namespace simsched
