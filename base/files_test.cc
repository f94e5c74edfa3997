#include "base/files.h"

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

  fs::path folder_;
};

TEST_F(Files, WrittenIsRead) {
  write_file_atomically(path("a"), "content");
  EXPECT_EQ(read_file(path("a")).text(), "content");
  write_file_atomically(path("empty"), "");
  EXPECT_EQ(read_file(path("empty")).size(), 0u);
}

TEST_F(Files, OtherThanRegularFilesAreRead) {
  EXPECT_EQ(read_file("/dev/null").size(), 0u);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "piped", 5), 5);
  ::close(ends[1]);
  EXPECT_EQ(read_file("/dev/fd/" + std::to_string(ends[0])).text(), "piped");
  ::close(ends[0]);
}

// Nothing is read until memory ends.
TEST_F(Files, WhatNeverEndsOrIsTooLargeIsAnError) {
  auto problem_of = [](const std::string& path) -> std::string {
    try {
      read_file(path);
      return "none";
    } catch (const Error& error) {
      return error.problem();
    }
  };
  EXPECT_EQ(problem_of("/dev/zero"), "is a device");
  fs::create_symlink("/dev/urandom", path("link"));
  EXPECT_EQ(problem_of(path("link")), "is a device");
  write_file_atomically(path("huge"), "");
  fs::resize_file(path("huge"), uintmax_t{17} << 30);  // of holes
  EXPECT_EQ(problem_of(path("huge")), "is larger than 16 GiB");
}

TEST_F(Files, WhatCannotBeReadIsAnError) {
  EXPECT_THROW(read_file(path("")), Error);
  EXPECT_THROW(read_file(path("missing")), Error);
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
