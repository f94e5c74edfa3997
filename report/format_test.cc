#include "report/format.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

TEST(FormatNs, TakesTheLargestUnit) {
  EXPECT_EQ(format_ns(0), "0 ns");
  EXPECT_EQ(format_ns(812), "812 ns");
  EXPECT_EQ(format_ns(14200), "14.20 us");
  EXPECT_EQ(format_ns(2714000), "2.714 ms");
  EXPECT_EQ(format_ns(95420000000), "95.42 s");
  EXPECT_EQ(format_ns(-14200), "-14.20 us");
  EXPECT_EQ(format_ns(3600e9), "3600 s");
}

TEST(FormatNs, RoundingNeverShowsAThousand) {
  EXPECT_EQ(format_ns(999960), "1.000 ms");
  EXPECT_EQ(format_ns(999.97), "1.000 us");
}

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(-0.001), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(107879), "107,879");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_count(0.3333), "0.33");
  EXPECT_EQ(format_count(2029.4), "2,029");
}

TEST(FormatValue, FollowsTheUnit) {
  EXPECT_EQ(format_value(1500, "ns"), "1.500 us");
  EXPECT_EQ(format_value(1500, "uj"), "1.500 mJ");
  EXPECT_EQ(format_value(975000, "ppm"), "97.5%");
  EXPECT_EQ(format_value(1500, "count"), "1,500");
}

TEST(FormatPercent, SignsAndFactors) {
  EXPECT_EQ(format_percent(1.64), "+1.6%");
  EXPECT_EQ(format_percent(-12.31), "-12.3%");
  EXPECT_EQ(format_percent(-0.04), "0.0%");
  EXPECT_EQ(format_percent(2300), "x24");
}

}  // namespace
}  // namespace simsched
