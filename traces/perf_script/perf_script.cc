// Text of `perf script` and of ftrace (trace-cmd report, the tracing folder's `trace`). Times are as exact as
// the text has them: `perf script --ns`. perf script does not print the interrupt context; without a
// column of flags a waking while a CPU idles counts as one from an interrupt, any other as the task's.
#include "traces/perf_script/perf_script.h"

#include <algorithm>

#include "traces/bytes.h"
#include "traces/event_merge.h"
#include "traces/formats.h"
#include "traces/perf_script/perf_script_line.h"

namespace simsched {
namespace {

using text::Line;

class ScriptReader {
 public:
  ScriptReader(std::string_view text, const std::string& name) : text_(text), name_(name) {
    has_waking_ = text.find("sched_waking:") != std::string_view::npos;
  }

  SchedTrace read() {
    size_t first_strange = 0;
    while (!text_.empty()) {
      ++line_number_;
      size_t end = std::min(text_.find('\n'), text_.size());
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      size_t start = line.find_first_not_of(" \t\r");
      if (start == std::string_view::npos || line[start] == '#') continue;
      if (std::optional<Line> parsed = text::parse_line(line)) {
        handle(*parsed);
      } else {
        ++trace_.holes.unknown_records;
        if (first_strange == 0) first_strange = line_number_;
      }
    }
    if (!any_known_)
      throw Error(name_ + ":" + std::to_string(std::max<size_t>(first_strange, 1)), "no scheduler event is found here",
                  "print it with: perf script --ns -F comm,tid,cpu,time,event,trace");
    merge_events(trace_, std::move(per_cpu_), first_);
    return std::move(trace_);
  }

 private:
  void handle(const Line& line);
  bool parse(const Line& line, TraceEvent& event);
  bool parse_task_record(const Line& line, TraceEvent& event);
  void parse_switch(std::string_view rest, TraceEvent& event);
  void parse_short_switch(std::string_view rest, TraceEvent& event);
  void parse_woken(std::string_view rest, TraceEvent& event);

  template <class T>
  T need(std::string_view rest, std::string_view key) const {
    if (std::optional<T> value = text::number_after<T>(rest, key)) return *value;
    throw Error(name_ + ":" + std::to_string(line_number_), "the event has no number after '" + std::string(key) + "'",
                "print it again; the line may be cut short");
  }
  Pid pid(std::string_view rest, std::string_view key) const { return Pid(need<int32_t>(rest, key)); }
  CpuId cpu(std::string_view rest, std::string_view key) const {
    auto value = need<int32_t>(rest, key);
    if (value >= 0 && value < (1 << 16)) return CpuId(value);
    throw Error(name_ + ":" + std::to_string(line_number_), "CPU " + std::to_string(value) + " makes no sense");
  }
  int16_t prio(std::string_view rest, std::string_view key) const { return need<int16_t>(rest, key); }
  uint32_t comm(std::string_view rest, std::string_view from, std::string_view to) {
    size_t start = rest.find(from);
    if (start == std::string_view::npos) return 0;
    start += from.size();
    std::string_view found = rest.substr(start, rest.find(to, start) - start);
    return trace_.intern(std::string(found.substr(0, 15)));
  }

