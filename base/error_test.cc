#include "base/error.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

TEST(Error, IsOneLineOfWhereWhatAndRemedy) {
  EXPECT_STREQ(Error("a.yaml:3", "no such key", "use x").what(), "a.yaml:3: no such key; use x");
  EXPECT_STREQ(Error("", "no such key", "use x").what(), "no such key; use x");
  EXPECT_STREQ(Error("a.yaml", "no such key").what(), "a.yaml: no such key");
}

TEST(Error, KeepsItsPartsSoThatAReaderCanAddWhere) {
  Error error("f:1", "bad", "mend it");
  EXPECT_EQ(error.where(), "f:1");
  EXPECT_EQ(error.problem(), "bad");
  EXPECT_EQ(error.remedy(), "mend it");
}

TEST(CheckDeathTest, StopsWithTheMessage) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  SIMSCHED_CHECK(true, "fine");
  EXPECT_DEATH(SIMSCHED_CHECK(1 + 1 == 3, "task 7 lost"), "internal error: .*task 7 lost \\(1 \\+ 1 == 3\\)");
}

}  // namespace
}  // namespace simsched
