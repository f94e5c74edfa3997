#include "traces/perf_data/perf_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "traces/compressed.h"
#include "traces/perf_data/perf_data_image.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

using Image = PerfDataImage;

SchedTrace read(const std::string& bytes) { return read_perf_data(std::as_bytes(std::span(bytes)), "test.data"); }

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Image small_image() {
  Image image;
  image.comm(0, 0, 5, "old", false);
  image.sample(1000, 0, Image::switch_raw(5, 1, 6, "six"));
  image.sample(1500, 0, Image::waking_raw(6, 7, 1, 0x10));
  image.sample(1600, 0, Image::waking_raw(6, 8, 1, 0, Image::kWakeupNew));
  image.sample(1700, 0, Image::stat_raw(6, 6, 700));
  image.sample(1800, 0, Image::fork_raw(6, 9));
  image.comm(1900, 0, 6, "renamed", true);
  image.sample(1200, 1, Image::migrate_raw(0, 7, 0, 1));
  image.fork_or_exit(4, 2000, 1, 7, 6);
  return image;
}

TEST(PerfData, ReadsEveryKindOfEventInTimeOrder) {
  SchedTrace trace = read(small_image().bytes());
  EXPECT_EQ(trace.origin, Nanos(1000));
  EXPECT_EQ(trace.nr_cpus, 2u);
  EXPECT_EQ(trace.os_release, "6.18.1-test");
  ASSERT_EQ(trace.events.size(), 9u);
  std::vector<TraceKind> kinds;
  for (const TraceEvent& event : trace.events) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, testing::ElementsAre(TraceKind::kComm, TraceKind::kSwitch, TraceKind::kMigrate, TraceKind::kWaking,
                                          TraceKind::kWakeupNew, TraceKind::kStatRuntime, TraceKind::kFork,
                                          TraceKind::kExec, TraceKind::kExit));
  const TraceEvent &comm = trace.events[0], &move = trace.events[2], &waking = trace.events[3];
  EXPECT_EQ(comm.time, Nanos(0));
  EXPECT_FALSE(comm.current.valid());
  EXPECT_EQ(trace.names[comm.name], "old");

  const TraceEvent& change = trace.events[1];
  EXPECT_EQ(change.current, Pid(5));
  EXPECT_EQ(change.pid, Pid(6));
  EXPECT_EQ(change.state, kStateInterruptible);
  EXPECT_EQ(change.prio, 110);
  EXPECT_EQ(change.current_prio, 120);
  EXPECT_EQ(trace.names[change.name], "six");

  EXPECT_EQ(move.cpu, CpuId(1));
  EXPECT_EQ(move.other_cpu, CpuId(0));
  EXPECT_EQ(move.dest_cpu, CpuId(1));
  EXPECT_EQ(trace.names[move.name], "moved");

  EXPECT_EQ(waking.time, Nanos(500));
  EXPECT_EQ(waking.current, Pid(6));  // of the raw record: the sample's own tid is -1
  EXPECT_EQ(waking.context, kSoftIrq);
  EXPECT_EQ(waking.other_cpu, CpuId(1));
  EXPECT_EQ(trace.events[5].value, 700);
  EXPECT_EQ(trace.events[6].pid, Pid(9));
  EXPECT_EQ(trace.names[trace.events[6].name], "child");
  EXPECT_EQ(trace.names[trace.events[7].name], "renamed");
  EXPECT_EQ(trace.holes.unknown_records, 0u);
}

TEST(PerfData, FrequenciesAndIdleStatesAreKept) {
  Image image = small_image();
  image.sample(1250, 0, Image::power_raw(Image::kFrequency, 1'100'000, 1));
  image.sample(1300, 1, Image::power_raw(Image::kIdle, kNotIdle, 0));
  const SchedTrace trace = read(image.bytes());
  EXPECT_EQ(trace.events.size(), 9u);
  EXPECT_THAT(trace.power,
              testing::ElementsAre(PowerEvent{Nanos(250), CpuId(1), 1'100'000, PowerEvent::Kind::kFrequency},
                                   PowerEvent{Nanos(300), CpuId(0), kNotIdle, PowerEvent::Kind::kIdle}));
  image.sample(1400, 1, Image::power_raw(Image::kIdle, 0, 1 << 20));
  EXPECT_EQ(read(image.bytes()).holes.unreadable, 1u);
}

TEST(PerfData, PipeHoldsTheSame) {
  Image image = small_image();
  EXPECT_EQ(read(image.pipe_bytes()).events, read(image.bytes()).events);
}

