#include "scx_port/proof/initramfs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace simsched {
namespace {

TEST(Initramfs, IsWhatTheFormatSays) {
  Initramfs files;
  files.add_folder("d");
  files.add_file("d/f", "hello", true);
  const std::string archive = files.finish();
  EXPECT_EQ(archive.size() % 4, 0u);
  EXPECT_EQ(archive.substr(0, 6), "070701");
  EXPECT_EQ(archive.substr(14, 8), "000041ed");  // a folder, rwxr-xr-x
  const size_t second = archive.find("070701", 1);
  EXPECT_EQ(archive.substr(second + 14, 8), "000081ed");
  EXPECT_EQ(archive.substr(second + 54, 8), "00000005");  // bytes
  EXPECT_EQ(archive.substr(second + 94, 8), "00000004");  // of the name, with its end
  EXPECT_EQ(archive.substr(second + 110, 4), std::string("d/f\0", 4));
  EXPECT_NE(archive.find("TRAILER!!!"), std::string::npos);
}

TEST(Initramfs, TheSameFilesGiveTheSameBytes) {
  const TemporaryFolder folder("simsched-initramfs");
  std::filesystem::create_directory(folder.file("sub"));
  for (const char* name : {"b", "a", "sub/c"}) write_file_atomically(folder.file(name), name);
  auto archive = [&] {
    Initramfs files;
    files.add_tree("export", folder.path());
    return files.finish();
  };
  EXPECT_EQ(archive(), archive());
  EXPECT_LT(archive().find("export/a"), archive().find("export/b"));
  EXPECT_NE(archive().find("export/sub/c"), std::string::npos);
}

}  // namespace
}  // namespace simsched
