#include "app/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/output_file.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

class OutputsTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }
  std::string at(const std::string& path) const { return (root_ / path).string(); }

  std::string content(const std::string& path) const {
    std::ostringstream text;
    text << std::ifstream(at(path)).rdbuf();
    return text.str();
  }

  const fs::path root_ = fs::temp_directory_path() / ("simsched_outputs_" + std::to_string(getpid()));
};

TEST_F(OutputsTest, WritesFoldersAndFiles) {
  Outputs outputs;
  outputs.add_folder(at("a/b"));
  outputs.add_file(at("a/b/one"), "1");
  outputs.add_file(at("two"), "2");
  outputs.write();
  outputs.write();  // over what is there
  EXPECT_TRUE(fs::exists(at("a/b/one")));
  EXPECT_THAT(outputs.paths(), testing::ElementsAre(at("a/b/one"), at("two")));
}

TEST_F(OutputsTest, AllOrNothing) {
  std::ofstream(at("old")) << "old";
  Outputs outputs;
  outputs.add_folder(at("a/b"));
  outputs.add_file(at("a/b/one"), "1");
  outputs.add_file(at("old"), "new");
  outputs.add_file(at("old/two"), "2");
  EXPECT_THROW(outputs.write(), Error);
  EXPECT_FALSE(fs::exists(at("a")));
  EXPECT_EQ(content("old"), "old") << "a file that was there before stays as it was";
}

TEST_F(OutputsTest, AFullDeviceLeavesTheFilesAsTheyWere) {
  std::ofstream(at("old")) << "old";
  Outputs outputs;
  outputs.add_folder(at("a"));
  outputs.add_file(at("a/one"), "1");
  outputs.add_file(at("old"), "new");
  outputs.add_file("/dev/full", "2");
  EXPECT_THROW(outputs.write(), Error);
  EXPECT_FALSE(fs::exists(at("a")));
  EXPECT_EQ(content("old"), "old");
}

TEST_F(OutputsTest, TextForPeopleMakesWayForAFileOnStandardOutput) {
  Outputs outputs;
  outputs.add_file(at("one"), "1");
  EXPECT_EQ(outputs.text(), stdout);
  outputs.add_file("-", "2");
  EXPECT_EQ(outputs.text(), stderr);
}

TEST_F(OutputsTest, ChecksBeforehand) {
  std::ofstream(at("file")) << "x";
  EXPECT_NO_THROW(check_output_folder(at("new/deep/")));
  EXPECT_NO_THROW(check_output_folder(at("")));
  EXPECT_THROW(check_output_folder(at("file/new")), Error);
  EXPECT_THROW(check_output_folder(at("file")), Error);
  EXPECT_THROW(check_output_folder(""), Error);
}

TEST_F(OutputsTest, NothingIsWrittenOverWhatIsReadNorTwice) {
  std::ofstream(at("config.yaml")) << "x";
  fs::create_symlink(at("config.yaml"), at("link"));
  fs::create_directory(at("sub"));
  const std::vector<std::string> inputs = {at("config.yaml"), ""};
  EXPECT_NO_THROW(check_outputs({at("one"), "", at("two"), "-"}, inputs));
  EXPECT_THROW(check_outputs({at("config.yaml")}, inputs), Error);
  EXPECT_THROW(check_outputs({at("sub/../config.yaml")}, inputs), Error);
  EXPECT_THROW(check_outputs({at("link")}, inputs), Error);
  EXPECT_THROW(check_outputs({at("one"), at("sub/../one")}, inputs), Error);
  EXPECT_THROW(check_outputs({"-", "/dev/stdout"}, inputs), Error);
  EXPECT_EQ(content("config.yaml"), "x");
}

}  // namespace
}  // namespace simsched
