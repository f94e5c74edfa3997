#include "sim/idle.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

// A guest whose host polls up to 200 us: which of the two costs waking it has, after so long.
class GuestCpu {
 public:
  GuestCpu() {
    costs_.idle_poll_window = Nanos(0);
    costs_.idle_poll_max = 200_us;
    costs_.idle_poll_exit = 1_us;
    costs_.idle_halt_exit = 50_us;
  }
  // Idles for `period`; whether the host still polled at its end.
  bool polled_for(Nanos period) {
    idle_.enter(now_);
    now_ += period;
    const bool polls = &idle_.exit_cost(now_, costs_) == &costs_.idle_poll_exit;
    idle_.leave(now_, costs_);
    return polls;
  }
  Costs& costs() { return costs_; }

 private:
  Costs costs_;
  CpuIdle idle_;
  Nanos now_ = 1_s;
};

TEST(CpuIdle, AHostPollsLongerAfterPeriodsThatItMissedByLittle) {
  GuestCpu cpu;
  EXPECT_FALSE(cpu.polled_for(15_us));  // it starts at 10 us
  EXPECT_FALSE(cpu.polled_for(15_us));  // and doubles
  EXPECT_TRUE(cpu.polled_for(15_us));
  EXPECT_FALSE(cpu.polled_for(150_us));
  EXPECT_FALSE(cpu.polled_for(150_us));
  EXPECT_FALSE(cpu.polled_for(150_us));
  EXPECT_TRUE(cpu.polled_for(150_us));
}

TEST(CpuIdle, ALongPeriodStopsThePolling) {
  GuestCpu cpu;
  for (int i = 0; i < 3; ++i) cpu.polled_for(15_us);
  EXPECT_TRUE(cpu.polled_for(15_us));
  EXPECT_FALSE(cpu.polled_for(201_us));
  EXPECT_FALSE(cpu.polled_for(15_us));
}

TEST(CpuIdle, WithoutSuchAHostOnlyTheWindowCounts) {
  GuestCpu cpu;
  cpu.costs().idle_poll_max = Nanos(0);
  cpu.costs().idle_poll_window = 20_us;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(cpu.polled_for(20_us));
    EXPECT_FALSE(cpu.polled_for(21_us));
  }
}

}  // namespace
}  // namespace simsched
