#include "scx_port/host/shipped.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace simsched::bpf {
namespace {

TEST(Shipped, every_policy_of_the_folder_has_types_and_code) {
  size_t sources = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(SIMSCHED_SOURCE_DIR "/scx_port/schedulers")) {
    if (!file.path().string().ends_with(".bpf.c")) continue;
    ++sources;
    const auto object = shipped_object(policy_name(file.path()));
    ASSERT_NE(object, nullptr) << file.path();
    ASSERT_NE(object->code, nullptr);
    EXPECT_EQ(object->code->nr_functions, object->functions.size());
    EXPECT_FALSE(object->struct_ops.empty()) << file.path();
    EXPECT_EQ(object->license, "GPL");
  }
  EXPECT_EQ(shipped_names().size(), sources);
}

TEST(Shipped, an_unknown_name_is_none) { EXPECT_EQ(shipped_object("no_such_policy"), nullptr); }

}  // namespace
}  // namespace simsched::bpf
