#include "scx_port/collect/decision_file/decision_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"

namespace simsched::collect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

About small_machine() {
  About about;
  about.kernel = "Linux 6.18.12 x86_64";
  about.hooks = {"placement: fexit select_task_rq_fair", "balancing: fexit can_migrate_task"};
  about.cpus = {{CpuId(0), 0, 0, 0, 0, 1024}, {CpuId(1), 1, 1, 0, 0, 1024}};
  about.node_distances = {{10}};
  about.numbers = {{"duration_ns", 5000000}, {"lost.moves", 0}};
  return about;
}

Decision wake_up() {
  Decision d;
  d.time = 1_ms;
  d.pid = Pid(7), d.tgid = Pid(7);
  std::strcpy(d.comm, "a \"b\"\n");
  d.src = CpuId(0), d.dst = CpuId(1), d.waker_cpu = CpuId(0), d.waker_pid = Pid(3);
  d.result = 1;
  d.relation = Relation::kLlc;
  d.src_queue.nr_running = 3;
  d.run_delay = 20_us;
  d.ran = 300_us;
  d.ran_cpu = CpuId(1);
  d.stop = Stop::kSlept;
  return d;
}

class DecisionFileTest : public testing::Test {
 protected:
  DecisionFileTest() : folder_(testing::TempDir() + "decisions" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~DecisionFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/a.decisions"; }
  std::vector<std::byte> written() const {
    DecisionWriter writer(path());
    writer.add(wake_up());
    writer.add(Decision{});
    writer.finish(small_machine());
    const Bytes bytes = read_file(path());
    return {bytes.span().begin(), bytes.span().end()};
  }
  static std::string error_of(std::span<const std::byte> bytes) {
    try {
      read_decisions(bytes, "x");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::string folder_;
};

TEST_F(DecisionFileTest, WhatIsWrittenIsRead) {
  const DecisionFile file = read_decisions(written(), "x");
  ASSERT_EQ(file.decisions.size(), 2);
  const Decision expected = wake_up();
  EXPECT_EQ(std::memcmp(&file.decisions[0], &expected, sizeof(expected)), 0);
  EXPECT_EQ(file.about.kernel, "Linux 6.18.12 x86_64");
  EXPECT_EQ(file.about.hooks, small_machine().hooks);
  EXPECT_EQ(file.about.cpus, small_machine().cpus);
  EXPECT_EQ(file.about.node_distances, small_machine().node_distances);
  EXPECT_EQ(file.about.numbers, small_machine().numbers);
}

TEST_F(DecisionFileTest, ColumnsCoverTheRowWithoutOverlap) {
  const uint32_t sizes[] = {8, 4, 1, 16};
  uint32_t at = 0;
  std::vector<bool> covered(sizeof(Decision));
  for (const Column& column : columns()) {
    at = column.offset;
    for (uint32_t i = 0; i < sizes[static_cast<size_t>(column.type)]; ++i, ++at) {
      EXPECT_FALSE(covered[at]) << column.name;
      covered[at] = true;
    }
  }
  EXPECT_EQ(std::count(covered.begin(), covered.end(), false), sizeof(Decision::reserved));
}

TEST_F(DecisionFileTest, IsAnErrorWhereverItIsCutOff) {
  const auto bytes = written();
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(error_of(std::span(bytes).first(size)), "") << size;
}

TEST_F(DecisionFileTest, IsAnErrorWhereverAByteIsChanged) {
  auto bytes = written();
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i >= 40 && i < 64) continue;  // zeros of the head, for later versions
    bytes[i] ^= std::byte{0x41};
    const std::string error = error_of(bytes);
    EXPECT_NE(error, "") << i;
    EXPECT_EQ(error.find('\n'), error.npos);
    bytes[i] ^= std::byte{0x41};
  }
}

TEST_F(DecisionFileTest, SaysWhatIsForeignAndWhatIsNewer) {
  EXPECT_THAT(error_of(std::as_bytes(std::span("PERFILE2"))), HasSubstr("is not a decision file"));
  auto bytes = written();
  bytes[8] = std::byte{9};
  EXPECT_THAT(error_of(bytes), HasSubstr("version 9"));
}

TEST_F(DecisionFileTest, NothingIsLeftWithoutFinish) {
  {
    DecisionWriter writer(path());
    writer.add(wake_up());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_THROW(DecisionWriter(folder_ + "/no/such"), Error);
}

TEST_F(DecisionFileTest, CsvHasAColumnForEachAndNoBrokenLines) {
  const DecisionFile file = read_decisions(written(), "x");
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  print_csv(file, out);
  std::fclose(out);
  const std::string csv(text, size);
  std::free(text);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
  EXPECT_THAT(csv, testing::StartsWith("time_ns,pid,tgid,comm,src,dst,"));
  EXPECT_THAT(csv, HasSubstr("\n1000000,7,7,\"a \"\"b\"\"?\",0,1,0,3,wake,1,llc,0,"));
  const size_t commas = static_cast<size_t>(std::count(csv.begin(), csv.end(), ','));
  EXPECT_EQ(commas, 3 * (columns().size() - 1));
}

}  // namespace
}  // namespace simsched::collect
