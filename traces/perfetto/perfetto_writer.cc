#include "traces/perfetto/perfetto_writer.h"

#include <algorithm>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <unordered_map>

#include "traces/perfetto/perfetto_fields.h"
#include "traces/trace_flags.h"

namespace simsched {
namespace {

using namespace perfetto;
using protozero::pbf_writer;

constexpr size_t kBundleSize = 64;  // events of a CPU in one packet: as many as the UI sorts at ease
constexpr uint32_t kSequence = 1;   // all packets come from one writer

class PerfettoWriter {
 public:
  PerfettoWriter(const SchedTrace& trace, std::string& out) : trace_(trace), out_(out), cpus_(trace.nr_cpus) {}

  void write(const std::vector<CounterTrack>& counters, const std::vector<SliceTrack>& slices) {
    system_info();
    process_tree();
    for (const TraceEvent& event : trace_.events) add(event);
    for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) flush(cpu);
    uint64_t uuid = 0;
    for (const CounterTrack& track : counters)
      track.kind == CounterTrack::Kind::kNamed ? counter(track, ++uuid) : power(track);
    for (const SliceTrack& track : slices) slice_track(track, ++uuid);
  }

 private:
  struct Process {
    int32_t parent = 0;
    uint32_t name = 0;
    int16_t prio = 120;
  };
  struct Bundle {
    std::string bytes;  // of a FtraceEventBundle
    size_t count = 0;
    bool lost = false;
  };

  uint64_t clock(Nanos time) const {
    return static_cast<uint64_t>(trace_.origin.count()) + static_cast<uint64_t>(time.count());
  }
  std::string comm(Pid pid, CpuId cpu) const {
    if (pid == Pid(0)) return "swapper/" + std::to_string(cpu.value());
    auto found = known_.find(pid.value());
    return found == known_.end() ? "" : trace_.names[found->second.name];
  }

  template <class Fill>
  void packet(Fill fill) {
    pbf_writer all(out_);
    pbf_writer one(all, trace::kPacket);
    fill(one);
    one.add_uint32(packet::kTrustedSequenceId, kSequence);
  }

  // The release tells the UI how to read prev_state: its bits moved in Linux 4.14.
  void system_info() {
    packet([&](pbf_writer& one) {
      pbf_writer info(one, packet::kSystemInfo);
      pbf_writer utsname(info, system_info::kUtsname);
      utsname.add_string(utsname::kSysname, "Linux");
      utsname.add_string(utsname::kRelease,
                         trace_.os_release.empty() ? trace_.circumstances.kernel + ".0" : trace_.os_release);
    });
  }

  // Every thread as a process of its own: a recording of the scheduler does not tell which belong together.
  void process_tree() {
    std::map<Pid, Process> processes;
    for (const TraceEvent& event : trace_.events) {
      if (event.pid.value() <= 0) continue;
      Process& process = processes[event.pid];
      if (event.name != 0) process.name = event.name;
      if (event.kind == TraceKind::kFork && event.current.valid()) process.parent = event.current.value();
    }
    packet([&](pbf_writer& one) {
      one.add_uint64(packet::kTimestamp, clock(Nanos(0)));
      pbf_writer tree(one, packet::kProcessTree);
      for (const auto& [pid, process] : processes) {
        pbf_writer entry(tree, process_tree::kProcesses);
        entry.add_int32(process::kPid, pid.value());
        entry.add_int32(process::kParentPid, process.parent);
        entry.add_string(process::kCmdline, trace_.names[process.name]);
      }
    });
  }

  void add(const TraceEvent& event) {
    Bundle& bundle = cpus_[event.cpu.index()];
    switch (event.kind) {
      case TraceKind::kLost:
        bundle.lost = true;
        return;
      case TraceKind::kSwitch:
      case TraceKind::kWaking:
      case TraceKind::kWakeupNew:
      case TraceKind::kMigrate:
        break;
      default:
        if (event.pid.valid() && event.name != 0) known_[event.pid.value()].name = event.name;
        return;
    }
    Process& subject = known_[event.pid.value()];
    if (event.name != 0) subject.name = event.name;
    subject.prio = event.prio;
    pbf_writer events(bundle.bytes);
    pbf_writer one(events, bundle::kEvent);
    one.add_uint64(ftrace::kTimestamp, clock(event.time));
    one.add_uint32(ftrace::kPid, static_cast<uint32_t>(std::max(event.current.value(), 0)));
    if (event.context != 0) one.add_uint32(ftrace::kCommonFlags, flags_of_context(event.context));
    if (event.kind == TraceKind::kSwitch)
      switch_event(one, event);
    else if (event.kind == TraceKind::kMigrate)
      migrate_event(one, event);
    else
      waking_event(one, event);
    one.commit();
    if (++bundle.count == kBundleSize) flush(event.cpu.index());
  }

  void switch_event(pbf_writer& into, const TraceEvent& event) const {
    auto left = known_.find(event.current.value());
    pbf_writer one(into, ftrace::kSwitch);
    one.add_string(sched_switch::kPrevComm, comm(event.current, event.cpu));
    one.add_int32(sched_switch::kPrevPid, event.current.value());
    one.add_int32(sched_switch::kPrevPrio, event.current_prio != kNoPrio ? event.current_prio
                                           : left == known_.end()        ? 120
                                                                         : left->second.prio);
    one.add_int64(sched_switch::kPrevState, event.state);
    one.add_string(sched_switch::kNextComm, comm(event.pid, event.cpu));
    one.add_int32(sched_switch::kNextPid, event.pid.value());
    one.add_int32(sched_switch::kNextPrio, event.prio);
  }

