#include "traces/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "traces/compressed.h"
#include "traces/read_trace.h"
#include "traces/trace_file/trace_file.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

SchedTrace small_trace() {
  TraceMaker maker(1);
  maker.sw(0, 0, 0, kStateRunning, 10).sw(100, 0, 10, kStateDead, 0);
  return maker.trace();
}

TEST(TraceFormats, EveryEndingComesOffWithAndWithoutAPacking) {
  for (const TraceFormat& format : trace_formats()) {
    for (const char* ending : format.endings) {
      EXPECT_EQ(trace_stem(std::string("a.b/build") + ending), "a.b/build");
      for (const TracePacking& packing : trace_packings())
        EXPECT_EQ(trace_stem(std::string("build") + ending + packing.ending), "build");
    }
  }
  EXPECT_EQ(trace_stem("folder/build"), "folder/build");
  EXPECT_EQ(trace_stem("folder/.txt"), "folder/.txt") << "a name must remain";
}

TEST(TraceFormats, NoTwoClaimAnEnding) {
  std::set<std::string> seen;
  for (const TraceFormat& format : trace_formats())
    for (const char* ending : format.endings) EXPECT_TRUE(seen.insert(ending).second) << ending;
}

TEST(TraceFormats, TheirTextNamesThemAll) {
  for (const TraceFormat& format : trace_formats()) EXPECT_THAT(trace_formats_text(), testing::HasSubstr(format.what));
  for (const TracePacking& packing : trace_packings())
    EXPECT_THAT(trace_formats_text(), testing::HasSubstr(packing.ending));
}

TEST(TraceFormats, WhatIsInAFileTellsItsFormatWhateverItIsCalled) {
  const TemporaryFolder folder("simsched-test");
  const std::string bytes = trace_file_bytes(small_trace());
  write(folder.file("a.perf.data"), bytes);
  write(folder.file("b"), compress(bytes, 1));
  for (const char* name : {"a.perf.data", "b"}) EXPECT_EQ(read_trace(folder.file(name)).events.size(), 2u) << name;
}

std::string bytes_of(std::initializer_list<unsigned> bytes) {
  std::string text;
  for (unsigned byte : bytes) text += static_cast<char>(byte);
  return text;
}

// "hello\n", packed by gzip and by xz.
const std::string kGzip = bytes_of(
    {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 2, 0, 0x20, 0x30, 0x3a, 0x36, 6, 0, 0, 0});
const std::string kXz = bytes_of(
    {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0,    0,    1,    0x69, 0x22, 0xde, 0x36, 2,   0, 0x21, 1, 0x16, 0,    0,    0,
     0x74, 0x2f, 0xe5, 0xa3, 1,    0,    5,    0x68, 0x65, 0x6c, 0x6c, 0x6f, 0xa, 0, 0,    0, 0x20, 0x30, 0x3a, 0x36,
     0,    1,    0x1a, 6,    0xc5, 0xea, 0xc8, 0x79, 0x90, 0x42, 0x99, 0xd,  1,   0, 0,    0, 0,    1,    0x59, 0x5a});

const TracePacking& packing_of(const std::string& bytes) {
  const auto& rows = trace_packings();
  auto found = std::find_if(rows.begin(), rows.end(),
                            [&](const TracePacking& row) { return row.recognised(std::as_bytes(std::span(bytes))); });
  EXPECT_NE(found, rows.end());
  return *found;
}

TEST(TracePackings, SeveralPartsOneAfterTheOtherAndCutEnds) {
  for (const std::string& packed : {compress("hello\n", 1), kGzip, kXz}) {
    const TracePacking& packing = packing_of(packed);
    auto unpack = [&](const std::string& bytes) { return packing.unpack(std::as_bytes(std::span(bytes)), "t"); };
    EXPECT_EQ(unpack(packed).bytes.text(), "hello\n") << packing.ending;
    EXPECT_FALSE(unpack(packed).cut) << packing.ending;
    EXPECT_EQ(unpack(packed + packed).bytes.text(), "hello\nhello\n") << packing.ending;
    Unpacked cut = unpack((packed + packed).substr(0, 2 * packed.size() - 1));
    EXPECT_THAT(std::string(cut.bytes.text()), testing::StartsWith("hello\n")) << packing.ending;
    EXPECT_TRUE(cut.cut) << packing.ending;
    for (size_t size = 4; size < packed.size(); ++size) {
      try {
        EXPECT_TRUE(unpack(packed.substr(0, size)).cut) << packing.ending << size;
      } catch (const Error&) {
      }
    }
    std::string damaged = packed;
    damaged[damaged.size() - 3] ^= 0x55;
    EXPECT_THROW(unpack(damaged), Error) << packing.ending;
  }
}

TEST(TraceFormats, APackedTextThatIsCutKeepsWhatIsThere) {
  const TemporaryFolder folder("simsched-test");
  std::string line =
      " a-5 [000] d..2 1.5: sched_switch: prev_comm=a prev_pid=5 prev_prio=120 prev_state=S ==> next_comm=b "
      "next_pid=6 next_prio=120\n";
  std::string packed = compress(line + line, 1) + compress(line, 1);
  write(folder.file("a.txt.zst"), packed.substr(0, packed.size() - 1));
  SchedTrace trace = read_trace(folder.file("a.txt.zst"));
  EXPECT_GE(trace.events.size(), 2u);
  EXPECT_TRUE(trace.holes.cut_end);
}

TEST(TraceFormats, WhatIsNoRecordingIsNamedWhereItIsKnown) {
  const TemporaryFolder folder("simsched-test");
  auto error_of = [&](const std::string& name) -> std::string {
    try {
      read_trace(folder.file(name));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  write(folder.file("a"), bytes_of({0x17, 8, 0x44}) + "tracing5" + bytes_of({0, 0, 8, 0, 16, 0, 0}));
  EXPECT_THAT(error_of("a"), testing::HasSubstr("trace-cmd convert"));
  write(folder.file("b"), "BZh91AY" + bytes_of({1, 2}));
  EXPECT_THAT(error_of("b"), testing::HasSubstr("bunzip2"));
  std::filesystem::create_directory(folder.file("c"));
  write(folder.file("c/data"), "PERFILE2");
  EXPECT_THAT(error_of("c"), testing::HasSubstr("--threads"));
  write(folder.file("d"), " a 5 [000] 1.5: sched:sched_process_exec: filename=/bin/a pid=5 old_pid=5\n");
  EXPECT_THAT(error_of("d"), testing::HasSubstr("has no sched_switch events"));
}

TEST(TraceFormats, TheSidecarBesideHasTheNameWithoutEndings) {
  const TemporaryFolder folder("simsched-test");
  SchedTrace trace = small_trace();
  trace.circumstances.hz = 100;
  write(folder.file("one.simtrace.zst"), compress(trace_file_bytes(trace), 1));
  EXPECT_EQ(read_trace(folder.file("one.simtrace.zst")).circumstances.hz, 100);
  write(folder.file("one.recorded.yaml"), "hz: 1000\n");
  EXPECT_EQ(read_trace(folder.file("one.simtrace.zst")).circumstances.hz, 1000);
}

}  // namespace
}  // namespace simsched
