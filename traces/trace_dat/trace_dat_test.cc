#include "traces/trace_dat/trace_dat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"
#include "traces/trace_dat/trace_dat_image.h"

namespace simsched {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Perf = PerfDataImage;

SchedTrace read(const std::string& bytes) { return read_trace_dat(std::as_bytes(std::span(bytes)), "test.dat"); }

std::string error_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TraceDatImage small_image() {
  TraceDatImage image;
  image.record(0, 1000, Perf::switch_raw(5, 1, 6, "six"));
  image.record(0, 1500, Perf::waking_raw(6, 7, 1, 0x10));
  image.record(0, 2000000000, Perf::stat_raw(6, 6, 700));
  image.record(1, 1200, Perf::switch_raw(0, 0, 7, "seven"));
  return image;
}

TEST(TraceDat, ReadsWhatBothVersionsHold) {
  for (const std::string& bytes : {small_image().bytes(), small_image().bytes_7()}) {
    const SchedTrace trace = read(bytes);
    EXPECT_EQ(trace.origin, Nanos(1000));
    EXPECT_EQ(trace.nr_cpus, 2u);
    EXPECT_EQ(trace.os_release, "6.18.1-test");
    EXPECT_TRUE(trace.notes.empty());
    EXPECT_FALSE(trace.holes.cut_end);
    ASSERT_EQ(trace.events.size(), 4u);
    const TraceEvent &first = trace.events[0], &second = trace.events[1], &waking = trace.events[2];
    EXPECT_EQ(first.kind, TraceKind::kSwitch);
    EXPECT_EQ(first.current, Pid(5));
    EXPECT_EQ(first.state, kStateInterruptible);
    EXPECT_EQ(trace.names[first.name], "six");
    EXPECT_EQ(second.cpu, CpuId(1));
    EXPECT_EQ(second.time, Nanos(200));
    EXPECT_EQ(waking.kind, TraceKind::kWaking);
    EXPECT_EQ(waking.context, kSoftIrq);
    EXPECT_EQ(waking.other_cpu, CpuId(1));
    EXPECT_EQ(trace.events[3].time, Nanos(1999999000)) << "beyond the bits of a record's own time";
  }
}

TEST(TraceDat, FrequenciesAreKept) {
  TraceDatImage image = small_image();
  image.record(1, 1300, Perf::power_raw(Perf::kFrequency, 450'000, 0));
  for (const std::string& bytes : {image.bytes(), image.bytes_7()})
    EXPECT_THAT(read(bytes).power,
                ElementsAre(PowerEvent{Nanos(300), CpuId(0), 450'000, PowerEvent::Kind::kFrequency}));
}

TEST(TraceDat, LongRecordsHaveAWordForTheirLength) {
  TraceDatImage image = small_image(), longer;
  longer.long_records = true;
  longer.record(0, 1000, Perf::switch_raw(5, 1, 6, "six"));
  longer.record(0, 1500, Perf::waking_raw(6, 7, 1, 0x10));
  longer.record(0, 2000000000, Perf::stat_raw(6, 6, 700));
  longer.record(1, 1200, Perf::switch_raw(0, 0, 7, "seven"));
  EXPECT_EQ(read(image.bytes()).events, read(longer.bytes()).events);
}

TEST(TraceDat, WhatWasLostIsCounted) {
  TraceDatImage image = small_image();
  image.commit_flags = uint64_t{1} << 31;
  EXPECT_EQ(read(image.bytes()).holes.lost_events, 1u) << "some, nobody knows how many";
  image.commit_flags |= uint64_t{1} << 30;
  Perf::put<int64_t>(image.last_page_note, 77);
  const SchedTrace trace = read(image.bytes());
  EXPECT_EQ(trace.holes.lost_events, 77u);
  EXPECT_EQ(trace.events[0].kind, TraceKind::kLost);
  image = small_image();
  image.options[2] = "CPU: 0\nentries: 0\noverrun: 12\ncommit overrun: 900\nbytes: 4\n";
  EXPECT_EQ(read(image.bytes()).holes.lost_events, 12u);
}

TEST(TraceDat, AClockOfEachCpuIsTold) {
  TraceDatImage image = small_image();
  image.options[4] = "[local] global";
  EXPECT_THAT(read(image.bytes()).notes, ElementsAre(HasSubstr("-C mono")));
}

TEST(TraceDat, ADamagedPageCostsItself) {
  std::string bytes = small_image().bytes();
  // The second CPU's page is the last of the file: it claims to be fuller than it is.
  bytes[bytes.size() - TraceDatImage::kPage + 9] = '\x7f';
  const SchedTrace trace = read(bytes);
  EXPECT_EQ(trace.holes.unreadable, 1u);
  EXPECT_EQ(trace.events.size(), 3u);
}

TEST(TraceDat, ACutEndIsAHole) {
  std::string bytes = small_image().bytes();
  bytes.resize(bytes.size() - TraceDatImage::kPage);
  const SchedTrace trace = read(bytes);
  EXPECT_TRUE(trace.holes.cut_end);
  EXPECT_EQ(trace.events.size(), 3u);
}

TEST(TraceDat, BadFilesAreErrors) {
  EXPECT_THAT(error_of(small_image().bytes().substr(0, 40)), HasSubstr("test.dat: offset"));
  TraceDatImage without;
  without.record(0, 5, Perf::waking_raw(6, 7, 0));
  EXPECT_THAT(error_of(without.bytes()), HasSubstr("has no sched_switch events"));
  std::string bytes = small_image().bytes();
  bytes[12] = 1;
  EXPECT_THAT(error_of(bytes), HasSubstr("big-endian"));
  bytes = small_image().bytes();
  bytes[10] = '5';
  EXPECT_THAT(error_of(bytes), HasSubstr("trace-cmd convert"));
}

// Whatever bytes there are: an answer or an Error.
TEST(TraceDat, DamageIsNoCrash) {
  for (const std::string& whole : {small_image().bytes(), small_image().bytes_7()}) {
    Rng rng(7);
    for (int i = 0; i < 3000; ++i) {
      std::string bytes = whole;
      for (uint64_t n = 1 + rng.below(4); n > 0; --n) bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
      if (rng.below(4) == 0) bytes.resize(rng.below(bytes.size()));
      error_of(bytes);
    }
  }
}

}  // namespace
}  // namespace simsched
