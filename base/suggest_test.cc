#include "base/suggest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace simsched {
namespace {

const std::vector<std::string> kPolicies = {"eevdf", "cfs", "bfs", "muqss", "scx_simple"};

TEST(Suggest, FindsATypo) {
  EXPECT_EQ(nearest_name("eevfd", kPolicies), "eevdf");
  EXPECT_EQ(nearest_name("eevd", kPolicies), "eevdf");
  EXPECT_EQ(nearest_name("scx_simpel", kPolicies), "scx_simple");
  EXPECT_EQ(suggest("muqs", kPolicies), "did you mean 'muqss'?");
}

TEST(Suggest, LettersThatChangedPlacesAreNear) {
  const std::vector<std::string> commands = {"run", "train"};
  EXPECT_EQ(suggest("trian", commands), "did you mean 'train'?");
  EXPECT_EQ(suggest("urn", commands), "did you mean 'run'?");
}

TEST(Suggest, ListsAllWhenNothingIsNear) {
  EXPECT_EQ(suggest("lottery", kPolicies), "one of eevdf, cfs, bfs, muqss, scx_simple");
  EXPECT_EQ(nearest_name("", kPolicies), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(Suggest, FirstOfEquallyNearWins) { EXPECT_EQ(nearest_name("dfs", kPolicies), "cfs"); }

RC_GTEST_PROP(SuggestProperty, AKnownNameSuggestsItself, ()) {
  auto names = *rc::gen::nonEmpty<std::vector<std::string>>();
  const std::string& name = *rc::gen::elementOf(names);
  if (!name.empty()) RC_ASSERT(nearest_name(name, names) == name);
}

}  // namespace
}  // namespace simsched
