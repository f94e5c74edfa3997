#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    folder_ = fs::temp_directory_path() / ("files_test." + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  size_t entries() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_;
};

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.span().data()), bytes.size()};
}

TEST_F(Files, WrittenIsRead) {
  write_file_atomically(path("a"), "first");
  write_file_atomically(path("a"), "second");
  EXPECT_EQ(text_of(read_file(path("a"))), "second");
  EXPECT_EQ(entries(), 1u);
  write_file_atomically(path("empty"), "");
  EXPECT_EQ(read_file(path("empty")).size(), 0u);
}

TEST_F(Files, OtherThanRegularFilesAreRead) { EXPECT_EQ(read_file("/dev/null").size(), 0u); }

TEST_F(Files, FailureSaysWhyAndLeavesNothing) {
  try {
    write_file_atomically(path("no/such/file"), "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("there is no folder"));
  }
  fs::create_directory(path("folder"));
  EXPECT_THROW(write_file_atomically(path("folder"), "x"), Error);
  EXPECT_THROW(read_file(path("folder")), Error);
  EXPECT_THROW(read_file(path("missing")), Error);
  EXPECT_EQ(entries(), 1u);
}

TEST(Bytes, GrowKeepsContent) {
  Bytes bytes = Bytes::allocate(2);
  bytes.data()[0] = std::byte{7};
  bytes.resize(1 << 20);
  EXPECT_EQ(bytes.span()[0], std::byte{7});
  Bytes moved = std::move(bytes);
  EXPECT_EQ(moved.size(), size_t{1} << 20);
}

}  // namespace
}  // namespace simsched
