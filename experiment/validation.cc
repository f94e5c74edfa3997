#include "experiment/validation.h"

#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "traces/trace_stats.h"

namespace simsched {
namespace {

RecordedRun unreplayed(const Recording& recording, size_t seeds) {
  RecordedRun run;
  run.recorded = trace_stats(recording.trace, recording.trace.holes.no_switch_from_idle);
  run.replays.resize(seeds);
  return run;
}

}  // namespace

void check_alike(const std::vector<Recording>& recordings, const std::vector<std::string>& names) {
  const size_t first = recordings.front().trace.nr_cpus;
  for (size_t i = 1; i < recordings.size(); ++i) {
    const size_t cpus = recordings[i].trace.nr_cpus;
    if (cpus == first) continue;
    throw Error(names[i],
                "is of " + std::to_string(cpus) + " CPUs, and " + names.front() + " of " + std::to_string(first),
                "give recordings of one command on one machine");
  }
}

Validation validate(const std::vector<Recording>& recordings, const PolicyConfig& policy,
                    const ValidationOptions& options, const Progress& progress) {
  const auto seeds = static_cast<size_t>(options.seeds);
  std::vector<RecordedRun> runs;
  for (const Recording& recording : recordings) runs.push_back(unreplayed(recording, seeds));
  SchedTrace first;
  auto one = [&](size_t i) {
    const Recording& recording = recordings[i / seeds];
    Replay replay = replay_recording(recording, policy, i % seeds + 1);
    ReplayFigures& figures = runs[i / seeds].replays[i % seeds];
    figures.stats = trace_stats(replay.trace, recording.trace.holes.no_switch_from_idle);
    figures.waits = static_cast<uint64_t>(replay.result.metric("waits"));
    figures.free_waits = static_cast<uint64_t>(replay.result.metric("waits_free"));
    figures.let_go = static_cast<uint64_t>(replay.result.metric("waits_let_go"));
    if (i == 0 && options.keep_first) first = std::move(replay.trace);
  };
  parallel_for(recordings.size() * seeds, options.jobs, one, progress);
  const Grounds grounds = grounds_of(recordings, policy.policy->name(), options.machine_given);
  Fidelity fidelity(runs, equal_cpus(recordings.front().machine), grounds.causes);
  std::vector<Diagnosis> diagnoses = diagnose(fidelity, grounds);
  return {std::move(fidelity), std::move(diagnoses), std::move(first)};
}

}  // namespace simsched
