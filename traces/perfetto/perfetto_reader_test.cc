#include "traces/perfetto/perfetto_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <protozero/pbf_writer.hpp>

#include "base/error.h"
#include "base/rng.h"
#include "traces/compressed.h"
#include "traces/perfetto/perfetto_fields.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

using namespace perfetto;
using protozero::pbf_writer;
using testing::ElementsAre;
using testing::HasSubstr;

SchedTrace read(const std::string& bytes) { return read_perfetto(std::as_bytes(std::span(bytes)), "t.pftrace"); }

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

std::string packet(FieldNumber kind, const std::string& message) {
  std::string body, out;
  pbf_writer(body).add_message(kind, message);
  pbf_writer(out).add_message(trace::kPacket, body);
  return out;
}

std::string event(uint64_t time, uint32_t pid, FieldNumber kind, const std::string& body, uint32_t flags = 0) {
  std::string out;
  pbf_writer writer(out);
  writer.add_uint64(ftrace::kTimestamp, time);
  writer.add_uint32(ftrace::kPid, pid);
  writer.add_message(kind, body);
  if (flags != 0) writer.add_uint32(ftrace::kCommonFlags, flags);
  return out;
}

std::string switched(int32_t prev, int64_t state, int32_t next, const std::string& comm) {
  std::string out;
  pbf_writer writer(out);
  writer.add_int32(sched_switch::kPrevPid, prev);
  writer.add_int64(sched_switch::kPrevState, state);
  writer.add_string(sched_switch::kNextComm, comm);
  writer.add_int32(sched_switch::kNextPid, next);
  writer.add_int32(sched_switch::kNextPrio, 110);
  return out;
}

std::string woken(int32_t pid, int32_t cpu) {
  std::string out;
  pbf_writer writer(out);
  writer.add_string(waking::kComm, "w");
  writer.add_int32(waking::kPid, pid);
  writer.add_int32(waking::kTargetCpu, cpu);
  return out;
}

std::string frequency(uint32_t khz, uint32_t cpu) {
  std::string out;
  pbf_writer writer(out);
  writer.add_uint32(perfetto::power::kState, khz);
  writer.add_uint32(perfetto::power::kCpuId, cpu);
  return out;
}

std::string bundle(uint32_t cpu, const std::vector<std::string>& events, bool lost = false, uint64_t from = 0) {
  std::string out;
  pbf_writer writer(out);
  writer.add_uint32(bundle::kCpu, cpu);
  for (const std::string& one : events) writer.add_message(bundle::kEvent, one);
  if (lost) writer.add_bool(bundle::kLostEvents, true);
  if (from != 0) writer.add_uint64(bundle::kPreviousEnd, from);
  return packet(packet::kFtraceEvents, out);
}

