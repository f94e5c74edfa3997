#include "traces/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

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