TEST(PerfData, CompressedRecordsHoldTheSame) {
  Image plain = small_image(), packed;
  // One stream in pieces that split the records.
  std::string stream = compress(plain.records, 3);
  for (size_t at = 0; at < stream.size(); at += 100) packed.record(81, 0, stream.substr(at, 100));
  EXPECT_EQ(read(packed.bytes()).events, read(plain.bytes()).events);

  packed.records.clear();
  std::string body;
  Image::put<uint64_t>(body, stream.size());
  packed.record(83, 0, body + stream + std::string(5, '\0'));
  EXPECT_EQ(read(packed.bytes()).events, read(plain.bytes()).events);

  stream[stream.size() / 2] ^= 0x55;
  packed.records.clear();
  packed.record(81, 0, stream);
  EXPECT_NE(error_of(packed.bytes()), "");
}

TEST(PerfData, EveryPartOfASampleIsSkippedRight) {
  Image image;
  image.sample_type |= 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9;  // ADDR READ CALLCHAIN ID STREAM_ID
  image.read_format = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4;            // group of value, id, lost; time enabled
  std::string between;
  for (uint64_t value : {2, 99, 1, 100, 0, 2, 101, 0}) Image::put(between, value);  // two counters
  for (uint64_t value : {3, 1, 2, 3}) Image::put(between, value);                   // a call chain of three
  image.sample(1000, 1, Image::switch_raw(5, 1, 6, "six"), between);
  SchedTrace trace = read(image.bytes());
  ASSERT_EQ(trace.events.size(), 1u);
  EXPECT_EQ(trace.events[0].pid, Pid(6));
  EXPECT_EQ(trace.events[0].cpu, CpuId(1));

  image.records.clear();
  std::string liar;
  for (uint64_t value : {uint64_t{1} << 61, uint64_t{99}}) Image::put(liar, value);
  image.sample(1000, 1, Image::switch_raw(5, 1, 6, "six"), liar);
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("group of counters"));
}

TEST(PerfData, HolesAreCounted) {
  Image image;
  image.sample(1000, 0, Image::switch_raw(5, 1, 0, "swapper/0"));
  image.lost(1500, 0, 7);
  image.sample(1400, 0, Image::switch_raw(0, 0, 5, "five"));  // the clock went back
  image.sample(1600, 0, Image::common(Image::kForeign, 5, 0));
  image.record(200, 0, "unknown.");
  SchedTrace trace = read(image.bytes());
  EXPECT_EQ(trace.holes.lost_events, 7u);
  EXPECT_EQ(trace.holes.clock_backwards, 1u);
  EXPECT_EQ(trace.holes.unknown_records, 2u);
  ASSERT_EQ(trace.events.size(), 3u);
  EXPECT_EQ(trace.events[1].time, Nanos(400));
  EXPECT_EQ(trace.events[2].kind, TraceKind::kLost);
  EXPECT_EQ(trace.events[2].value, 7);
}

TEST(PerfData, ForkRecordsServeWhenThereIsNoTracepoint) {
  Image image = small_image();
  image.fork_or_exit(7, 2100, 0, 30, 6);
  std::string bytes = image.bytes();
  auto forks = [](const SchedTrace& trace) {
    return std::count_if(trace.events.begin(), trace.events.end(),
                         [](const TraceEvent& event) { return event.kind == TraceKind::kFork; });
  };
  EXPECT_EQ(forks(read(bytes)), 1);
  bytes.replace(bytes.find("sched_process_fork"), 18, "sched_process_frok");
  SchedTrace trace = read(bytes);
  EXPECT_EQ(forks(trace), 1);
  EXPECT_EQ(trace.events.back().pid, Pid(30));
  EXPECT_EQ(trace.events.back().current, Pid(6));
}

TEST(PerfData, AnEmptyRecordingIsATrace) {
  Image image;
  image.record(68, 0, "");
  SchedTrace trace = read(image.bytes());
  EXPECT_TRUE(trace.events.empty());
  EXPECT_EQ(trace.nr_cpus, 2u);
}

