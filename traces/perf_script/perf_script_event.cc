#include "traces/perf_script/perf_script_event.h"

#include <algorithm>

#include "base/error.h"
#include "traces/prev_state.h"

namespace simsched::text {
namespace {

class EventParser {
 public:
  EventParser(Place place, SchedTrace& trace, TraceEvent& event) : place_(place), trace_(trace), event_(event) {}

  EventUse parse(const Line& line, bool has_waking);

 private:
  EventUse parse_task_record(const Line& line);
  void keep_power(const Line& line);
  void parse_switch(std::string_view rest);
  void parse_short_switch(std::string_view rest);
  bool parse_woken(std::string_view rest);
  void parse_migration(std::string_view rest);

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(place_.str(), what, "print it again; the line may be cut short");
  }
  template <class T>
  T need(std::string_view rest, std::string_view key) const {
    if (std::optional<T> value = number_after<T>(rest, key)) return *value;
    fail("the event has no number after '" + std::string(key) + "'");
  }
  Pid pid(std::string_view rest, std::string_view key) const { return Pid(need<int32_t>(rest, key)); }
  CpuId cpu(std::string_view rest, std::string_view key) const {
    auto value = need<int32_t>(rest, key);
    if (value >= 0 && value < (1 << 16)) return CpuId(value);
    fail("CPU " + std::to_string(value) + " makes no sense");
  }
  int16_t prio(std::string_view rest, std::string_view key) const { return need<int16_t>(rest, key); }
  uint16_t state(std::optional<uint16_t> parsed, std::string_view text) const {
    if (parsed) return *parsed;
    fail("prev_state '" + std::string(text) + "' is none that is known");
  }
  uint32_t name(std::string_view text) { return trace_.intern(std::string(text.substr(0, 15))); }
  uint32_t comm(std::string_view rest, std::string_view from, std::string_view to) {
    size_t start = rest.find(from);
    if (start == std::string_view::npos) return 0;
    start += from.size();
    return name(rest.substr(start, rest.find(to, start) - start));
  }
  // "make:24556 [120]"
  struct Task {
    std::string_view comm;
    Pid pid;
    int16_t prio;
  };
  Task task(std::string_view text) const {
    if (text.starts_with("task ")) text.remove_prefix(5);  // until 2.6.33
    size_t bracket = std::min(text.find(" ["), text.size());
    // A command may have brackets, too: the priority's follow a number.
    while (bracket < text.size() && (bracket == 0 || text[bracket - 1] < '0' || text[bracket - 1] > '9'))
      bracket = std::min(text.find(" [", bracket + 1), text.size());
    std::string_view head = text.substr(0, bracket);
    size_t colon = std::min(head.rfind(':'), head.size());
    return {head.substr(0, colon), pid(head.substr(colon), ":"), prio(text.substr(bracket), "[")};
  }

