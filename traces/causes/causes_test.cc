#include "traces/causes/causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "traces/compressed.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

Causes read(const std::string& bytes) { return read_causes(std::as_bytes(std::span(bytes)), "calls.causes"); }

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string unpacked(const std::string& bytes) {
  return std::string(decompress(std::as_bytes(std::span(bytes)), "calls").text());
}

TraceCall call(CallKind kind, int64_t begin, int64_t end, uint64_t object = 1) {
  TraceCall made;
  made.begin = Nanos(begin);
  made.end = Nanos(end);
  made.object = object;
  made.kind = kind;
  made.type = CallObject::kPipe;
  made.pid = Pid(7);
  made.cpu = CpuId(1);
  return made;
}

Causes small() {
  Causes causes;
  causes.lost = 3, causes.unnamed = 2, causes.uring = 1;
  causes.calls = {call(CallKind::kSend, 1000, 1500), call(CallKind::kReceive, 1200, 1700)};
  causes.calls.push_back(call(CallKind::kFutexWait, 2000, 0, 5));
  causes.calls.back().end = Nanos::max();
  causes.calls.back().cpu = CpuId();
  causes.calls.back().type = CallObject::kFutex;
  return causes;
}

TEST(Causes, WhatIsWrittenIsRead) {
  const Causes read_back = read(causes_bytes(small()));
  EXPECT_EQ(read_back.calls, small().calls);
  EXPECT_EQ(read_back.lost, 3u);
  EXPECT_EQ(read_back.unnamed, 2u);
  EXPECT_EQ(read_back.uring, 1u);
  EXPECT_EQ(read(unpacked(causes_bytes(small()))).calls, small().calls);
  EXPECT_TRUE(read(causes_bytes({})).calls.empty());
}

TEST(Causes, AnyCallsAreReadAsTheyWereWritten) {
  rc::check([] {
    Causes causes;
    int64_t time = *rc::gen::inRange<int64_t>(-1000, 1000);
    for (int left = *rc::gen::inRange(0, 40); left > 0; --left) {
      time += *rc::gen::inRange<int64_t>(0, 5000);
      TraceCall made = call(static_cast<CallKind>(*rc::gen::inRange(1, 11)), time, 0, *rc::gen::arbitrary<uint64_t>());
      made.end = *rc::gen::arbitrary<bool>() ? Nanos::max() : Nanos(time + *rc::gen::inRange<int64_t>(0, 1 << 30));
      made.type = static_cast<CallObject>(*rc::gen::inRange(0, 7));
      made.flags = *rc::gen::arbitrary<uint8_t>();
      made.result = *rc::gen::arbitrary<int32_t>();
      made.request = *rc::gen::arbitrary<int32_t>();
      made.pid = Pid(*rc::gen::inRange(0, 1 << 22));
      made.cpu = CpuId(*rc::gen::inRange(-1, 1 << 16));
      causes.calls.push_back(made);
    }
    RC_ASSERT(read(causes_bytes(causes)).calls == causes.calls);
  });
}

TEST(Causes, DamageIsRefusedInOneLine) {
  const std::string bytes = unpacked(causes_bytes(small()));
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(error_of(bytes.substr(0, size)), "") << size;
  EXPECT_NE(error_of(bytes + "more"), "");
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      EXPECT_EQ(error_of(damaged).find('\n'), std::string::npos);
    }
  }
  EXPECT_THAT(error_of("perf's own"), testing::HasSubstr("has no calls of a recording"));
  EXPECT_THAT(error_of(compress(causes_bytes(small()), 1)), testing::HasSubstr("packed twice"));
  std::string other = bytes;
  other[8] = 9;
  EXPECT_THAT(error_of(other), testing::AllOf(testing::HasSubstr("version 9"), testing::HasSubstr("update simsched")));
  other = bytes;
  other[12] = 4;  // zigzag: 2
  EXPECT_THAT(error_of(other), testing::HasSubstr("clock 2"));
}

TEST(Causes, TimesBecomeTheRecordingsOwn) {
  SchedTrace trace;
  trace.origin = Nanos(1100);
  trace.events.resize(2);
  trace.events[1].time = Nanos(700);
  attach_causes(trace, small(), "calls.causes");
  ASSERT_EQ(trace.calls.size(), 2u);  // the last one began after the recording
  EXPECT_EQ(trace.calls[0].begin, Nanos(-100));
  EXPECT_EQ(trace.calls[1].end, Nanos(600));
  EXPECT_EQ(trace.holes.lost_calls, 3u);
  EXPECT_EQ(trace.holes.unnamed_calls, 2u);
  EXPECT_EQ(trace.holes.uring_calls, 1u);
}

TEST(Causes, CallsOfAnotherRecordingAreRefused) {
  SchedTrace trace;
  trace.origin = Nanos(1000000);
  trace.events.resize(2);
  EXPECT_THROW(attach_causes(trace, small(), "calls.causes"), Error);
}

TEST(Causes, AreReadWithTheRecordingBesideThem) {
  const fs::path folder = fs::temp_directory_path() / ("causes_test." + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string path = (folder / "b.txt").string();
  write_file_atomically(path,
                        " a 5 [000] 0.000001100: sched:sched_waking: comm=b pid=7 prio=120 target_cpu=000\n"
                        " a 5 [000] 0.000002100: sched:sched_switch: prev_comm=a prev_pid=5 prev_prio=120 prev_state=S ==> "
                        "next_comm=b next_pid=7 next_prio=120\n");
  EXPECT_TRUE(read_trace(path).calls.empty());
  write_file_atomically((folder / "b.causes.zst").string(), causes_bytes(small()));
  EXPECT_EQ(read_trace(path).calls.size(), 3u);
  write_file_atomically((folder / "b.causes.zst").string(), "SIMCALLS");
  EXPECT_THROW(read_trace(path), Error);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace simsched