  void waking_event(pbf_writer& into, const TraceEvent& event) const {
    pbf_writer one(into, event.kind == TraceKind::kWaking ? ftrace::kWaking : ftrace::kWakeupNew);
    one.add_string(waking::kComm, comm(event.pid, event.cpu));
    one.add_int32(waking::kPid, event.pid.value());
    one.add_int32(waking::kPrio, event.prio);
    one.add_int32(waking::kSuccess, 1);
    one.add_int32(waking::kTargetCpu, event.other_cpu.value());
  }

  void migrate_event(pbf_writer& into, const TraceEvent& event) const {
    pbf_writer one(into, ftrace::kMigrateTask);
    one.add_string(migrate::kComm, comm(event.pid, event.cpu));
    one.add_int32(migrate::kPid, event.pid.value());
    one.add_int32(migrate::kPrio, event.prio);
    one.add_int32(migrate::kOrigCpu, event.other_cpu.value());
    one.add_int32(migrate::kDestCpu, event.dest_cpu.value());
  }

  void flush(size_t cpu) {
    Bundle& bundle = cpus_[cpu];
    if (bundle.count == 0 && !bundle.lost) return;
    packet([&](pbf_writer& one) {
      pbf_writer rest(bundle.bytes);
      rest.add_uint32(bundle::kCpu, static_cast<uint32_t>(cpu));
      if (bundle.lost) rest.add_bool(bundle::kLostEvents, true);
      one.add_message(packet::kFtraceEvents, bundle.bytes);
    });
    bundle.bytes.clear();
    bundle.count = 0;
    bundle.lost = false;
  }

  // As the kernel's tracepoints power/cpu_frequency and power/cpu_idle.
  void power(const CounterTrack& track) {
    Bundle& bundle = cpus_[track.cpu.index()];
    const bool frequency = track.kind == CounterTrack::Kind::kFrequency;
    for (const CounterTrack::Sample& sample : track.samples) {
      {
        pbf_writer events(bundle.bytes);
        pbf_writer one(events, bundle::kEvent);
        one.add_uint64(ftrace::kTimestamp, clock(sample.time));
        one.add_uint32(ftrace::kPid, 0);
        pbf_writer state(one, frequency ? ftrace::kCpuFrequency : ftrace::kCpuIdle);
        state.add_uint32(power::kState, static_cast<uint32_t>(sample.value));
        state.add_uint32(power::kCpuId, static_cast<uint32_t>(track.cpu.value()));
      }
      if (++bundle.count == kBundleSize) flush(track.cpu.index());
    }
    flush(track.cpu.index());
  }

  // `describe` says what track it is.
  template <class Describe>
  void descriptor(uint64_t uuid, Describe&& describe) {
    packet([&](pbf_writer& one) {
      one.add_uint32(packet::kSequenceFlags, packet::kIncrementalStateCleared);
      pbf_writer descriptor(one, packet::kTrackDescriptor);
      descriptor.add_uint64(track::kUuid, uuid);
      describe(descriptor);
    });
  }
  template <class Fill>
  void track_event(uint64_t uuid, Nanos time, int32_t type, Fill&& fill) {
    packet([&](pbf_writer& one) {
      one.add_uint64(packet::kTimestamp, clock(time));
      pbf_writer event(one, packet::kTrackEvent);
      event.add_enum(track_event::kType, type);
      event.add_uint64(track_event::kTrackUuid, uuid);
      fill(event);
    });
  }

  void counter(const CounterTrack& track, uint64_t uuid) {
    descriptor(uuid, [&](pbf_writer& one) {
      one.add_string(track::kName, track.name);
      one.add_message(track::kCounter, std::string());
    });
    for (const CounterTrack::Sample& sample : track.samples)
      track_event(uuid, sample.time, track_event::kTypeCounter,
                  [&](pbf_writer& event) { event.add_int64(track_event::kCounterValue, sample.value); });
  }

  void slice_track(const SliceTrack& track, uint64_t uuid) {
    descriptor(uuid, [&](pbf_writer& one) {
      pbf_writer thread(one, track::kThread);
      thread.add_int32(thread::kPid, track.pid.value());
      thread.add_int64(thread::kTid, track.pid.value());
    });
    for (const SliceTrack::Slice& slice : track.slices) {
      track_event(uuid, slice.begin, track_event::kTypeSliceBegin,
                  [&](pbf_writer& event) { event.add_string(track_event::kName, slice.name); });
      track_event(uuid, slice.end, track_event::kTypeSliceEnd, [](pbf_writer&) {});
    }
  }

  const SchedTrace& trace_;
  std::string& out_;
  std::vector<Bundle> cpus_;
  std::unordered_map<int32_t, Process> known_;  // names and priorities as of the event being written
};

}  // namespace

std::string perfetto_bytes(const SchedTrace& trace, const std::vector<CounterTrack>& counters,
                           const std::vector<SliceTrack>& slices) {
  std::string bytes;
  PerfettoWriter(trace, bytes).write(counters, slices);
  return bytes;
}

}  // namespace simsched
