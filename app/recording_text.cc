#include "app/recording_text.h"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "app/progress_bar.h"
#include "report/format.h"
#include "traces/formats.h"

namespace simsched {
namespace {

std::string count(uint64_t value) { return format_count(static_cast<double>(value)); }

// "a, b and c" of those that are not 0.
class CountList {
 public:
  void add(uint64_t value, const std::string& what) {
    if (value > 0) parts_.push_back(count(value) + " " + what);
  }
  std::string str() const {
    std::string text;
    for (size_t i = 0; i < parts_.size(); ++i) {
      text += fmt::format("{}{}", i == 0 ? "" : i + 1 == parts_.size() ? " and " : ", ", parts_[i]);
    }
    return text.empty() ? "none" : text;
  }

 private:
  std::vector<std::string> parts_;
};

std::string holes_text(const SchedTrace::Holes& holes) {
  CountList list;
  list.add(holes.lost_events, "events lost while recording");
  list.add(holes.unknown_records, "records of unknown kinds");
  list.add(holes.clock_backwards, "events with a clock that ran backwards");
  list.add(holes.inferred_switches, "switches out of idle inferred");
  list.add(holes.unplaced_wakeups, "wake-ups of tasks never seen running");
  std::string text = list.str();
  std::string cpus;
  for (size_t i = 0; i < holes.no_switch_from_idle.size(); ++i) {
    if (holes.no_switch_from_idle[i]) cpus += fmt::format("{}{}", cpus.empty() ? "" : ",", i);
  }
  if (!cpus.empty()) text += fmt::format("; switches out of idle were not recorded on CPU {}", cpus);
  return text;
}

std::string calls_text(const SchedTrace& trace) {
  std::string text = count(trace.calls.size()) + " by which the command's tasks talk";
  CountList without;
  without.add(trace.holes.lost_calls, "lost while recording");
  without.add(trace.holes.unnamed_calls, "of sockets whose other end could not be told");
  without.add(trace.holes.uring_calls, "of io_uring, which is not understood");
  return text + "; besides them: " + without.str();
}

std::string kernel_text(const KernelParams& kernel) {
  static const char* const kPreempt[] = {"none", "voluntary", "full", "lazy"};
  std::string text = fmt::format("Linux {}, HZ={}, preempt {}", kernel.version, kernel.hz,
                                 kPreempt[static_cast<size_t>(kernel.preempt)]);
  if (kernel.base_slice != Nanos(0)) {
    text += ", base slice " + format_ns(static_cast<double>(kernel.base_slice.count()));
  }
  return text + (kernel.autogroup ? ", autogroup" : "");
}

}  // namespace

void add_recording_options(CLI::App& command, std::string& trace, std::string& recorded) {
  command.add_option("TRACE", trace, "A recording: " + trace_formats_text())->required();
  command.add_option("--recorded", recorded,
                     "How it was recorded [NAME.recorded.yaml beside NAME.perf.data and the like]");
}

Recording load_with_bar(const std::string& path, const std::string& recorded, const std::string& machine) {
  ProgressBar bar("reading " + path);
  return load_recording(path, recorded, machine, Nanos::max(), std::ref(bar));
}

std::string describe_recording(const Recording& recording) {
  const SchedTrace& trace = recording.trace;
  const BuildReport& report = recording.report;
  CountList wakes, oddities;
  wakes.add(report.edges, "by a task (replayed as a signal)");
  wakes.add(report.timed_wakes, "by a timer or device (replayed as a delay)");
  wakes.add(report.wakes_of_running, "of tasks that had not slept (ignored)");
  oddities.add(report.tasks_alive_at_start, "there from the start");
  oddities.add(report.tasks_alive_at_end, "still there at the end");
  oddities.add(report.blocks_without_wake, "never woken again");
  std::string text = fmt::format("recording   {} of {} events on {} CPUs{}\n",
                                 format_ns(static_cast<double>(trace.duration().count())), count(trace.events.size()),
                                 trace.nr_cpus, trace.os_release.empty() ? "" : ", Linux " + trace.os_release);
  text += fmt::format("made on     {}, {}\n", recording.machine.name(), kernel_text(recording.kernel));
  text += fmt::format("holes       {}\n", holes_text(trace.holes));
  if (!trace.calls.empty() || trace.holes.lost_calls > 0) text += fmt::format("calls       {}\n", calls_text(trace));
  text += fmt::format("tasks       {}: {}\n", count(report.tasks), oddities.str());
  text += fmt::format("wake-ups    {}\n", wakes.str());
  if (report.negative_work > 0) {
    text += fmt::format("work        shorter than its own overhead, and taken as none, {} times\n",
                        count(report.negative_work));
  }
  return text;
}

}  // namespace simsched
