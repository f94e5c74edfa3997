#include "traces/trace_file/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSample = SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst";

SchedTrace read(const std::string& bytes) { return read_trace_file(std::as_bytes(std::span(bytes)), "t.simsched"); }

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_same(const SchedTrace& a, const SchedTrace& b) {
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.calls, b.calls);
  EXPECT_EQ(a.holes.lost_calls, b.holes.lost_calls);
  EXPECT_EQ(a.names, b.names);
  EXPECT_EQ(a.nr_cpus, b.nr_cpus);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.os_release, b.os_release);
  EXPECT_EQ(a.holes.inferred_switches, b.holes.inferred_switches);
  EXPECT_EQ(a.holes.lost_events, b.holes.lost_events);
  EXPECT_EQ(a.holes.no_switch_from_idle, b.holes.no_switch_from_idle);
  EXPECT_EQ(a.holes.unreadable, b.holes.unreadable);
  EXPECT_EQ(a.holes.cut_end, b.holes.cut_end);
  EXPECT_EQ(a.holes.clock_conflicts, b.holes.clock_conflicts);
  EXPECT_EQ(a.machine, b.machine);
  EXPECT_EQ(a.power, b.power);
  EXPECT_EQ(a.tells_cpus, b.tells_cpus);
  EXPECT_EQ(a.notes, b.notes);
  EXPECT_EQ(a.circumstances.told.hz, b.circumstances.told.hz);
  EXPECT_EQ(a.circumstances.machine, b.circumstances.machine);
  EXPECT_EQ(a.circumstances.base_slice, b.circumstances.base_slice);
  EXPECT_EQ(a.circumstances.tasks.size(), b.circumstances.tasks.size());
}

// Every field at its ends.
SchedTrace extreme() {
  SchedTrace trace;
  trace.nr_cpus = 300;
  trace.origin = Nanos(-5);
  trace.os_release = "6.18";
  trace.circumstances.tasks.push_back({"make", 3_ms, 3, -20, "0-1"});
  trace.holes.lost_events = std::numeric_limits<uint64_t>::max();
  trace.holes.no_switch_from_idle = {true, false};
  trace.holes.unreadable = 3;
  trace.holes.cut_end = true;
  trace.holes.clock_conflicts = 5;
  trace.machine = {{0, 0, 0}, {std::numeric_limits<int32_t>::max(), 1, 1}};
  trace.machine[1].capacity = 7;
  trace.machine[1].top_khz = kNotIdle;
  trace.tells_cpus = true;
  trace.power = {{Nanos(0), CpuId(299), kNotIdle, PowerEvent::Kind::kIdle},
                 {Nanos(std::numeric_limits<int64_t>::max()), CpuId(0), 0, PowerEvent::Kind::kFrequency}};
  trace.notes = {"", "line 3 is odd"};
  trace.circumstances.told.hz = true;
  TraceEvent event;
  trace.events.push_back(event);
  trace.events.back().cpu = CpuId(0);
  event.time = Nanos(std::numeric_limits<int64_t>::max());
  event.value = std::numeric_limits<int64_t>::min();
  event.pid = event.current = Pid(std::numeric_limits<int32_t>::max());
  event.cpu = event.other_cpu = event.dest_cpu = CpuId(299);
  event.name = trace.intern("name");
  event.state = 0xffff;
  event.prio = std::numeric_limits<int16_t>::min();
  event.current_prio = std::numeric_limits<int16_t>::max();
  event.kind = TraceKind::kLost;
  event.context = kHardIrq | kSoftIrq;
  event.inferred = true;
  trace.events.push_back(event);
  TraceCall call;
  call.begin = Nanos(-7);
  call.end = Nanos::max();
  call.object = std::numeric_limits<uint64_t>::max();
  call.result = std::numeric_limits<int32_t>::min();
  call.request = std::numeric_limits<int32_t>::max();
  call.pid = Pid(1);
  call.kind = CallKind::kClose;
  call.type = CallObject::kFutex;
  call.flags = 255;
  trace.calls.push_back(call);
  trace.holes.lost_calls = 9;
  return trace;
}

TEST(TraceFile, HoldsAllOfATrace) {
  expect_same(read(trace_file_bytes({})), {});
  expect_same(read(trace_file_bytes(extreme())), extreme());
  SchedTrace sample = read_trace(kSample);
  std::string bytes = trace_file_bytes(sample);
  expect_same(read(bytes), sample);
  EXPECT_LT(bytes.size(), read_file(kSample).size());
}

TEST(TraceFile, FilesOfTheFirstVersionHaveNoCalls) {
  const SchedTrace old = read_trace(SIMSCHED_SOURCE_DIR "/tests/fuzz/corpus/trace_file/small.simsched");
  EXPECT_FALSE(old.events.empty());
  EXPECT_TRUE(old.calls.empty());
}

