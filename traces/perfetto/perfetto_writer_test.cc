#include "traces/perfetto/perfetto_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <tuple>

#include "traces/perfetto/perfetto_fields.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

using namespace perfetto;
using protozero::pbf_reader;

// A Perfetto trace, read back: its messages as maps from field number to value.
using Fields = std::map<FieldNumber, int64_t>;
using Texts = std::map<FieldNumber, std::string>;

struct Message {
  Fields numbers;
  Texts texts;  // strings and messages within
};

Message parse(pbf_reader reader) {
  Message message;
  while (reader.next()) {
    FieldNumber tag = reader.tag();
    if (reader.wire_type() == protozero::pbf_wire_type::length_delimited)
      message.texts[tag] = std::string(reader.get_view());
    else
      message.numbers[tag] = reader.get_int64();
  }
  return message;
}

struct ReadBack {
  struct Event {
    uint32_t cpu;
    Message common, body;
    FieldNumber kind;
  };
  std::vector<Event> events;  // as in the file
  std::map<int64_t, Message> processes;
  std::vector<Message> counter_events, tracks;
  std::string release;
  std::vector<uint32_t> lost;
};

void read_bundle(const std::string& bytes, ReadBack& back) {
  auto cpu = static_cast<uint32_t>(parse(pbf_reader(bytes)).numbers.at(bundle::kCpu));
  pbf_reader reader(bytes);
  while (reader.next()) {
    if (reader.tag() == bundle::kLostEvents && reader.get_bool())
      back.lost.push_back(cpu);
    else if (reader.tag() != bundle::kEvent)
      reader.skip();
    else {
      Message common = parse(reader.get_message());
      auto [kind, body] = *common.texts.begin();
      back.events.push_back({cpu, common, parse(pbf_reader(body)), kind});
    }
  }
}

ReadBack read_back(const std::string& bytes) {
  ReadBack back;
  pbf_reader reader(bytes);
  while (reader.next(trace::kPacket)) {
    Message one = parse(reader.get_message());
    EXPECT_EQ(one.numbers.at(packet::kTrustedSequenceId), 1);
    for (const auto& [tag, content] : one.texts) {
      if (tag == packet::kFtraceEvents) read_bundle(content, back);
      if (tag == packet::kTrackDescriptor) back.tracks.push_back(parse(pbf_reader(content)));
      if (tag == packet::kSystemInfo)
        back.release = parse(pbf_reader(parse(pbf_reader(content)).texts.at(1))).texts.at(utsname::kRelease);
      if (tag == packet::kTrackEvent) {
        back.counter_events.push_back(parse(pbf_reader(content)));
        back.counter_events.back().numbers[0] = one.numbers.at(packet::kTimestamp);
      }
      if (tag != packet::kProcessTree) continue;
      pbf_reader tree(content);
      while (tree.next(process_tree::kProcesses)) {
        Message process = parse(tree.get_message());
        back.processes[process.numbers.at(process::kPid)] = process;
      }
    }
  }
  return back;
}

TEST(Perfetto, HoldsTheEventsOfTheSample) {
  SchedTrace trace = read_trace(SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst");
  ReadBack back = read_back(perfetto_bytes(trace, {}));
  EXPECT_EQ(back.release, trace.os_release);

  // (time, cpu, kind, pid, current or place) of both; the file has them in bundles by CPU.
  using Key = std::tuple<int64_t, int64_t, FieldNumber, int64_t, int64_t, std::string>;
  std::vector<Key> expected, found;
  std::map<Pid, std::string> names;  // an event may lack the name that is known from others
  for (const TraceEvent& event : trace.events) {
    int64_t time = (trace.origin + event.time).count(), cpu = event.cpu.value(), pid = event.pid.value();
    if (event.name != 0) names[event.pid] = trace.names[event.name];
    std::string name = pid == 0 ? "swapper/" + std::to_string(cpu) : names[event.pid];
    auto expect = [&](FieldNumber kind, int64_t place) { expected.emplace_back(time, cpu, kind, pid, place, name); };
    switch (event.kind) {
      case TraceKind::kSwitch:
        expect(ftrace::kSwitch, event.state);
        break;
      case TraceKind::kWaking:
        expect(ftrace::kWaking, event.other_cpu.value());
        break;
      case TraceKind::kWakeupNew:
        expect(ftrace::kWakeupNew, event.other_cpu.value());
        break;
      case TraceKind::kMigrate:
        expect(ftrace::kMigrateTask, event.dest_cpu.value());
        break;
      default:
        break;
    }
  }
  std::map<uint32_t, int64_t> last;
  for (const ReadBack::Event& event : back.events) {
    int64_t time = event.common.numbers.at(ftrace::kTimestamp);
    EXPECT_GE(time, last[event.cpu]);
    last[event.cpu] = time;
    const Fields& body = event.body.numbers;
    bool is_switch = event.kind == ftrace::kSwitch;
    found.emplace_back(time, event.cpu, event.kind, body.at(is_switch ? sched_switch::kNextPid : waking::kPid),
                       body.at(is_switch ? sched_switch::kPrevState : waking::kTargetCpu),
                       event.body.texts.at(is_switch ? sched_switch::kNextComm : waking::kComm));
  }
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, expected);
}

