// How much of each job a build of so many objects has.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/build_model.h"

namespace simsched {

// The makes of `model` for `objects` objects. Fewer: each folder has its share, and those that are left with none are
// not entered. More: folders have more of them, and from twice as many on there are more folders. What is done once
// stays what it is.
BuildMake build_plan(const BuildModel& model, int64_t objects);

// By kind of job: how many make starts.
std::vector<int64_t> jobs_of(const BuildMake& make, size_t kinds);

// The tasks of the whole build, the makes included; INT64_MAX when they cannot be counted.
int64_t tasks_of(const BuildMake& make, const BuildModel& model);

// By kind of job: the tasks of one.
std::vector<int64_t> tasks_by_kind(const BuildModel& model);

}  // namespace simsched
