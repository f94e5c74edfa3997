#include "report/side_by_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsched {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(SideBySide, ShowsTheDifferenceOfWhatHappened) {
  SideBySide sides;
  sides.kernel.stats.wakeups = 1000;
  sides.simulated.stats.wakeups = 1100;
  sides.kernel.migrations[static_cast<size_t>(Distance::kRemote)] = 3;
  sides.kernel.node_share = {0.5, 0.5};
  sides.simulated.node_share = {0.75, 0.25};
  const std::string text = side_by_side_table(sides);
  EXPECT_THAT(text, ContainsRegex("wakeups +1,000 +1,100 +\\+10.0%"));
  EXPECT_THAT(text, HasSubstr("to another node"));
  EXPECT_THAT(text, Not(HasSubstr("within a core"))) << "neither has any";
  EXPECT_THAT(text, ContainsRegex("work on node 1 +50.0 % +25.0 % +-25.0"));
}

}  // namespace
}  // namespace simsched