  std::string_view text_;
  const std::string& name_;
  size_t line_number_ = 0;
  bool has_waking_, any_known_ = false;
  SchedTrace trace_;
  std::vector<std::vector<TraceEvent>> per_cpu_;
  std::vector<Pid> running_;  // by CPU, as the switches tell
  Nanos first_ = Nanos::max();
};

void ScriptReader::handle(const Line& line) {
  size_t cpu = line.cpu.index();
  if (per_cpu_.size() <= cpu) {
    per_cpu_.resize(cpu + 1);
    running_.resize(cpu + 1);
  }
  TraceEvent event;
  event.time = line.time;
  event.cpu = line.cpu;
  event.current = line.current.valid() ? line.current : running_[cpu];
  event.context = line.context;
  if (!parse(line, event)) return;
  any_known_ = true;
  bool is_wake = event.kind == TraceKind::kWaking;
  if (!line.has_context && is_wake && event.current == Pid(0)) event.context = kHardIrq;
  if (event.time.count() == 0) {  // made up by perf, for tasks that were there before the recording
    event.current = Pid();
  } else {
    running_[cpu] = event.kind == TraceKind::kSwitch ? event.pid : event.current;
    first_ = std::min(first_, event.time);
  }
  per_cpu_[cpu].push_back(event);
}

// False: not an event of the scheduler, or one that another event tells, too.
bool ScriptReader::parse(const Line& line, TraceEvent& event) {
  std::string_view rest = line.rest;
  if (line.event == "sched_switch") {
    parse_switch(rest, event);
  } else if (line.event == "sched_waking" || (line.event == "sched_wakeup" && !has_waking_)) {
    event.kind = TraceKind::kWaking;
    parse_woken(rest, event);
  } else if (line.event == "sched_wakeup_new") {
    event.kind = TraceKind::kWakeupNew;
    parse_woken(rest, event);
  } else if (line.event == "sched_wakeup") {
    return false;
  } else if (line.event == "sched_migrate_task") {
    event.kind = TraceKind::kMigrate;
    event.name = comm(rest, "comm=", " pid=");
    event.pid = pid(rest, " pid=");
    event.prio = prio(rest, " prio=");
    event.other_cpu = cpu(rest, " orig_cpu=");
    event.dest_cpu = cpu(rest, " dest_cpu=");
  } else if (line.event == "sched_stat_runtime") {
    event.kind = TraceKind::kStatRuntime;
    event.name = comm(rest, "comm=", " pid=");
    event.pid = pid(rest, " pid=");
    event.value = need<int64_t>(rest, " runtime=");
  } else if (line.event == "sched_process_fork") {
    event.kind = TraceKind::kFork;
    event.name = comm(rest, "child_comm=", " child_pid=");
    event.pid = pid(rest, " child_pid=");
  } else if (line.event == "sched_process_exec") {
    event.kind = TraceKind::kExec;
    event.pid = pid(rest, " pid=");
    std::string_view path = rest.substr(0, rest.find(" pid="));
    event.name = trace_.intern(std::string(path.substr(path.find_last_of("/=") + 1).substr(0, 15)));
  } else if (line.event == "sched_process_exit") {
    event.kind = TraceKind::kExit;
    event.name = comm(rest, "comm=", " pid=");
    event.pid = pid(rest, " pid=");
  } else {
    return parse_task_record(line, event);
  }
  return true;
}

// perf script --show-task-events: "PERF_RECORD_COMM exec: make:24556/24556", "PERF_RECORD_EXIT(pid:tid):(...)".
bool ScriptReader::parse_task_record(const Line& line, TraceEvent& event) {
  if (line.event == "PERF_RECORD_EXIT") {
    event.kind = TraceKind::kExit;
    event.pid = Pid(need<int32_t>(line.rest, ":"));
    return true;
  }
  bool is_exec = line.event == "exec", is_comm = line.event == "PERF_RECORD_COMM";
  size_t slash = line.rest.rfind('/'), colon = line.rest.rfind(':');
  if ((!is_exec && !is_comm) || slash == std::string_view::npos || colon == std::string_view::npos || colon > slash) {
    ++trace_.holes.unknown_records;
    return false;
  }
  event.kind = is_exec ? TraceKind::kExec : TraceKind::kComm;
  event.pid = Pid(need<int32_t>(line.rest.substr(slash), "/"));
  event.name = trace_.intern(std::string(line.rest.substr(0, colon).substr(0, 15)));
  return true;
}

void ScriptReader::parse_switch(std::string_view rest, TraceEvent& event) {
  event.kind = TraceKind::kSwitch;
  if (rest.find("prev_pid=") == std::string_view::npos) return parse_short_switch(rest, event);
  event.current = pid(rest, "prev_pid=");
  event.current_prio = prio(rest, "prev_prio=");
  size_t state = rest.find("prev_state=");
  if (state != std::string_view::npos) {
    std::string_view letters = rest.substr(state + 11);
    event.state = text::parse_state(letters.substr(0, letters.find(' ')));
  }
  event.name = comm(rest, "next_comm=", " next_pid=");
  event.pid = pid(rest, " next_pid=");
  event.prio = prio(rest, " next_prio=");
}

// The short form of libtraceevent's plugin: "make:24556 [120] S ==> swapper/1:0 [120]".
void ScriptReader::parse_short_switch(std::string_view rest, TraceEvent& event) {
  size_t arrow = rest.find(" ==> ");
  std::string_view left = rest.substr(0, arrow), right = arrow == std::string_view::npos ? "" : rest.substr(arrow + 5);
  size_t left_colon = left.rfind(':'), right_colon = right.rfind(':'), bracket = left.rfind(']');
  event.current = Pid(need<int32_t>(left.substr(std::min(left_colon, left.size())), ":"));
  event.pid = Pid(need<int32_t>(right.substr(std::min(right_colon, right.size())), ":"));
  event.prio = need<int16_t>(right.substr(right_colon), "[");
  if (bracket != std::string_view::npos) event.state = text::parse_state(left.substr(bracket + 1));
  event.current_prio = need<int16_t>(left.substr(std::min(left_colon, left.size())), "[");
  event.name = trace_.intern(std::string(right.substr(0, right_colon).substr(0, 15)));
}

// "comm=make pid=24556 prio=120 target_cpu=001", or the plugin's "make:24556 [120] success=1 CPU:001".
void ScriptReader::parse_woken(std::string_view rest, TraceEvent& event) {
  if (rest.find(" pid=") != std::string_view::npos) {
    event.name = comm(rest, "comm=", " pid=");
    event.pid = pid(rest, " pid=");
    event.prio = prio(rest, " prio=");
    event.other_cpu = cpu(rest, " target_cpu=");
    return;
  }
  std::string_view task = rest.substr(0, rest.rfind(" ["));
  size_t colon = std::min(task.rfind(':'), task.size());
  event.pid = Pid(need<int32_t>(task.substr(colon), ":"));
  event.prio = need<int16_t>(rest.substr(task.size()), "[");
  event.other_cpu = cpu(rest, "CPU:");
  event.name = trace_.intern(std::string(task.substr(0, colon).substr(0, 15)));
}

// Text: no control characters but white space in its first lines.
bool is_text(ByteSpan bytes) {
  std::string_view head = text_of(bytes.first(std::min<size_t>(bytes.size(), 4096)));
  return std::all_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t' || c == '\r';
  });
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