TEST(TraceFile, NamesCanBeAddedAfterReading) {
  SchedTrace trace = read(trace_file_bytes(extreme()));
  EXPECT_EQ(trace.intern("name"), 1u);
  EXPECT_EQ(trace.intern("new"), 2u);
}

TEST(TraceFile, SaysWhatIsWrong) {
  std::string bytes = trace_file_bytes(extreme());
  EXPECT_THAT(error_of("SIMSCHEX" + bytes.substr(8)), testing::HasSubstr("is not a simsched trace file"));
  std::string damaged = bytes;
  damaged[9] ^= 1;
  EXPECT_THAT(error_of(damaged), testing::HasSubstr("the head of the trace file is damaged"));
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(error_of(bytes.substr(0, size)), "") << size;
  for (size_t at = 0; at < bytes.size(); ++at) {
    damaged = bytes;
    damaged[at] ^= 0x10;
    // zstd's head has a bit that means nothing.
    try {
      expect_same(read(damaged), extreme());
    } catch (const Error&) {
    }
  }
  EXPECT_NE(error_of(bytes + "more"), "");
}

TEST(TraceFile, ANewerVersionAsksForANewerProgram) {
  std::string bytes = trace_file_bytes({});
  bytes[8] = 5;
  uint32_t hash = 0x811c9dc5;  // FNV-1a
  for (size_t i = 0; i < 12; ++i) hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x01000193;
  std::memcpy(bytes.data() + 12, &hash, 4);
  EXPECT_THAT(error_of(bytes), testing::HasSubstr("is of version 5"));
  EXPECT_THAT(error_of(bytes), testing::HasSubstr("update simsched"));
}

// Written by the first release: the file tells less, and what it tells is the same.
TEST(TraceFile, VersionOneStaysReadable) {
  Bytes bytes = read_file(SIMSCHED_SOURCE_DIR "/tests/fuzz/corpus/trace_file/small.simsched");
  ASSERT_EQ(bytes.text()[8], 1);
  SchedTrace trace = read_trace_file(bytes.span(), "old.simsched");
  ASSERT_FALSE(trace.events.empty());
  for (const TraceEvent& event : trace.events) EXPECT_EQ(event.current_prio, kNoPrio);
  EXPECT_FALSE(trace.circumstances.told.hz);
  expect_same(read(trace_file_bytes(trace)), trace);
}

constexpr const char* kLine =
    " a 5 [000] 1.5: sched:sched_switch: prev_comm=a prev_pid=5 prev_prio=120 prev_state=S ==> next_comm=b next_pid=6 "
    "next_prio=120\n";

class ReadTrace : public testing::Test {
 protected:
  ReadTrace() {
    folder_ = fs::temp_directory_path() / ("read_trace_test." + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  ~ReadTrace() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& content) const {
    write_file_atomically((folder_ / name).string(), content);
    return (folder_ / name).string();
  }
  fs::path folder_;
};

TEST_F(ReadTrace, TellsFormatsByTheirFirstBytes) {
  SchedTrace sample = read_trace(kSample);
  std::string path = (folder_ / "a.simsched").string();
  write_file_atomically(path, trace_file_bytes(sample));
  expect_same(read_trace(path), sample);
  std::string text = write("b.txt", kLine);
  EXPECT_EQ(read_trace(text).events.size(), 1u);
  EXPECT_THROW(read_trace(write("c", std::string("\x01\x02\x00\x03", 4))), Error);
  EXPECT_THROW(read_trace(write("d", "")), Error);
  EXPECT_THROW(read_trace((folder_ / "missing").string()), Error);
}

TEST_F(ReadTrace, TheSidecarStandsBesideOrIsNamed) {
  std::string path = write("b.txt", kLine);
  EXPECT_EQ(read_trace(path).circumstances.hz, 250);
  EXPECT_FALSE(read_trace(path).circumstances.told.hz);
  write("b.recorded.yaml", "hz: 1000\n");
  EXPECT_EQ(read_trace(path).circumstances.hz, 1000);
  EXPECT_TRUE(read_trace(path).circumstances.told.hz);
  EXPECT_FALSE(read_trace(path).circumstances.told.preempt);
  EXPECT_EQ(read_trace(path, write("other.yaml", "hz: 100\n")).circumstances.hz, 100);
}

TEST_F(ReadTrace, WithoutASidecarTheRecordingTellsItsKernel) {
  fs::copy(kSample, folder_ / "alone.perf.data.zst");
  SchedTrace trace = read_trace((folder_ / "alone.perf.data.zst").string());
  EXPECT_EQ(trace.circumstances.kernel, "6.18");
}

}  // namespace
}  // namespace simsched
