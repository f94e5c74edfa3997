#include "topology/load/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "base/error.h"
#include "base/files.h"

namespace simsched {
namespace {

using testing::HasSubstr;

class LoadTest : public testing::Test {
 protected:
  LoadTest() { std::filesystem::create_directories(folder_ + "/sub"); }
  ~LoadTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ + "/" + name, content);
    return folder_ + "/" + name;
  }

  const std::string folder_ = testing::TempDir() + "simsched-load-" + std::to_string(getpid());
};

template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

struct Expected {
  const char* name;
  size_t cpus, cores, llcs, nodes;
};

TEST(Presets, AreTheMachinesTheirNamesSay) {
  constexpr Expected kPresets[] = {{"alderlake-8p8e", 24, 16, 1, 1}, {"desktop-2llc", 32, 16, 2, 1},
                                   {"epyc-2s128c", 256, 128, 16, 2}, {"hikey960", 8, 8, 2, 1},
                                   {"juno", 6, 6, 2, 1},             {"pixel-1-3-4", 8, 8, 1, 1},
                                   {"lunarlake-4p4e", 8, 8, 2, 1},   {"numa-8n", 64, 64, 8, 8},
                                   {"talk-48c8n", 48, 48, 8, 8},     {"vm-2c", 2, 2, 1, 1},
                                   {"vm-8c2n", 8, 8, 2, 2},          {"xeon-4s", 224, 112, 4, 4},
                                   {"graviton-64c", 64, 64, 1, 1}};
  EXPECT_EQ(preset_names().size(), std::size(kPresets));
  for (const Expected& preset : kPresets) {
    Machine machine = load_machine(preset.name);
    EXPECT_EQ(machine.name(), preset.name);
    EXPECT_EQ(machine.nr_cpus(), preset.cpus) << preset.name;
    EXPECT_EQ(machine.nr_cores(), preset.cores) << preset.name;
    EXPECT_EQ(machine.nr_llcs(), preset.llcs) << preset.name;
    EXPECT_EQ(machine.nr_nodes(), preset.nodes) << preset.name;
  }
}

TEST(Presets, AreTheFilesInConfigs) {
  for (const std::string& name : preset_names())
    EXPECT_EQ(load_machine(SIMSCHED_SOURCE_DIR "/configs/machines/" + name + ".yaml").name(), name);
}

TEST_F(LoadTest, UnknownNameSuggests) {
  EXPECT_EQ(refusal([] { load_machine("numa-8"); }), "there is no machine 'numa-8'; did you mean 'numa-8n'?");
  EXPECT_THAT(refusal([] { load_machine("cray"); }), HasSubstr("one of alderlake-8p8e, "));
  EXPECT_THAT(refusal([] { load_machine("gone.yaml"); }), HasSubstr("gone.yaml: cannot be opened"));
  EXPECT_THAT(refusal([] { load_machine("gone.xml"); }), HasSubstr("gone.xml: cannot be opened"));
}

TEST_F(LoadTest, ErrorsInAFileNameTheFile) {
  std::string path = write("bad.yaml", "name: x\nnodez: 2\n");
  EXPECT_EQ(refusal([&] { load_machine(path); }), path + ":2: a machine has no key 'nodez'; did you mean 'nodes'?");
}

TEST_F(LoadTest, ConfigNodeIsANameAPathOrAMapping) {
  write("sub/four.yaml", "cores_per_llc: 4");
  std::string config = folder_ + "/config.yaml";
  EXPECT_EQ(load_machine(YAML::Load("juno"), config).nr_cpus(), 6u);
  EXPECT_EQ(load_machine(YAML::Load("sub/four.yaml"), config).nr_cpus(), 4u);  // relative to the config
  EXPECT_EQ(load_machine(YAML::Load("{preset: juno, cpus: 3}"), config).nr_cpus(), 3u);
  EXPECT_EQ(load_machine(YAML::Load("{cores_per_llc: 5}"), config).nr_cpus(), 5u);
  YAML::Node misspelt = YAML::Load("a: 1\nmachine: junno")["machine"];
  EXPECT_EQ(refusal([&] { load_machine(misspelt, config); }),
            config + ":2: there is no machine 'junno'; did you mean 'juno'?");
  EXPECT_THAT(refusal([&] { load_machine(YAML::Load("[juno]"), config); }), HasSubstr("machine is not one value"));
}

}  // namespace
}  // namespace simsched
