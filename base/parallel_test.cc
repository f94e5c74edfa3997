#include "base/parallel.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace simsched {
namespace {

TEST(ParallelFor, DoesEachOnce) {
  for (int jobs : {1, 2, 7, 100}) {
    std::vector<std::atomic<int>> done(50);
    parallel_for(done.size(), jobs, [&](size_t i) { ++done[i]; });
    for (auto& count : done) EXPECT_EQ(count, 1);
  }
  parallel_for(0, 4, [](size_t) { FAIL(); });
}

TEST(ParallelFor, TellsHowFarItIsOneAtATimeAndInOrder) {
  for (int jobs : {1, 3, 100}) {
    std::vector<size_t> told;  // without a lock
    parallel_for(
        50, jobs, [](size_t) {},
        [&](size_t done, size_t total) {
          EXPECT_EQ(total, 50u);
          told.push_back(done);
        });
    ASSERT_EQ(told.size(), 50u);
    for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], i + 1);
  }
}

TEST(ParallelFor, ThrowsTheFirstFailureForAnyJobs) {
  for (int jobs : {1, 2, 8}) {
    try {
      parallel_for(40, jobs, [](size_t i) {
        if (i >= 5) throw std::runtime_error(std::to_string(i));
      });
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "5");
    }
  }
}

}  // namespace
}  // namespace simsched
