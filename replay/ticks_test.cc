// Whatever the phase, drift and lateness of ticks, they are found; where there are none, nothing is.
#include "replay/ticks.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "replay/recorded_hz.h"
#include "traces/trace_maker.h"

namespace simsched::replay {
namespace {

constexpr int64_t kPeriod = 4000;  // us, of 250 Hz

class Recording {
 public:
  // An account of run time on a CPU, in a hard interrupt. us
  Recording& accounts(int64_t at) {
    maker_.nothing(at, 0, 10);
    maker_.trace().events.back().context = kHardIrq;
    return *this;
  }
  // `drift`: us a second.
  Recording& ticks(int64_t phase, int64_t count, int64_t drift = 0) {
    for (int64_t i = 0; i < count; ++i)
      accounts(phase + i * kPeriod + i * kPeriod * drift / 1'000'000 + static_cast<int64_t>(rng_.below(40)));
    return *this;
  }
  Ticks find(int hz = 250) { return Ticks(maker_.trace(), hz); }
  std::optional<int> hz() { return recorded_hz(maker_.trace()); }

 private:
  TraceMaker maker_;
  Rng rng_{1};
};

Nanos us(int64_t count) { return Nanos(count * 1000); }

TEST(Ticks, AreFoundWhateverTheirPhase) {
  for (int64_t phase : {1, 700, 1990, 3950, 3980, 3999}) {
    Ticks ticks = Recording().ticks(phase, 1000).find();
    ASSERT_TRUE(ticks.known()) << phase;
    for (int64_t i : {10, 500, 990}) {
      const int64_t tick = phase + i * kPeriod;
      EXPECT_TRUE(ticks.at(us(tick + 60))) << phase;
      EXPECT_FALSE(ticks.at(us(tick + 400))) << phase;
      EXPECT_FALSE(ticks.at(us(tick - 100))) << phase;
      EXPECT_EQ(ticks.count(us(tick + 60)) - ticks.count(us(tick - 400)), 1) << phase;
      EXPECT_EQ(ticks.count(us(tick + 3 * kPeriod + 60)) - ticks.count(us(tick + 2000)), 3) << phase;
    }
  }
}

TEST(Ticks, AClockThatDriftsIsFollowed) {
  for (int64_t drift : {30, -30}) {
    Ticks ticks = Recording().ticks(5'000, 5000, drift).find();
    ASSERT_TRUE(ticks.known());
    int64_t found = 0;
    for (int64_t i = 0; i < 5000; ++i)
      found += ticks.at(us(5'000 + i * kPeriod + i * kPeriod * drift / 1'000'000 + 30));
    EXPECT_EQ(found, 5000);
    const int64_t last = 5'000 + 4999 * kPeriod + 4999 * kPeriod * drift / 1'000'000;
    EXPECT_EQ(ticks.count(us(last + 1000)) - ticks.count(us(6'000)), 4999);
  }
}

TEST(Ticks, OthersAmongThemDoNoHarm) {
  Recording recording;
  Rng rng(2);
  for (int64_t i = 0; i < 1000; ++i) {
    recording.ticks(500 + i * kPeriod, 1);
    if (i % 3 == 0) recording.accounts(500 + i * kPeriod + 100 + static_cast<int64_t>(rng.below(3800)));
  }
  EXPECT_TRUE(recording.find().at(us(500 + 500 * kPeriod + 30)));
}

TEST(Ticks, NoneAreKnownWhereNoneAreSeen) {
  EXPECT_FALSE(Recording().find().known());
  EXPECT_FALSE(Recording().ticks(500, 10).find().known()) << "too few";
  Recording random;
  Rng rng(3);
  for (int64_t at = 0; at < 4'000'000; at += 1 + static_cast<int64_t>(rng.below(8000))) random.accounts(at);
  EXPECT_FALSE(random.find().known());
  EXPECT_FALSE(random.find().at(us(60)));
  EXPECT_FALSE(Recording().ticks(500, 1000).find(300).known()) << "of another period than the recording's";
}

TEST(RecordedHz, IsThatOfTheTicks) {
  for (int hz : {100, 250, 300, 1000}) {
    Recording recording;
    Rng rng(static_cast<uint64_t>(hz));
    for (int64_t i = 0; i < 3000; ++i) {
      recording.accounts(700 + i * 1'000'000 / hz + static_cast<int64_t>(rng.below(40)));
      // Wake-ups in other interrupts account, too; and not every tick finds something that runs.
      if (i % 3 == 0) recording.accounts(700 + i * 1'000'000 / hz + 100 + static_cast<int64_t>(rng.below(800)));
      if (i % 5 == 0) ++i;
    }
    EXPECT_EQ(recording.hz(), hz);
  }
}

TEST(RecordedHz, IsNotKnownOfFewOrOfAnything) {
  EXPECT_FALSE(Recording().hz());
  EXPECT_FALSE(Recording().ticks(10, 12).hz());
  Recording recording;
  Rng rng(1);
  for (int64_t at = 0; at < 4'000'000; at += 500 + static_cast<int64_t>(rng.below(9000))) recording.accounts(at);
  EXPECT_FALSE(recording.hz());
}

}  // namespace
}  // namespace simsched::replay