SchedTrace small_trace() {
  SchedTrace trace;
  trace.nr_cpus = 2;
  trace.circumstances.kernel = "6.18";
  trace.origin = 1_us;
  TraceEvent event;
  event.kind = TraceKind::kFork;
  event.cpu = CpuId(1);
  event.current = Pid(5);
  event.pid = Pid(6);
  event.name = trace.intern("child");
  trace.events.push_back(event);
  event.kind = TraceKind::kSwitch;
  event.time = 2_us;
  event.state = kStateInterruptible;
  event.prio = 110;
  trace.events.push_back(event);
  event.kind = TraceKind::kLost;
  trace.events.push_back(event);
  event.kind = TraceKind::kSwitch;
  event.time = 3_us;
  event.current = Pid(6);
  event.pid = Pid(0);
  event.name = 0;
  event.prio = 120;
  trace.events.push_back(event);
  return trace;
}

TEST(Perfetto, NamesPrioritiesParentsAndLosses) {
  ReadBack back = read_back(perfetto_bytes(small_trace(), {}));
  EXPECT_EQ(back.release, "6.18.0");
  ASSERT_EQ(back.processes.count(6), 1u);
  EXPECT_EQ(back.processes[6].numbers.at(process::kParentPid), 5);
  EXPECT_EQ(back.processes[6].texts.at(process::kCmdline), "child");
  EXPECT_THAT(back.lost, testing::ElementsAre(1u));
  ASSERT_EQ(back.events.size(), 2u);
  EXPECT_EQ(back.events[0].common.numbers.at(ftrace::kTimestamp), 3000);
  EXPECT_EQ(back.events[1].body.texts.at(sched_switch::kPrevComm), "child");
  EXPECT_EQ(back.events[1].body.numbers.at(sched_switch::kPrevPrio), 110);
  EXPECT_EQ(back.events[1].body.texts.at(sched_switch::kNextComm), "swapper/1");
}

TEST(Perfetto, Counters) {
  std::vector<CounterTrack> counters{{.cpu = {}, .name = "cpu0 nr_running", .samples = {{1_us, 2}, {2_us, -1}}},
                                     {.cpu = {}, .name = "empty", .samples = {}}};
  ReadBack back = read_back(perfetto_bytes(small_trace(), counters));
  ASSERT_EQ(back.tracks.size(), 2u);
  EXPECT_EQ(back.tracks[0].texts.at(track::kName), "cpu0 nr_running");
  EXPECT_EQ(back.tracks[0].texts.count(track::kCounter), 1u);
  ASSERT_EQ(back.counter_events.size(), 2u);
  EXPECT_EQ(back.counter_events[1].numbers.at(0), 3000);
  EXPECT_EQ(back.counter_events[1].numbers.at(track_event::kType), track_event::kTypeCounter);
  EXPECT_EQ(back.counter_events[1].numbers.at(track_event::kTrackUuid), back.tracks[0].numbers.at(track::kUuid));
  EXPECT_EQ(back.counter_events[1].numbers.at(track_event::kCounterValue), -1);
}

// As the kernel's own tracepoints, so that a viewer knows them.
TEST(Perfetto, FrequenciesAndIdleStatesAreEventsOfTheirCpu) {
  using Kind = CounterTrack::Kind;
  std::vector<CounterTrack> counters{
      {.kind = Kind::kFrequency, .cpu = CpuId(1), .name = {}, .samples = {{1_us, 850000}}},
      {.kind = Kind::kIdle, .cpu = CpuId(0), .name = {}, .samples = {{2_us, 1}, {3_us, CounterTrack::kNotIdle}}}};
  ReadBack back = read_back(perfetto_bytes(small_trace(), counters));
  ASSERT_EQ(back.events.size(), 5u);
  const auto& [frequency, idle, awake] = std::tie(back.events[2], back.events[3], back.events[4]);
  EXPECT_EQ(frequency.kind, ftrace::kCpuFrequency);
  EXPECT_EQ(frequency.cpu, 1u);
  EXPECT_EQ(frequency.body.numbers.at(power::kCpuId), 1);
  EXPECT_EQ(frequency.body.numbers.at(power::kState), 850000);
  EXPECT_EQ(idle.kind, ftrace::kCpuIdle);
  EXPECT_EQ(idle.cpu, 0u);
  EXPECT_EQ(idle.body.numbers.at(power::kState), 1);
  EXPECT_EQ(awake.common.numbers.at(ftrace::kTimestamp), 4000);
  EXPECT_EQ(static_cast<uint32_t>(awake.body.numbers.at(power::kState)), 0xffffffffu);
}

TEST(Perfetto, SlicesAreOnTheTrackOfTheirThread) {
  const std::vector<SliceTrack> slices{{Pid(6), {{1_us, 2_us, "node 0, LLC 1"}}}};
  ReadBack back = read_back(perfetto_bytes(small_trace(), {}, slices));
  ASSERT_EQ(back.tracks.size(), 1u);
  EXPECT_EQ(back.tracks[0].texts.count(track::kThread), 1u);
  ASSERT_EQ(back.counter_events.size(), 2u);
  EXPECT_EQ(back.counter_events[0].numbers.at(track_event::kType), track_event::kTypeSliceBegin);
  EXPECT_EQ(back.counter_events[0].texts.at(track_event::kName), "node 0, LLC 1");
  EXPECT_EQ(back.counter_events[1].numbers.at(track_event::kType), track_event::kTypeSliceEnd);
}

TEST(Perfetto, SameTraceSameBytes) { EXPECT_EQ(perfetto_bytes(small_trace(), {}), perfetto_bytes(small_trace(), {})); }

}  // namespace
}  // namespace simsched