TEST(PerfData, SaysWhatIsWrong) {
  EXPECT_THAT(error_of("PERFILE2"), testing::HasSubstr("test.data: offset 8: ends in the middle"));
  EXPECT_THAT(error_of("2ELIFREP" + std::string(200, '\0')), testing::HasSubstr("other byte order"));
  EXPECT_THAT(error_of(std::string(200, 'x')), testing::HasSubstr("is not a perf.data file"));

  Image image = small_image();
  image.switch_state_field = "state_before";
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("event sched_switch has no field prev_state"));

  std::string renamed = small_image().bytes();
  renamed.replace(renamed.find("name: sched_switch"), 18, "name: sched_swatch");
  EXPECT_THAT(error_of(renamed), testing::HasSubstr("has no sched_switch events"));

  image = Image();
  image.sample(1000, 70000, Image::switch_raw(5, 1, 6, "six"));
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("CPU 70000"));

  image = Image();
  image.sample(1000, 0, Image::migrate_raw(0, 7, 0, 1 << 30));
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("CPU 1073741824 makes no sense"));

  image = Image();
  image.sample(uint64_t{1} << 63, 0, Image::switch_raw(5, 1, 6, "six"));
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("time of a record makes no sense"));

  image = Image();
  image.sample(1000, 0, Image::switch_raw(5, 1, 6, "six").substr(0, 40));
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("shorter than its event's format"));

  image = Image();
  image.sample_type &= ~uint64_t{1 << 7};
  image.sample(1000, 0, Image::switch_raw(5, 1, 6, "six"));
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("lack their time or CPU"));

  image = Image();
  image.records = std::string("\x09\0\0\0\0\0\x04\0", 8);
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("a record has a size of 4"));

  std::string unfinished = small_image().bytes();
  std::memset(unfinished.data() + 48, 0, 8);
  EXPECT_THAT(error_of(unfinished), testing::HasSubstr("was not finished"));
}

TEST(PerfData, TheFormatOrTheReleaseTellWhatAStateMeans) {
  auto state = [](Image image, int64_t number) {
    image.sample(1000, 0, Image::switch_raw(5, number, 6, "six"));
    return read(image.bytes()).events.at(0).state;
  };
  Image old, older, recent;
  old.switch_print = "REC->prev_state & 4096 ? \"+\" : \"\"";
  older.os_release = "4.4.1";
  EXPECT_EQ(state(old, 4096), kStatePreempted) << "though the release says 6.18";
  EXPECT_EQ(state(old, 64), kStateDead);
  EXPECT_EQ(state(older, 2048), kStatePreempted);
  EXPECT_EQ(state(recent, 256), kStatePreempted);
  EXPECT_EQ(state(recent, 64), kStateParked);
  recent.sample(1000, 0, Image::switch_raw(5, 4096, 6, "six"));
  EXPECT_THAT(error_of(recent.bytes()), testing::HasSubstr("prev_state 4096 is none"));
}

TEST(PerfData, ARecordThatCannotBeReadCostsItself) {
  Image image = small_image();
  image.sample(2100, 0, Image::switch_raw(5, 1, 6, "six").substr(0, 40));
  image.sample(2200, 0, Image::migrate_raw(0, 7, 0, 1 << 30));
  image.sample(2300, 0, Image::switch_raw(6, -1, 5, "five"));
  SchedTrace trace = read(image.bytes());
  EXPECT_EQ(trace.events.size(), 9u);
  EXPECT_EQ(trace.holes.unreadable, 3u);
  EXPECT_THAT(trace.notes, testing::ElementsAre(testing::HasSubstr("shorter than its event's format")));
}

TEST(PerfData, AnEndThatIsCutOffCostsTheEnd) {
  Image image = small_image();
  std::string pipe = image.pipe_bytes();
  SchedTrace trace = read(pipe.substr(0, pipe.size() - 20));
  EXPECT_EQ(trace.events.size(), 8u);
  EXPECT_TRUE(trace.holes.cut_end);

  image.records += std::string("\x09\0\0\0\0\0\x04\0 more", 13);
  trace = read(image.bytes());
  EXPECT_EQ(trace.events.size(), 9u);
  EXPECT_TRUE(trace.holes.cut_end);
  EXPECT_THAT(trace.notes, testing::ElementsAre(testing::HasSubstr("a record has a size of 4")));
}

