// Who ran when on which CPU, as a page draws it: as much of it as a browser likes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/sched_trace.h"

namespace simsched {

struct TimelineRun {
  Nanos start, end;
  int32_t task = 0;  // index of Timeline::tasks; kManyTasks: several short runs, drawn together

  friend bool operator==(const TimelineRun&, const TimelineRun&) = default;
};
constexpr int32_t kManyTasks = -1;

struct TimelineTask {
  Pid pid;
  std::string name;  // its last
};

struct Timeline {
  Nanos end;
  std::vector<TimelineTask> tasks;
  std::vector<std::vector<TimelineRun>> cpus;  // by CpuId, in order
  Nanos coarse{0};                             // runs shorter than this stand together; 0: all are there
};

// At most about `most` runs: where there are more, neighbours that are shorter than `coarse` become one, which is as
// small as will do.
Timeline timeline_of(const SchedTrace& trace, size_t most);

}  // namespace simsched
