// Text of `perf script` and of ftrace (trace-cmd report, the tracing folder's `trace`). Times are as exact as
// the text has them: `perf script --ns`. perf script does not print the interrupt context; without a
// column of flags a waking while a CPU idles counts as one from an interrupt, any other as the task's.
#include "traces/perf_script/perf_script.h"

#include <algorithm>

#include "traces/bytes.h"
#include "traces/event_merge.h"
#include "traces/formats.h"
#include "traces/odd_events.h"
#include "traces/perf_script/perf_script_event.h"
#include "traces/perf_script/perf_script_line.h"
#include "traces/prev_state.h"

namespace simsched {
namespace {

using text::Line;

class ScriptReader {
 public:
  ScriptReader(std::string_view text, const std::string& name) : text_(text), name_(name) {
    has_waking_ = text.find("sched_waking:") != std::string_view::npos;
  }

  SchedTrace read() {
    bool whole_lines = text_.ends_with('\n');
    while (!text_.empty()) {
      ++line_number_;
      size_t end = std::min(text_.find('\n'), text_.size());
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      size_t start = line.find_first_not_of(" \t\r");
      if (start == std::string_view::npos) continue;
      bool cut = text_.empty() && !whole_lines;
      if (!take_header(line.substr(start)) && !take_line(line, cut)) {
        if (cut)
          trace_.holes.cut_end = true;
        else
          strange(line);
      }
    }
    if (events_ == 0 && odd_.count() == 0) fail_without_events();
    odd_.report(trace_, events_);
    if (events_ >= kMinSteps && backwards_ > events_ / 4)
      throw Error(name_,
                  "its times go back in " + std::to_string(backwards_) + " of " + std::to_string(events_) +
                      " events: they are differences, or the lines are in disorder",
                  "print it again, without --deltatime");
    OddEvents odd_states;
    settle_states(per_cpu_, state_code_of_release(trace_.os_release), name_, odd_states);
    odd_states.report(trace_, events_ - std::min(events_, odd_states.count()));
    merge_events(trace_, std::move(per_cpu_), first_);
    if (uncertain_wakes_ > 0)
      trace_.notes.push_back(
          std::to_string(uncertain_wakes_) +
          " wake-ups are taken as by the task that ran there: this text does not tell which of them an "
          "interrupt made; import the recording itself, or print it with its column of flags");
    return std::move(trace_);
  }

 private:
  static constexpr size_t kMinSteps = 8;  // fewer times say nothing

  bool take_header(std::string_view line);
  void take_cpus(std::string_view line, std::string_view key) {
    const auto cpus = text::number_after<uint16_t>(line, key);
    if (!cpus) return;
    trace_.nr_cpus = *cpus;
    trace_.tells_cpus = *cpus != 0;
  }
  // False: it says nothing of the scheduler. `cut`: the text ends in it.
  bool take_line(std::string_view line, bool cut);
  void take_loss(const text::Loss& loss);
  void add(TraceEvent event, const Line& line);
  void grow(CpuId cpu) {
    if (per_cpu_.size() > cpu.index()) return;
    per_cpu_.resize(cpu.index() + 1);
    running_.resize(cpu.index() + 1);
    last_time_.resize(cpu.index() + 1, Nanos(0));
  }
  void strange(std::string_view line) {
    ++trace_.holes.unknown_records;
    bool about = line.find("sched_") != std::string_view::npos;
    if (strange_line_ == 0 || (about && !strange_about_)) {
      strange_line_ = line_number_;
      strange_text_ = line;
      strange_about_ = about;
    }
  }
  [[noreturn]] void fail_without_events() const;

