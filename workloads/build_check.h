// Whether a job of a BuildModel can be done.
#pragma once

#include <string>

#include "workloads/build_model.h"

namespace simsched {

// What is wrong with `job`; "" when it is sound and every process of it comes to its end whatever the order in which
// they get on.
std::string build_problem(const BuildJob& job);

}  // namespace simsched
