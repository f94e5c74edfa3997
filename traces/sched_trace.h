// SchedTrace: what a scheduler did, as a list of events in time order. Readers make one from a
// recording, the engine's recorder makes one from a simulation, and everything that measures or
// draws (validate, the Perfetto writer) reads only this, so that both are measured alike.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/units.h"
#include "traces/calls.h"

namespace simsched {

enum class TraceKind : uint8_t {
  kSwitch,       // sched_switch: `current` leaves in `state`, `pid` comes (0: idle)
  kWaking,       // sched_waking: `current` wakes `pid`, last on `other_cpu`
  kWakeupNew,    // sched_wakeup_new: `pid` is new, placed on `other_cpu`
  kMigrate,      // sched_migrate_task: `pid` from `other_cpu` to `dest_cpu`
  kStatRuntime,  // sched_stat_runtime: `pid` has run `value` ns since the last such event
  kFork,         // sched_process_fork: `current` is the parent, `pid` the child
  kExec,         // PERF_RECORD_COMM with the exec bit, or sched_process_exec: of `pid`
  kComm,         // renamed without exec: `pid` is now called `name`
  kExit,         // PERF_RECORD_EXIT or sched_process_exit: of `pid`
  kLost,         // `value` events lost on `cpu` before this one
};

// Context in which an event was raised (the raw record's common_flags).
enum TraceContext : uint8_t { kHardIrq = 1, kSoftIrq = 2 };

// prev_state of sched_switch, as the tracepoint has it (include/trace/events/sched.h, 6.18).
enum TraceState : uint16_t {
  kStateRunning = 0,
  kStateInterruptible = 1,
  kStateUninterruptible = 2,
  kStateStopped = 4,
  kStateTraced = 8,
  kStateDead = 0x10,
  kStateZombie = 0x20,
  kStateParked = 0x40,
  kStateIdle = 0x80,
  kStatePreempted = 0x100,
};

// power:cpu_frequency and power:cpu_idle: what a CPU does from then on.
struct PowerEvent {
  enum class Kind : uint8_t { kFrequency, kIdle };
  Nanos time;          // as of TraceEvent
  CpuId cpu;           // whose it is
  uint32_t value = 0;  // kFrequency: kHz; kIdle: the idle state, kNotIdle when it ends
  Kind kind = Kind::kFrequency;

  friend bool operator==(const PowerEvent&, const PowerEvent&) = default;
};
constexpr uint32_t kNotIdle = ~uint32_t{0};

constexpr int64_t kMostRecordedCpus = 1 << 16;  // what names others is damaged
constexpr int16_t kNoPrio = INT16_MIN;  // the event does not tell a priority

struct TraceEvent {
  Nanos time;  // since the first event of the trace
  int64_t value = 0;
  Pid pid;      // whom it is about
  Pid current;  // who ran on `cpu` when it was raised (0: idle)
  CpuId cpu;    // where it was raised
  CpuId other_cpu;
  CpuId dest_cpu;
  uint32_t name = 0;               // of `pid`; index into SchedTrace::names
  uint16_t state = 0;              // kSwitch: TraceState of `current`
  int16_t prio = 120;              // kernel priority of `pid` (0..99 real time, 120 = nice 0), where tells_prio(kind)
  int16_t current_prio = kNoPrio;  // kSwitch: of `current`
  TraceKind kind = TraceKind::kSwitch;
  uint8_t context = 0;    // TraceContext bits
  bool inferred = false;  // not in the recording: put in by complete_switches()

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

// Whether events of this kind tell the priority of their `pid`.
constexpr bool tells_prio(TraceKind kind) {
  return kind == TraceKind::kSwitch || kind == TraceKind::kWaking || kind == TraceKind::kWakeupNew ||
         kind == TraceKind::kMigrate;
}

// One entry of the sidecar's `tasks:` list: holds for the tasks named `tree` and all their descendants.
struct RecordedTree {
  std::string tree;
  Nanos slice{0};
  int policy = 0;  // SchedPolicy number
  int nice = 0;
  std::string cpus;  // CPU list; empty: all
};

// The circumstances of a recording: its NAME.recorded.yaml. What nobody told is assumed, and said to be.
struct Circumstances {
  struct Told {
    bool kernel = false, hz = false, preempt = false, base_slice = false, autogroup = false, machine = false;
  };
  std::string kernel = "6.12";
  int hz = 250;
  std::string preempt = "none";  // none, voluntary, full, lazy
  Nanos base_slice{0};           // 0: the kernel's default for the machine
  bool autogroup = false;
  std::string machine = "host";
  std::vector<RecordedTree> tasks;
  Told told;  // by the sidecar or the recording itself
};

constexpr int32_t kFullRecordedCapacity = 1024;

// What the head of a recording tells of a CPU: numbers of units, dense from 0, and how fast it is at its top frequency.
struct RecordedCpu {
  int32_t core = 0, llc = 0, node = 0;
  int32_t capacity = kFullRecordedCapacity;
  uint32_t top_khz = 0;  // 0: not told

  friend bool operator==(const RecordedCpu&, const RecordedCpu&) = default;
};

class SchedTrace {
 public:
  std::vector<TraceEvent> events;
  std::vector<PowerEvent> power;  // in time order
  std::vector<TraceCall> calls;  // in order of `begin`; empty: recorded without causes
  std::vector<std::string> names{""};
  size_t nr_cpus = 0;
  Nanos origin{0};                   // clock of the first event in the recording (time of events is relative to it)
  std::string os_release;            // "" when the recording does not tell
  std::vector<RecordedCpu> machine;  // by CPU; empty when the recording does not tell
  bool tells_cpus = false;           // its head says how many there are: nr_cpus, at least
  Circumstances circumstances;

  // What was wrong with it: counted, never guessed silently.
  struct Holes {
    uint64_t lost_events = 0;
    uint64_t unknown_records = 0;           // kinds of records or lines that are none of the scheduler's
    uint64_t unreadable = 0;                // events that could not be read: each is left out, see `notes`
    bool cut_end = false;                   // the file ends in the middle of something
    uint64_t clock_backwards = 0;           // events whose clock was before their predecessor's on the same CPU
    uint64_t clock_conflicts = 0;           // wakings after their task ran: clocks of CPUs disagree, see check_clocks()
    uint64_t inferred_switches = 0;         // see complete_switches()
    uint64_t unplaced_wakeups = 0;          // wakings whose task was never seen running afterwards
    uint64_t lost_calls = 0;                // calls that the recorder had no room for
    uint64_t unnamed_calls = 0;             // data calls whose object was not known; not in `calls`
    uint64_t uring_calls = 0;               // io_uring_enter: what those did is not known
    std::vector<bool> no_switch_from_idle;  // by CPU: the recording lacks sched_switch out of idle there
  } holes;
  std::vector<std::string> notes;  // sentences on what a user should know of it, for people

  uint32_t intern(const std::string& text);
  Nanos duration() const { return events.empty() ? Nanos(0) : events.back().time - events.front().time; }

 private:
  std::vector<std::pair<size_t, uint32_t>> index_;  // of names, by hash
};

}  // namespace simsched
