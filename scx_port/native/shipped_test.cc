#include "scx_port/native/shipped.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace simsched::native {
namespace {

TEST(Shipped, every_policy_of_the_folder_has_types_and_code) {
  size_t sources = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIMSCHED_SOURCE_DIR "/scx_port")) {
    if (file.path().filename() != "bpf") continue;
    for (const auto& source : std::filesystem::directory_iterator(file.path())) {
      if (!source.path().string().ends_with(".bpf.c")) continue;
      ++sources;
      const auto object = shipped_object(policy_name(source.path()));
      ASSERT_NE(object, nullptr) << source.path();
      ASSERT_NE(object->code, nullptr);
      EXPECT_EQ(object->code->nr_functions, object->functions.size());
      EXPECT_FALSE(object->struct_ops.empty()) << source.path();
      EXPECT_EQ(object->license, "GPL");
    }
  }
  EXPECT_EQ(shipped_names().size(), sources);
}

TEST(Shipped, an_unknown_name_is_none) { EXPECT_EQ(shipped_object("no_such_policy"), nullptr); }

}  // namespace
}  // namespace simsched::native
