#include "replay/build_workload.h"

#include "replay/parts.h"

namespace simsched {

Workload build_workload(const SchedTrace& trace, const Machine& machine, BuildReport* report) {
  BuildReport counts;
  replay::Recorded recorded = replay::follow_events(trace, machine, counts);
  Workload workload;
  workload.name = "replay";
  replay::assemble_programs(recorded, workload);
  replay::set_attributes(trace, recorded, workload);
  for (auto [pid, flips] : replay::wakee_flips(trace, machine))
    for (TaskSpec& spec : workload.tasks)
      if (spec.pid == pid.value() && spec.kthread) spec.wakee_flips = static_cast<uint8_t>(flips);
  workload.nr_tokens = recorded.nr_tokens;
  for (const TaskSpec& spec : workload.tasks) counts.background += spec.background;
  if (report != nullptr) *report = counts;
  return workload;
}

}  // namespace simsched
