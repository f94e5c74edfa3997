#include "base/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace simsched {
namespace {

using ::testing::StartsWith;
using ::testing::ThrowsMessage;

TEST(Duration, IsANumberWithOrWithoutAUnit) {
  for (auto [text, count] : std::initializer_list<std::pair<const char*, int64_t>>{{"700000", 700000},
                                                                                   {"700ns", 700},
                                                                                   {"700us", 700000},
                                                                                   {"1.4ms", 1400000},
                                                                                   {"2s", 2000000000},
                                                                                   {"0", 0},
                                                                                   {"1.5us", 1500},
                                                                                   {"0.000000001s", 1}}) {
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text)->count(), count) << text;
  }
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "ms", "1.ms", ".5ms", "-3", "-0", "+3", "3 ms", " 3", "1.4", "0.0000000001s", "0x10",
                           "9999999999999s", "9223372036854775807us", "1h", "3msec"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsWrittenInTheLargestUnitThatHoldsIt) {
  EXPECT_EQ(duration_text(Nanos(0)), "0");
  EXPECT_EQ(duration_text(Nanos(1)), "1ns");
  EXPECT_EQ(duration_text(1400_us), "1400us");
  EXPECT_EQ(duration_text(10_ms), "10ms");
  EXPECT_EQ(duration_text(60_s), "60s");
  for (Nanos value : {0_ns, 1_ns, 1001_us, 7_s}) EXPECT_EQ(parse_duration(duration_text(value)), value);
}

TEST(Duration, OutOfItsRangeIsRefusedWithItsNameAndPlace) {
  auto read = [](const std::string& text) { return read_duration(text, "slice", 100_us, 1_s, "f.yaml:3"); };
  EXPECT_EQ(read("100us"), 100_us);
  EXPECT_EQ(read("1s"), 1_s);
  EXPECT_THAT([&] { read("99us"); }, ThrowsMessage<Error>("f.yaml:3: slice is 99us; take 100us to 1s"));
  EXPECT_THAT([&] { read("2s"); }, ThrowsMessage<Error>(StartsWith("f.yaml:3: slice is 2s; take")));
  EXPECT_THAT(
      [&] { read("soon"); },
      ThrowsMessage<Error>("f.yaml:3: slice is 'soon', not a duration; write it as 3ms, 250us or 10s: 100us to 1s"));
}

}  // namespace
}  // namespace simsched