std::string deflated(const std::string& bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  ::compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

std::string small() {
  return bundle(1, {event(1000, 0, ftrace::kSwitch, switched(0, 0, 7, "seven")),
                    event(2000, 7, ftrace::kWaking, woken(8, 0), 0x10),
                    event(2500, 7, ftrace::kCpuFrequency, frequency(900000, 1)),
                    event(3000, 7, ftrace::kSwitch, switched(7, 1, 0, "swapper/1"))});
}

TEST(PerfettoReader, EventsOneByOne) {
  const SchedTrace t = read(small());
  ASSERT_EQ(t.events.size(), 3u);
  EXPECT_EQ(t.nr_cpus, 2u);
  EXPECT_EQ(t.origin, Nanos(1000));
  EXPECT_EQ(t.names[t.events[0].name], "seven");
  EXPECT_EQ(t.events[0].prio, 110);
  EXPECT_EQ(t.events[1].kind, TraceKind::kWaking);
  EXPECT_EQ(t.events[1].current, Pid(7));
  EXPECT_EQ(t.events[1].context, kSoftIrq);
  EXPECT_EQ(t.events[2].state, kStateInterruptible);
  EXPECT_THAT(t.power, ElementsAre(PowerEvent{Nanos(1500), CpuId(1), 900000, PowerEvent::Kind::kFrequency}));
}

TEST(PerfettoReader, CompactColumnsTellTheSame) {
  std::string columns, out;
  pbf_writer writer(columns);
  const std::vector<uint64_t> switch_time{500, 500, 2000}, waking_time{2000};
  const std::vector<int64_t> state{0, 0, 1};
  const std::vector<int32_t> next{0, 7, 0}, prio{120, 110, 120}, waking_pid{8}, waking_cpu{0}, waking_prio{120};
  const std::vector<uint32_t> comm{1, 0, 1}, waking_comm{0}, flags{0x10};
  writer.add_string(compact::kInternTable, "seven");
  writer.add_string(compact::kInternTable, "swapper");
  writer.add_packed_uint64(compact::kSwitchTimestamp, switch_time.begin(), switch_time.end());
  writer.add_packed_int64(compact::kSwitchPrevState, state.begin(), state.end());
  writer.add_packed_int32(compact::kSwitchNextPid, next.begin(), next.end());
  writer.add_packed_int32(compact::kSwitchNextPrio, prio.begin(), prio.end());
  writer.add_packed_uint32(compact::kSwitchNextComm, comm.begin(), comm.end());
  writer.add_packed_uint64(compact::kWakingTimestamp, waking_time.begin(), waking_time.end());
  writer.add_packed_int32(compact::kWakingPid, waking_pid.begin(), waking_pid.end());
  writer.add_packed_int32(compact::kWakingTargetCpu, waking_cpu.begin(), waking_cpu.end());
  writer.add_packed_int32(compact::kWakingPrio, waking_prio.begin(), waking_prio.end());
  writer.add_packed_uint32(compact::kWakingComm, waking_comm.begin(), waking_comm.end());
  writer.add_packed_uint32(compact::kWakingFlags, flags.begin(), flags.end());
  pbf_writer whole(out);
  whole.add_uint32(bundle::kCpu, 1);
  whole.add_message(bundle::kCompactSched, columns);
  const SchedTrace t = read(packet(packet::kFtraceEvents, out));
  ASSERT_EQ(t.events.size(), 3u);  // who left first is not told
  EXPECT_EQ(t.origin, Nanos(1000));
  EXPECT_EQ(t.events[0].current, Pid(0));
  EXPECT_EQ(t.events[0].pid, Pid(7));
  EXPECT_EQ(t.names[t.events[0].name], "seven");
  EXPECT_EQ(t.events[1].kind, TraceKind::kWaking);
  EXPECT_EQ(t.events[1].current, Pid(7));
  EXPECT_EQ(t.events[1].context, kSoftIrq);
  EXPECT_EQ(t.events[2].current_prio, 110);
  EXPECT_EQ(t.events[2].state, kStateInterruptible);
  EXPECT_EQ(t.events[2].time, Nanos(2000));
}

TEST(PerfettoReader, PackedPackets) {
  const std::string plain = small();
  for (const std::string& packed :
       {packet(packet::kCompressed, deflated(plain)), packet(packet::kZstdCompressed, compress(plain, 1)),
        packet(packet::kCompressed, deflated(packet(packet::kCompressed, deflated(plain))))})
    EXPECT_EQ(read(packed).events, read(plain).events);
}

TEST(PerfettoReader, WakeupsCountWhereWakingsLack) {
  const std::string alone =
      bundle(0, {event(1, 0, ftrace::kSwitch, switched(0, 0, 7, "a")), event(5, 7, ftrace::kWakeup, woken(8, 0))});
  EXPECT_EQ(read(alone).events.size(), 2u);
  EXPECT_EQ(read(alone + bundle(0, {event(9, 7, ftrace::kWaking, woken(9, 0))})).events.size(), 2u);
}

TEST(PerfettoReader, WhatComesBeforeAllCpusAreRecordedIsLeftOut) {
  const std::string early = bundle(0, {event(100, 0, ftrace::kSwitch, switched(0, 0, 7, "a")),
                                       event(900, 7, ftrace::kSwitch, switched(7, 1, 0, "swapper"))});
  EXPECT_EQ(read(early + bundle(1, {event(950, 0, ftrace::kSwitch, switched(0, 0, 5, "b"))}, false, 800)).origin,
            Nanos(900));
}

TEST(PerfettoReader, LossesAreCountedAndForgetWhoRan) {
  const SchedTrace t = read(small() + bundle(1, {event(9000, 3, ftrace::kSwitch, switched(3, 1, 0, "x"))}, true));
  EXPECT_EQ(t.holes.lost_events, 1u);
  EXPECT_EQ(std::ranges::count(t.events, TraceKind::kLost, &TraceEvent::kind), 1);
}

TEST(PerfettoReader, TheHeadTellsTheMachine) {
  std::string names, system, cpus;
  pbf_writer(names).add_string(utsname::kRelease, "6.1.57-android14");
  pbf_writer system_writer(system);
  system_writer.add_message(system_info::kUtsname, names);
  system_writer.add_uint32(system_info::kNumCpus, 4);
  pbf_writer cpus_writer(cpus);
  for (uint32_t i = 0; i < 4; ++i) {
    std::string cpu;
    pbf_writer writer(cpu);
    writer.add_uint32(cpu_info::kFrequencies, 300000);
    writer.add_uint32(cpu_info::kFrequencies, i < 2 ? 1800000 : 2800000);
    writer.add_uint32(cpu_info::kCapacity, i < 2 ? 250 : 1024);
    cpus_writer.add_message(cpu_info::kCpus, cpu);
  }
  const SchedTrace t = read(small() + packet(packet::kSystemInfo, system) + packet(packet::kCpuInfo, cpus));
  EXPECT_EQ(t.os_release, "6.1.57-android14");
  EXPECT_EQ(t.nr_cpus, 4u);
  EXPECT_TRUE(t.tells_cpus);
  ASSERT_EQ(t.machine.size(), 4u);
  EXPECT_EQ(t.machine[1], (RecordedCpu{1, 0, 0, 250, 1800000}));
}

TEST(PerfettoReader, BadFilesAreRefused) {
  EXPECT_THAT(error_of("\x0a"), HasSubstr("t.pftrace: offset 0: a packet goes beyond the end"));
  EXPECT_THAT(error_of(std::string("\x0a\x02\x08", 3)), HasSubstr("beyond the end"));
  EXPECT_THAT(error_of("\x12\x01x"), HasSubstr("no packet begins here"));
  EXPECT_THAT(error_of(packet(packet::kSystemInfo, "")), HasSubstr("no scheduler events"));
  EXPECT_THAT(error_of(packet(packet::kCompressed, "not packed")), HasSubstr("damaged"));
  const std::string bomb = packet(packet::kCompressed, deflated(packet(99, std::string(size_t{32} << 20, '\0'))));
  EXPECT_THAT(error_of(packet(packet::kCompressed, deflated(bomb + bomb + bomb + bomb))),
              HasSubstr("a thousand times"));
  // A bad event costs itself; one of a far CPU is none.
  const SchedTrace t = read(small() +
                            bundle(0, {event(5000, 1, ftrace::kSwitch, switched(1, -5, 2, "x")),
                                       event(5001, 1, ftrace::kWaking, woken(3, 1 << 20))}) +
                            bundle(1 << 20, {}));
  EXPECT_EQ(t.events.size(), 3u);
  EXPECT_EQ(t.holes.unreadable, 3u);
  EXPECT_TRUE(read(small() + std::string("\x0a\x50", 2)).holes.cut_end);
}

// What the writer writes is read as it was.
TEST(PerfettoReaderProperty, ReadsWhatIsWritten) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    Rng rng(seed);
    TraceMaker maker(3);
    for (int pid = 1; pid < 6; ++pid) maker.names(pid, "task" + std::to_string(pid), 100 + pid);
    std::vector<int> running(3, 0);
    int64_t now = 1;
    for (int i = 0; i < 40; ++i) {
      const auto cpu = static_cast<size_t>(rng.below(3));
      int& runs = running[cpu];
      now += static_cast<int64_t>(rng.below(50)) + 1;
      int next = static_cast<int>(rng.below(6));
      for (const int other : running) next = other == next ? 0 : next;
      if (rng.below(3) == 0) {
        maker.waking(now, static_cast<int>(cpu), runs, 1 + static_cast<int>(rng.below(5)), 0,
                     static_cast<int>(rng.below(3)));
        maker.trace().events.back().context = static_cast<uint8_t>(rng.below(4));
      } else if (next != runs) {
        maker.sw(now, static_cast<int>(cpu), runs, runs == 0 || rng.below(2) == 0 ? kStateRunning : kStateInterruptible,
                 next);
        runs = next;
      }
    }
    maker.sw(now + 1, 0, running[0], kStateRunning, running[0] == 0 ? 9 : 0);
    SchedTrace& before = maker.trace();
    before.circumstances.kernel = "6.12";
    const SchedTrace after = read(perfetto_bytes(before, {}));
    RC_ASSERT(after.events.size() == before.events.size());
    for (size_t i = 0; i < after.events.size(); ++i) {
      const TraceEvent &a = before.events[i], &b = after.events[i];
      RC_ASSERT(a.kind == b.kind && a.cpu == b.cpu && a.pid == b.pid && a.current == b.current && a.state == b.state);
      RC_ASSERT(a.context == b.context && a.current_prio == b.current_prio);
      RC_ASSERT(a.time + before.origin == b.time + after.origin);
      RC_ASSERT(a.other_cpu == b.other_cpu && (a.pid == Pid(0) || a.prio == b.prio));
      RC_ASSERT(a.pid == Pid(0) || before.names[a.name] == after.names[b.name]);
    }
  }));
}

TEST(PerfettoReaderProperty, DamageIsAnErrorOrAHole) {
  const std::string whole = small() + packet(packet::kCompressed, deflated(small())) + small();
  EXPECT_TRUE(rc::check([&](uint64_t seed) {
    Rng rng(seed);
    std::string bytes = whole;
    for (uint64_t i = rng.below(6) + 1; i > 0; --i) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    bytes.resize(rng.below(bytes.size()) + 1);
    error_of(bytes);
  }));
}

}  // namespace
}  // namespace simsched