  std::string_view text_;
  const std::string& name_;
  size_t line_number_ = 0;
  bool has_waking_;
  size_t events_ = 0, backwards_ = 0;  // of the scheduler; of them, before the one before on that CPU
  SchedTrace trace_;
  OddEvents odd_;
  std::vector<std::vector<TraceEvent>> per_cpu_;
  std::vector<Pid> running_;  // by CPU, as the switches tell
  std::vector<Nanos> last_time_;
  Nanos first_ = Nanos::max();
  uint64_t uncertain_wakes_ = 0;  // while a task ran; by an interrupt or by itself, the text does not tell
  // The first line that is no event, rather one that names the scheduler.
  size_t strange_line_ = 0;
  std::string_view strange_text_;
  bool strange_about_ = false;
};

// What perf script --header, ftrace and trace-cmd print before the events, and remarks.
bool ScriptReader::take_header(std::string_view line) {
  const bool counts_cpus = line.starts_with("cpus=");
  if (!counts_cpus && !line.starts_with("version = ") && line[0] != '#') return false;
  if (text::parse_line(line)) return false;  // an event of a task that is called so
  if (counts_cpus) take_cpus(line, "cpus=");
  constexpr std::string_view kRelease = "# os release : ";
  if (line.starts_with(kRelease)) {
    trace_.os_release = line.substr(kRelease.size());
    trace_.os_release.resize(std::min(trace_.os_release.size(), trace_.os_release.find_first_of(" \r")));
  }
  for (std::string_view key : {"# nrcpus online : ", "#P:"}) take_cpus(line, key);
  return true;
}

bool ScriptReader::take_line(std::string_view line, bool cut) {
  if (std::optional<text::Loss> loss = text::parse_loss(line)) return take_loss(*loss), true;
  std::optional<Line> parsed = text::parse_line(line);
  if (!parsed) return false;
  grow(parsed->cpu);
  TraceEvent event;
  event.time = parsed->time;
  event.cpu = parsed->cpu;
  event.current = parsed->current.valid() ? parsed->current : running_[parsed->cpu.index()];
  event.context = parsed->context;
  try {
    switch (parse_event_text(*parsed, has_waking_, {name_, line_number_}, trace_, event)) {
      case text::EventUse::kTaken:
        add(event, *parsed);
        return true;
      case text::EventUse::kNotNeeded:
        return true;
      case text::EventUse::kForeign:
        ++trace_.holes.unknown_records;
        return true;
    }
  } catch (const Error& error) {
    if (cut && events_ > 0)
      trace_.holes.cut_end = true;
    else
      odd_.add(error);
  }
  return true;
}

void ScriptReader::take_loss(const text::Loss& loss) {
  grow(loss.cpu);
  TraceEvent event;
  event.kind = TraceKind::kLost;
  event.cpu = loss.cpu;
  event.value = loss.events;
  event.time = last_time_[loss.cpu.index()];
  trace_.holes.lost_events += static_cast<uint64_t>(loss.events);
  running_[loss.cpu.index()] = Pid();
  per_cpu_[loss.cpu.index()].push_back(event);
}

void ScriptReader::add(TraceEvent event, const Line& line) {
  size_t cpu = event.cpu.index();
  bool is_wake = event.kind == TraceKind::kWaking;
  if (!line.has_context && is_wake) {
    if (event.current == Pid(0))
      event.context = kHardIrq;
    else
      ++uncertain_wakes_;
  }
  if (event.kind == TraceKind::kLost) {
    trace_.holes.lost_events += static_cast<uint64_t>(event.value);
    running_[cpu] = Pid();
  } else if (event.time.count() == 0 && line.event.find("sched_") != 0) {
    event.current = Pid();  // made up by perf, for tasks that were there before the recording
  } else {
    ++events_;
    backwards_ += event.time < last_time_[cpu];
    running_[cpu] = event.kind == TraceKind::kSwitch ? event.pid : event.current;
    last_time_[cpu] = event.time;
    first_ = std::min(first_, event.time);
  }
  per_cpu_[cpu].push_back(event);
}

void ScriptReader::fail_without_events() const {
  const std::string where = name_ + ":" + std::to_string(std::max<size_t>(strange_line_, 1));
  if (strange_about_ && text::has_bare_time(strange_text_))
    throw Error(where, "its times are counts of a clock that is not told, not seconds",
                "record it with a clock of the kernel: trace-cmd record -C mono");
  throw Error(where, "no scheduler event is found here",
              "print it with: perf script --ns -F comm,tid,cpu,time,event,trace");
}

}  // namespace

SchedTrace read_perf_script(ByteSpan bytes, const std::string& name) {
  return ScriptReader(text_of(bytes), name).read();
}

TraceFormat perf_script_format() {
  return {"perf script text",
          {".txt"},
          is_text,
          [](ByteSpan bytes, const std::string& name, const Progress&) { return read_perf_script(bytes, name); },
          true};
}

}  // namespace simsched
