#include "traces/perfetto/perfetto_bundle.h"

#include <algorithm>

#include "traces/perfetto/perfetto_fields.h"
#include "traces/prev_state.h"
#include "traces/trace_flags.h"

namespace simsched {
namespace {

using namespace perfetto;

constexpr int64_t kSecondChoice = 1;  // TraceEvent::value until the end: another kind tells it better

// So that differences of times fit.
Nanos time_of(uint64_t time) { return Nanos(static_cast<int64_t>(time & ((uint64_t{1} << 62) - 1))); }

// Columns may be shorter than others when they are damaged.
int64_t at(const std::vector<int64_t>& column, size_t index) { return index < column.size() ? column[index] : 0; }

}  // namespace

void PerfettoBundles::refuse(const std::string& what) const { throw Error(where_, what, "copy or record it again"); }

uint32_t PerfettoBundles::name(std::string_view text) { return trace_.intern(std::string(text.substr(0, 15))); }

void PerfettoBundles::read(std::string_view view, bool dropped, const std::string& where) {
  where_ = where;
  bundle_.clear();
  int64_t number = 0;
  bool lost = false;
  Nanos complete_from{0};
  for (ProtoFields fields(view); fields.next();) {
    switch (fields.tag()) {
      case bundle::kCpu:
        number = fields.number();
        break;
      case bundle::kLostEvents:
        lost = fields.number() != 0;
        break;
      case bundle::kClock:
        local_clock_ |= fields.number() == bundle::kLocalClock;
        break;
      case bundle::kLastReadEvent:
      case bundle::kPreviousEnd:
        complete_from = std::max(complete_from, time_of(static_cast<uint64_t>(fields.number())));
        break;
      default:
        break;
    }
  }
  if (number < 0 || number >= kMostRecordedCpus)
    return odd_.add(Error(where_, "CPU " + std::to_string(number) + " makes no sense"));
  const CpuId cpu(static_cast<int32_t>(number));
  if (cpus_.size() <= cpu.index()) {
    cpus_.resize(cpu.index() + 1);
    per_cpu_.resize(cpu.index() + 1);
  }
  CpuState& state = cpus_[cpu.index()];
  if (!state.seen) start_ = std::max(start_, complete_from);
  lost |= dropped && state.seen;
  if (lost) {
    state.running = Pid();
    state.prio = kNoPrio;
  }
  state.seen = true;
  for (ProtoFields fields(view); fields.next();) {
    if (fields.tag() == bundle::kEvent) {
      read_event(fields.message(), cpu);
    } else if (fields.tag() == bundle::kCompactSched) {
      read_compact(fields.message(), cpu);
    }
  }
  std::stable_sort(bundle_.begin(), bundle_.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  if (lost) {
    TraceEvent gap;
    gap.kind = TraceKind::kLost;
    gap.cpu = cpu;
    gap.value = 1;  // how many is not told
    gap.time = bundle_.empty() ? state.last : bundle_.front().time;
    ++lost_;
    per_cpu_[cpu.index()].push_back(gap);
  }
  if (!bundle_.empty()) state.last = bundle_.back().time;
  per_cpu_[cpu.index()].insert(per_cpu_[cpu.index()].end(), bundle_.begin(), bundle_.end());
}

void PerfettoBundles::add(const TraceEvent& event) {
  ++events_;
  bundle_.push_back(event);
}

void PerfettoBundles::read_event(ProtoFields fields, CpuId cpu) {
  TraceEvent event;
  event.cpu = cpu;
  uint32_t tag = 0;
  std::string_view body;
  while (fields.next()) {
    if (fields.tag() == ftrace::kTimestamp) {
      event.time = time_of(static_cast<uint64_t>(fields.number()));
    } else if (fields.tag() == ftrace::kPid) {
      event.current = Pid(static_cast<int32_t>(fields.number()));
    } else if (fields.tag() == ftrace::kCommonFlags) {
      event.context = context_of_flags(fields.number());
    } else if (fields.is_message()) {
      tag = fields.tag();
      body = fields.bytes();
    }
  }
  if (tag == ftrace::kCpuFrequency || tag == ftrace::kCpuIdle) return read_power(tag, ProtoFields(body), event.time);
  try {
    if (read_kind(tag, ProtoFields(body), event)) {
      add(event);
    } else {
      ++trace_.holes.unknown_records;
    }
  } catch (const Error& error) {
    odd_.add(error);
  }
}

void PerfettoBundles::read_power(uint32_t tag, ProtoFields body, Nanos time) {
  PowerEvent event;
  event.time = time;
  event.kind = tag == ftrace::kCpuIdle ? PowerEvent::Kind::kIdle : PowerEvent::Kind::kFrequency;
  int64_t cpu = -1;
  while (body.next()) {
    if (body.tag() == power::kState) {
      event.value = static_cast<uint32_t>(body.number());
    } else if (body.tag() == power::kCpuId) {
      cpu = body.number();
    }
  }
  if (cpu < 0 || cpu >= kMostRecordedCpus) return odd_.add(Error(where_, "a frequency or idle state is of no CPU"));
  event.cpu = CpuId(static_cast<int32_t>(cpu));
  trace_.power.push_back(event);
}

bool PerfettoBundles::read_kind(uint32_t tag, ProtoFields body, TraceEvent& event) {
  auto pid = [&](ProtoFields& from) { return Pid(static_cast<int32_t>(from.number())); };
  auto prio = [&](ProtoFields& from) { return static_cast<int16_t>(from.number()); };
  auto cpu = [&](ProtoFields& from) {
    const int64_t found = from.number();
    if (found < 0 || found >= kMostRecordedCpus) refuse("CPU " + std::to_string(found) + " makes no sense");
    return CpuId(static_cast<int32_t>(found));
  };
  switch (tag) {
    case ftrace::kSwitch:
      event.kind = TraceKind::kSwitch;
      event.current = Pid(0);
      event.pid = Pid(0);
      event.state = kStateIsNumber;
      while (body.next()) {
        switch (body.tag()) {
          case sched_switch::kPrevPid:
            event.current = pid(body);
            break;
          case sched_switch::kPrevPrio:
            event.current_prio = prio(body);
            break;
          case sched_switch::kPrevState: {
            const int64_t state = body.number();
            if (state < 0 || state >= kStateIsNumber) refuse("prev_state " + std::to_string(state) + " is none");
            event.state = static_cast<uint16_t>(state | kStateIsNumber);
            break;
          }
          case sched_switch::kNextComm:
            event.name = name(body.bytes());
            break;
          case sched_switch::kNextPid:
            event.pid = pid(body);
            break;
          case sched_switch::kNextPrio:
            event.prio = prio(body);
            break;
          default:
            break;
        }
      }
      cpus_[event.cpu.index()].running = event.pid;
      cpus_[event.cpu.index()].prio = event.prio;
      return true;
    case ftrace::kWaking:
    case ftrace::kWakeup:
    case ftrace::kWakeupNew:
      event.kind = tag == ftrace::kWakeupNew ? TraceKind::kWakeupNew : TraceKind::kWaking;
      has_waking_ |= tag == ftrace::kWaking;
      event.value = tag == ftrace::kWakeup ? kSecondChoice : 0;
      event.other_cpu = CpuId(0);
      while (body.next()) {
        switch (body.tag()) {
          case waking::kComm:
            event.name = name(body.bytes());
            break;
          case waking::kPid:
            event.pid = pid(body);
            break;
          case waking::kPrio:
            event.prio = prio(body);
            break;
          case waking::kTargetCpu:
            event.other_cpu = cpu(body);
            break;
          default:
            break;
        }
      }
      return event.pid.valid();
    case ftrace::kMigrateTask:
      event.kind = TraceKind::kMigrate;
      event.other_cpu = event.dest_cpu = CpuId(0);
      while (body.next()) {
        switch (body.tag()) {
          case migrate::kComm:
            event.name = name(body.bytes());
            break;
          case migrate::kPid:
            event.pid = pid(body);
            break;
          case migrate::kPrio:
            event.prio = prio(body);
            break;
          case migrate::kOrigCpu:
            event.other_cpu = cpu(body);
            break;
          case migrate::kDestCpu:
            event.dest_cpu = cpu(body);
            break;
          default:
            break;
        }
      }
      return event.pid.valid();
    case ftrace::kFork:
    case ftrace::kNewTask: {
      event.kind = TraceKind::kFork;
      has_fork_ |= tag == ftrace::kFork;
      event.value = tag == ftrace::kNewTask ? kSecondChoice : 0;
      const bool plain = tag == ftrace::kNewTask;
      while (body.next()) {
        if (body.tag() == (plain ? new_task::kPid : fork::kChildPid)) {
          event.pid = pid(body);
        } else if (body.tag() == (plain ? new_task::kComm : fork::kChildComm)) {
          event.name = name(body.bytes());
        }
      }
      return event.pid.valid();
    }
    case ftrace::kExec:
    case ftrace::kExit:
    case ftrace::kRename: {
      event.kind = tag == ftrace::kExec ? TraceKind::kExec : tag == ftrace::kExit ? TraceKind::kExit : TraceKind::kComm;
      const uint32_t pid_tag = tag == ftrace::kRename ? rename::kPid : exec::kPid;
      const uint32_t name_tag = tag == ftrace::kRename ? rename::kNewComm : exec::kFilename;
      while (body.next()) {
        if (body.tag() == pid_tag) {
          event.pid = pid(body);
        } else if (body.tag() == name_tag) {
          const std::string_view text = body.bytes();
          event.name = name(tag == ftrace::kExec ? text.substr(text.rfind('/') + 1) : text);
        }
      }
      return event.pid.valid();
    }
    default:
      return false;
  }
}

// Who is switched out is who came before; the first switch of a CPU says only who comes.
void PerfettoBundles::read_compact(ProtoFields columns, CpuId cpu) {
  std::vector<uint32_t> names;
  std::vector<int64_t> switch_time, prev_state, next_pid, next_prio, next_comm;
  std::vector<int64_t> waking_time, waking_pid, waking_cpu, waking_prio, waking_comm, waking_flags;
  while (columns.next()) {
    switch (columns.tag()) {
      case compact::kInternTable:
        names.push_back(name(columns.bytes()));
        break;
      case compact::kSwitchTimestamp:
        columns.append_packed(switch_time);
        break;
      case compact::kSwitchPrevState:
        columns.append_packed(prev_state);
        break;
      case compact::kSwitchNextPid:
        columns.append_packed(next_pid);
        break;
      case compact::kSwitchNextPrio:
        columns.append_packed(next_prio);
        break;
      case compact::kSwitchNextComm:
        columns.append_packed(next_comm);
        break;
      case compact::kWakingTimestamp:
        columns.append_packed(waking_time);
        break;
      case compact::kWakingPid:
        columns.append_packed(waking_pid);
        break;
      case compact::kWakingTargetCpu:
        columns.append_packed(waking_cpu);
        break;
      case compact::kWakingPrio:
        columns.append_packed(waking_prio);
        break;
      case compact::kWakingComm:
        columns.append_packed(waking_comm);
        break;
      case compact::kWakingFlags:
        columns.append_packed(waking_flags);
        break;
      default:
        break;
    }
  }
  auto named = [&](int64_t index) {
    return index >= 0 && static_cast<size_t>(index) < names.size() ? names[static_cast<size_t>(index)] : 0;
  };
  CpuState& state = cpus_[cpu.index()];
  auto switched = static_cast<uint64_t>(at(switch_time, 0)), woken = static_cast<uint64_t>(at(waking_time, 0));
  size_t s = 0, w = 0;
  while (s < switch_time.size() || w < waking_time.size()) {
    TraceEvent event;
    event.cpu = cpu;
    event.current = state.running;
    const bool is_switch = w == waking_time.size() || (s < switch_time.size() && switched < woken);
    if (is_switch) {
      event.time = time_of(switched);
      event.kind = TraceKind::kSwitch;
      event.pid = Pid(static_cast<int32_t>(at(next_pid, s)));
      event.name = named(at(next_comm, s));
      event.prio = static_cast<int16_t>(at(next_prio, s));
      event.current_prio = state.prio;
      const int64_t left = at(prev_state, s);
      event.state = static_cast<uint16_t>(std::clamp<int64_t>(left, 0, kStateIsNumber - 1) | kStateIsNumber);
      state.running = event.pid;
      state.prio = event.prio;
      switched += static_cast<uint64_t>(at(switch_time, ++s));
      // Nobody knows who left: what follows tells that this one runs.
      if (event.current.valid()) add(event);
      continue;
    }
    has_waking_ = true;
    event.time = time_of(woken);
    event.kind = TraceKind::kWaking;
    event.pid = Pid(static_cast<int32_t>(at(waking_pid, w)));
    event.name = named(at(waking_comm, w));
    event.prio = static_cast<int16_t>(at(waking_prio, w));
    event.other_cpu = CpuId(static_cast<int32_t>(std::clamp<int64_t>(at(waking_cpu, w), 0, kMostRecordedCpus - 1)));
    event.context = context_of_flags(at(waking_flags, w));
    woken += static_cast<uint64_t>(at(waking_time, ++w));
    if (event.current.valid()) add(event);
  }
}

std::vector<std::vector<TraceEvent>> PerfettoBundles::take_events() {
  for (auto& events : per_cpu_) {
    std::erase_if(events, [&](const TraceEvent& event) {
      const bool told_better = event.value == kSecondChoice && ((event.kind == TraceKind::kWaking && has_waking_) ||
                                                                (event.kind == TraceKind::kFork && has_fork_));
      return told_better || event.time < start_;
    });
    for (TraceEvent& event : events)
      if (event.kind == TraceKind::kWaking || event.kind == TraceKind::kFork) event.value = 0;
  }
  std::erase_if(trace_.power, [&](const PowerEvent& event) { return event.time < start_; });
  return std::move(per_cpu_);
}

}  // namespace simsched
