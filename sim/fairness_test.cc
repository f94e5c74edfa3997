#include "sim/fairness.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

JainIndex index_of(std::initializer_list<int> gots, int wanted) {
  JainIndex index;
  for (int got : gots) index.add(Nanos(got), Nanos(wanted));
  return index;
}

TEST(JainIndex, IsOneWhenAllGetAlikeAndOneNthWhenOneGetsAll) {
  EXPECT_EQ(JainIndex().ppm(), 1000000);
  EXPECT_EQ(index_of({0, 0}, 10).ppm(), 1000000);
  EXPECT_EQ(index_of({5, 5, 5}, 10).ppm(), 1000000);
  EXPECT_EQ(index_of({10, 0, 0, 0}, 10).ppm(), 250000);
  EXPECT_EQ(index_of({10, 5}, 10).ppm(), 900000);  // 1.5^2 / (2 * 1.25)
}

TEST(JainIndex, ComparesSharesNotTimes) {
  JainIndex index;
  index.add(1_ms, 2_ms);
  index.add(1000_s, 2000_s);
  EXPECT_EQ(index.ppm(), 1000000);
}

}  // namespace
}  // namespace simsched
