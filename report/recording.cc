#include "report/recording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "report/format.h"

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
  list.add(holes.unreadable, "events that cannot be read");
  list.add(holes.cut_end, "end that is cut off");
  list.add(holes.unknown_records, "records of unknown kinds");
  list.add(holes.clock_backwards, "events with a clock that ran backwards");
  list.add(holes.clock_conflicts, "wake-ups after their task ran, by clocks of CPUs that disagree");
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

// What somebody told of machine and kernel.
std::string made_on_text(const Recording& recording) {
  static const char* const kPreempt[] = {"none", "voluntary", "full", "lazy"};
  const Circumstances::Told& told = recording.trace.circumstances.told;
  const KernelParams& kernel = recording.kernel;
  std::vector<std::string> parts;
  if (recording.machine_source == MachineSource::kTold) parts.push_back(recording.machine.name());
  if (recording.machine_source == MachineSource::kHead)
    parts.push_back(fmt::format("a machine of {} CPUs, {} cores, {} caches and {} nodes, as its head tells",
                                recording.machine.nr_cpus(), recording.machine.nr_cores(), recording.machine.nr_llcs(),
                                recording.machine.nr_nodes()));
  if (told.kernel) parts.push_back("Linux " + kernel.version);
  if (told.hz) parts.push_back(fmt::format("HZ={}", kernel.hz));
  if (told.preempt) parts.push_back(fmt::format("preempt {}", kPreempt[static_cast<size_t>(kernel.preempt)]));
  if (told.base_slice && kernel.base_slice != Nanos(0))
    parts.push_back("base slice " + format_ns(static_cast<double>(kernel.base_slice.count())));
  if (told.autogroup && kernel.autogroup) parts.push_back("autogroup");
  return parts.empty() ? "not told" : fmt::format("{}", fmt::join(parts, ", "));
}

// Lines of what is assumed, and of what a user should know.
std::string doubts_text(const Recording& recording) {
  std::string text;
  std::vector<std::string> assumed = assumptions(recording);
  if (!assumed.empty()) text += fmt::format("assumed     {}\n", fmt::join(assumed, ", "));
  for (const std::string& note : recording.trace.notes) text += fmt::format("note        {}\n", note);
  if (recording.report.priority_changes > 0) {
    text += fmt::format("note        {} changes to or from real time are not replayed\n",
                        count(recording.report.priority_changes));
  }
  return text;
}

}  // namespace

std::string describe_recording(const Recording& recording) {
  const SchedTrace& trace = recording.trace;
  const BuildReport& report = recording.report;
  CountList wakes, oddities;
  wakes.add(report.edges, "by a task (replayed as a signal)");
  wakes.add(report.timed_wakes, "by a timer or device (replayed as a delay)");
  wakes.add(report.blocks_without_wake, "not seen (the task sleeps to the end)");
  wakes.add(report.wakes_of_running, "of tasks that had not slept (ignored)");
  oddities.add(report.tasks_alive_at_start, "there from the start");
  oddities.add(report.tasks_alive_at_end, "still there at the end");
  std::string text = fmt::format("recording   {} of {} events on {} CPUs{}\n",
                                 format_ns(static_cast<double>(trace.duration().count())), count(trace.events.size()),
                                 trace.nr_cpus, trace.os_release.empty() ? "" : ", Linux " + trace.os_release);
  text += fmt::format("made on     {}\n", made_on_text(recording));
  text += fmt::format("holes       {}\n", holes_text(trace.holes));
  text += doubts_text(recording);
  if (!trace.calls.empty() || trace.holes.lost_calls > 0) text += fmt::format("calls       {}\n", calls_text(trace));
  text += fmt::format("tasks       {}: {}\n", count(report.tasks), oddities.str());
  text += fmt::format("wake-ups    {}\n", wakes.str());
  if (report.negative_work > 0) {
    text += fmt::format("work        shorter than its own overhead, and taken as none, {} times\n",
                        count(report.negative_work));
  }
  return text;
}

std::string doubts_about(const Recording& recording) {
  std::string holes = holes_text(recording.trace.holes);
  return (holes == "none" ? "" : fmt::format("holes       {}\n", holes)) + doubts_text(recording);
}

}  // namespace simsched