  Place place_;
  SchedTrace& trace_;
  TraceEvent& event_;
};

EventUse EventParser::parse(const Line& line, bool has_waking) {
  std::string_view rest = line.rest;
  if (line.event == "sched_switch") {
    parse_switch(rest);
  } else if (line.event == "sched_waking" || (line.event == "sched_wakeup" && !has_waking)) {
    event_.kind = TraceKind::kWaking;
    if (!parse_woken(rest)) return EventUse::kNotNeeded;
  } else if (line.event == "sched_wakeup_new") {
    event_.kind = TraceKind::kWakeupNew;
    parse_woken(rest);
  } else if (line.event == "sched_wakeup") {
    return EventUse::kNotNeeded;
  } else if (line.event == "sched_migrate_task") {
    event_.kind = TraceKind::kMigrate;
    parse_migration(rest);
  } else if (line.event == "sched_stat_runtime") {
    event_.kind = TraceKind::kStatRuntime;
    event_.name = comm(rest, "comm=", " pid=");
    event_.pid = pid(rest, " pid=");
    event_.value = need<int64_t>(rest, " runtime=");
  } else if (line.event == "sched_process_fork") {
    event_.kind = TraceKind::kFork;
    event_.name = comm(rest, "child_comm=", " child_pid=");
    event_.pid = pid(rest, " child_pid=");
  } else if (line.event == "sched_process_exec") {
    event_.kind = TraceKind::kExec;
    event_.pid = pid(rest, " pid=");
    std::string_view path = rest.substr(0, rest.find(" pid="));
    event_.name = name(path.substr(path.find_last_of("/=") + 1));
  } else if (line.event == "sched_process_exit") {
    event_.kind = TraceKind::kExit;
    event_.name = comm(rest, "comm=", " pid=");
    event_.pid = pid(rest, " pid=");
  } else if (line.event == "cpu_frequency" || line.event == "cpu_idle") {
    keep_power(line);
    return EventUse::kNotNeeded;
  } else {
    return parse_task_record(line);
  }
  return EventUse::kTaken;
}

// "state=1100000 cpu_id=1"; an idle state that ends is 4294967295.
void EventParser::keep_power(const Line& line) {
  const auto kind = line.event == "cpu_idle" ? PowerEvent::Kind::kIdle : PowerEvent::Kind::kFrequency;
  trace_.power.push_back({event_.time, cpu(line.rest, "cpu_id="), need<uint32_t>(line.rest, "state="), kind});
}

// perf script --show-task-events: "PERF_RECORD_COMM exec: make:24556/24556", "PERF_RECORD_EXIT(pid:tid):(...)"; and
// --show-lost-events: "PERF_RECORD_LOST lost 12".
EventUse EventParser::parse_task_record(const Line& line) {
  if (line.event == "PERF_RECORD_EXIT") {
    event_.kind = TraceKind::kExit;
    event_.pid = pid(line.rest, ":");
    return EventUse::kTaken;
  }
  if (line.event == "PERF_RECORD_LOST" || line.event == "PERF_RECORD_LOST_SAMPLES") {
    event_.kind = TraceKind::kLost;
    event_.pid = event_.current = Pid();
    event_.value = std::max(need<int64_t>(line.rest, "lost "), int64_t{0});
    return EventUse::kTaken;
  }
  bool is_exec = line.event == "exec", is_comm = line.event == "PERF_RECORD_COMM";
  size_t slash = line.rest.rfind('/'), colon = line.rest.rfind(':');
  if ((!is_exec && !is_comm) || slash == std::string_view::npos || colon == std::string_view::npos || colon > slash)
    return EventUse::kForeign;
  event_.kind = is_exec ? TraceKind::kExec : TraceKind::kComm;
  event_.pid = pid(line.rest.substr(slash), "/");
  event_.name = name(line.rest.substr(0, colon));
  return EventUse::kTaken;
}

void EventParser::parse_switch(std::string_view rest) {
  event_.kind = TraceKind::kSwitch;
  if (rest.find("prev_pid=") == std::string_view::npos) return parse_short_switch(rest);
  event_.current = pid(rest, "prev_pid=");
  if (rest.find(" prev_prio=") != std::string_view::npos) event_.current_prio = prio(rest, " prev_prio=");
  size_t at = rest.find("prev_state=");
  std::string_view text = at == std::string_view::npos ? "" : rest.substr(at + 11);
  text = text.substr(0, text.find(' '));
  event_.state = state(parse_state(text), text);
  event_.name = comm(rest, "next_comm=", " next_pid=");
  event_.pid = pid(rest, " next_pid=");
  event_.prio = prio(rest, " next_prio=");
}

// The short form of libtraceevent's plugin: "make:24556 [120] S ==> swapper/1:0 [120]"; until 2.6.33 the kernel's:
// "task make:24556 [120] (S) ==> swapper/1:0 [120]".
void EventParser::parse_short_switch(std::string_view rest) {
  size_t arrow = rest.find(" ==> ");
  if (arrow == std::string_view::npos) fail("the event has no '==>'");
  std::string_view left = rest.substr(0, arrow);
  Task prev = task(left), next = task(rest.substr(arrow + 5));
  std::string_view text = left.substr(std::min(left.rfind(']'), left.size() - 1) + 1);
  while (text.starts_with(' ') || text.starts_with('(')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with(')')) text.remove_suffix(1);
  event_.current = prev.pid;
  event_.current_prio = prev.prio;
  event_.state = state(parse_plugin_state(text), text);
  event_.pid = next.pid;
  event_.prio = next.prio;
  event_.name = name(next.comm);
}

// "comm=make pid=24556 prio=120 target_cpu=001"; the plugin's "make:24556 [120] success=1 CPU:001"; until 2.6.33
// "task make:24556 [120] success=1 [001]". False: it woke nobody.
bool EventParser::parse_woken(std::string_view rest) {
  if (number_after<int>(rest, "success=") == 0) return false;
  if (rest.find(" pid=") != std::string_view::npos) {
    event_.name = comm(rest, "comm=", " pid=");
    event_.pid = pid(rest, " pid=");
    event_.prio = prio(rest, " prio=");
    event_.other_cpu = cpu(rest, " target_cpu=");
    return true;
  }
  Task woken = task(rest);
  event_.pid = woken.pid;
  event_.prio = woken.prio;
  event_.name = name(woken.comm);
  bool named = rest.find("CPU:") != std::string_view::npos;
  event_.other_cpu = named ? cpu(rest, "CPU:") : cpu(rest.substr(std::min(rest.rfind('['), rest.size())), "[");
  if (!named && rest.rfind('[') == rest.find('[')) fail("the event has no CPU");
  return true;
}

// "comm=make pid=24556 prio=120 orig_cpu=1 dest_cpu=0"; until 2.6.33 "task make:24556 [120] from: 1  to: 0".
void EventParser::parse_migration(std::string_view rest) {
  if (rest.find(" pid=") == std::string_view::npos) {
    Task moved = task(rest);
    event_.pid = moved.pid;
    event_.prio = moved.prio;
    event_.name = name(moved.comm);
    event_.other_cpu = cpu(rest, " from: ");
    event_.dest_cpu = cpu(rest, " to: ");
    return;
  }
  event_.name = comm(rest, "comm=", " pid=");
  event_.pid = pid(rest, " pid=");
  event_.prio = prio(rest, " prio=");
  event_.other_cpu = cpu(rest, " orig_cpu=");
  event_.dest_cpu = cpu(rest, " dest_cpu=");
}

}  // namespace

EventUse parse_event_text(const Line& line, bool has_waking, Place place, SchedTrace& trace, TraceEvent& event) {
  return EventParser(place, trace, event).parse(line, has_waking);
}

}  // namespace simsched::text