TEST(PerfData, TheHeadMakesTheMachine) {
  auto lists = [](std::string& out, const std::vector<std::string>& texts) {
    Image::put(out, static_cast<uint32_t>(texts.size()));
    for (const std::string& text : texts) Image::put_string(out, text);
  };
  Image image = small_image();
  image.nr_cpus = 8;
  lists(image.features[13], {"0-3", "4-7"});                // packages
  lists(image.features[13], {"0,2", "1,3", "4,6", "5,7"});  // cores
  std::string& nodes = image.features[14];
  Image::put<uint32_t>(nodes, 2);
  for (const char* cpus : {"0-3", "4-7"}) {
    nodes += std::string(20, '\0');
    Image::put_string(nodes, cpus);
  }
  EXPECT_THAT(
      read(image.bytes()).machine,
      testing::ElementsAre(RecordedCpu{0, 0, 0}, RecordedCpu{1, 0, 0}, RecordedCpu{0, 0, 0}, RecordedCpu{1, 0, 0},
                           RecordedCpu{2, 1, 1}, RecordedCpu{3, 1, 1}, RecordedCpu{2, 1, 1}, RecordedCpu{3, 1, 1}));
  std::string& caches = image.features[20];
  for (uint32_t value : {1, 5}) Image::put(caches, value);
  auto cache = [&](uint32_t level, const char* type, const char* cpus) {
    for (uint32_t value : {level, 64u, 1024u, 16u}) Image::put(caches, value);
    for (const char* text : {type, "1M", cpus}) Image::put_string(caches, text);
  };
  cache(1, "Data", "0,2");
  cache(3, "Unified", "0,2");
  cache(3, "Unified", "1,3");
  cache(3, "Unified", "4-7");
  cache(1, "Instruction", "0,2");
  std::vector<RecordedCpu> machine = read(image.bytes()).machine;
  ASSERT_EQ(machine.size(), 8u);
  EXPECT_EQ(machine[1].llc, 1);
  EXPECT_EQ(machine[7].llc, 2);

  image.nr_cpus = 9;  // of one it is not told where it is
  EXPECT_TRUE(read(image.bytes()).machine.empty());
  image.nr_cpus = 8;
  image.features[14].resize(30);
  EXPECT_TRUE(read(image.bytes()).machine.empty());
}

TEST(PerfData, EventsInOtherFilesOfAFolderAreNamed) {
  Image image = small_image();
  Image::put<uint64_t>(image.features[24], 1);
  EXPECT_THAT(error_of(image.bytes()), testing::HasSubstr("perf record --threads"));
}

TEST(PerfData, TruncatedAnywhereIsAnErrorOrATrace) {
  std::string file = small_image().bytes(), pipe = small_image().pipe_bytes();
  for (size_t size = 0; size < file.size(); ++size) {
    // Only what follows the features used can be missing without harm.
    EXPECT_NE(error_of(file.substr(0, size)), "") << size;
  }
  for (size_t size = 0; size < pipe.size(); ++size) error_of(pipe.substr(0, size));
}

TEST(PerfData, DamagedAnywhereIsAnErrorOrATrace) {
  std::string file = small_image().bytes();
  Rng rng(1);
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = file;
    for (uint64_t i = 0; i <= rng.below(3); ++i) damaged[rng.below(damaged.size())] = static_cast<char>(rng.next());
    error_of(damaged);
  }
}

TEST(PerfData, TheSample) {
  std::string path = SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst";
  size_t done = 0, total = 1;
  SchedTrace trace = read_trace(path, "", [&](size_t at, size_t all) { done = at, total = all; });
  EXPECT_EQ(done, total);
  EXPECT_EQ(trace.nr_cpus, 2u);
  EXPECT_EQ(trace.circumstances.machine, "vm-2c");
  EXPECT_EQ(trace.os_release, "6.18.44-fc-v595");
  size_t switches = 0, forks = 0, migrations = 0;
  for (const TraceEvent& event : trace.events) {
    switches += event.kind == TraceKind::kSwitch && !event.inferred;
    forks += event.kind == TraceKind::kFork;
    migrations += event.kind == TraceKind::kMigrate;
  }
  EXPECT_EQ(switches, 1320u);
  EXPECT_EQ(forks, 42u);
  EXPECT_EQ(migrations, 43u);
  EXPECT_THAT(trace.holes.no_switch_from_idle, testing::ElementsAre(false, true));
  EXPECT_EQ(trace.holes.lost_events + trace.holes.unknown_records, 0u);

  Bytes packed = read_file(path);
  Bytes bytes = decompress(packed.span(), path);
  for (size_t size = 0; size < 4096; size += 3)
    EXPECT_THROW(read_perf_data(bytes.span().first(size), "cut"), Error) << size;
  EXPECT_THROW(decompress(packed.span().first(packed.size() / 2), "cut"), Error);
}

}  // namespace
}  // namespace simsched
