#include "base/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.file(name); }
  std::string content(const std::string& name) const { return std::string(read_file(path(name)).text()); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  mode_t mode(const std::string& name) const {
    struct stat about {};
    EXPECT_EQ(::lstat(path(name).c_str(), &about), 0);
    return about.st_mode;
  }
  static std::string error_of(const std::string& file) {
    try {
      write_file_atomically(file, "new");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  const TemporaryFolder folder_{"output_file_test"};
};

TEST_F(OutputFileTest, ReplacesAtTheEndOnly) {
  write_file_atomically(path("a"), "old");
  {
    OutputFile file(path("a"));
    EXPECT_TRUE(file.replaces());
    file.write("ne");
    file.write("w");
    EXPECT_EQ(content("a"), "old");
    file.complete();
    EXPECT_EQ(content("a"), "old");
    file.finish();
    EXPECT_EQ(content("a"), "new");
  }
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFileTest, NothingIsLeftOfWhatIsNotFinished) {
  { OutputFile(path("a")).write("half"); }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(OutputFileTest, TheHeadMayBeWrittenLast) {
  OutputFile file(path("a"));
  file.write("...and a body");
  file.write_at_start("Hd.");
  file.finish();
  EXPECT_EQ(content("a"), "Hd.and a body");
}

TEST_F(OutputFileTest, ReplacesWhatLinksPointTo) {
  fs::create_directory(path("there"));
  write_file_atomically(path("there/a"), "old");
  fs::create_symlink("there/a", path("one"));
  fs::create_symlink(path("one"), path("two"));
  write_file_atomically(path("two"), "new");
  EXPECT_TRUE(S_ISLNK(mode("one")) && S_ISLNK(mode("two")));
  EXPECT_EQ(content("there/a"), "new");

  fs::create_symlink("there/later", path("dangling"));
  write_file_atomically(path("dangling"), "made");
  EXPECT_TRUE(S_ISLNK(mode("dangling")));
  EXPECT_EQ(content("there/later"), "made");

  fs::create_symlink("loop", path("loop"));
  EXPECT_THAT(error_of(path("loop")), HasSubstr("lead nowhere"));
}

TEST_F(OutputFileTest, KeepsTheMode) {
  write_file_atomically(path("a"), "old");
  fs::permissions(path("a"), fs::perms(0640));
  write_file_atomically(path("a"), "new");
  EXPECT_EQ(mode("a") & 0777u, 0640u);
  const mode_t mask = ::umask(027);
  write_file_atomically(path("b"), "new");
  ::umask(mask);
  EXPECT_EQ(mode("b") & 0777u, 0640u);
}

TEST_F(OutputFileTest, APipeIsWrittenTo) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_NO_THROW(check_output_file(path("pipe")));
  EXPECT_TRUE(is_written_directly(path("pipe")));
  std::string seen;
  std::thread reader([&] { seen = std::string(read_file(path("pipe")).text()); });
  write_file_atomically(path("pipe"), "new");
  reader.join();
  EXPECT_EQ(seen, "new");
  EXPECT_TRUE(S_ISFIFO(mode("pipe")));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFileTest, ADeviceIsWrittenToAndStays) {
  EXPECT_THAT(error_of("/dev/full"), HasSubstr("/dev/full: cannot be written: No space left on device"));
  EXPECT_EQ(error_of("/dev/null"), "");
  fs::create_symlink("/dev/full", path("link"));
  EXPECT_THAT(error_of(path("link")), HasSubstr("No space left"));
  EXPECT_EQ(entries(), 1u);
  if (::mknod(path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(error_of(path("null")), "");
  EXPECT_TRUE(S_ISCHR(mode("null")));
  EXPECT_EQ(entries(), 2u);
}

TEST_F(OutputFileTest, OpenFilesAreWrittenTo) {
  EXPECT_TRUE(is_standard_output("-"));
  EXPECT_TRUE(is_standard_output("/dev/stdout"));
  EXPECT_TRUE(is_standard_output("/proc/self/fd/1"));
  EXPECT_FALSE(is_standard_output("/dev/null"));
  // What is open there is a regular file: it is added to, as a shell's >> means it.
  const int file = ::open(path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_EQ(::write(file, "before ", 7), 7);
  const std::string name = "/dev/fd/" + std::to_string(file);
  EXPECT_TRUE(is_written_directly(name));
  write_file_atomically(name, "new");
  ASSERT_EQ(::write(file, " after", 6), 6);
  ::close(file);
  EXPECT_EQ(content("log"), "before new after");
  EXPECT_THAT(error_of(name), HasSubstr("Bad file descriptor"));
}

TEST_F(OutputFileTest, APipeThatNobodyReadsIsAnError) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_THAT(error_of("/dev/fd/" + std::to_string(ends[1])), HasSubstr("Broken pipe"));
  ::close(ends[1]);
}

TEST_F(OutputFileTest, ErrorsSayWhyAndLeaveNothing) {
  EXPECT_THAT(error_of(path("no/such/file")), HasSubstr("is no folder to write in"));
  EXPECT_THAT(error_of(folder_.path()), HasSubstr("is a folder"));
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
  EXPECT_EQ(entries(), 0u);
  for (const std::string& name : {path("no/such/file"), folder_.path(), std::string()})
    EXPECT_THROW(check_output_file(name), Error) << name;
  write_file_atomically(path("a"), "old");
  for (const std::string& name : {path("a"), path("new"), std::string("-"), std::string("/dev/full")})
    EXPECT_NO_THROW(check_output_file(name)) << name;
}

TEST_F(OutputFileTest, AProtectedFileStays) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  write_file_atomically(path("a"), "old");
  fs::permissions(path("a"), fs::perms(0444));
  EXPECT_THAT(error_of(path("a")), HasSubstr("Permission denied"));
  EXPECT_EQ(content("a"), "old");
}

}  // namespace
}  // namespace simsched
