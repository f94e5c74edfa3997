#include "ml/learn/as_in_the_talk.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simsched::ml::talk {
namespace {

TEST(AsInTheTalk, AModelThatIsSureToStayIsNotBelieved) {
  int stays = 0;
  for (double p = 0; p <= 1; p += 0.01) {
    for (double threshold : {0.5, 0.8, 0.9}) stays += gate(p, threshold, Form::kTalk) == Say::kStay;
  }
  EXPECT_EQ(stays, 0);
  EXPECT_EQ(gate(0.01, 0.8, Form::kTalk), Say::kAskHeuristic);
  EXPECT_EQ(gate(0.01, 0.8, Form::kCorrected), Say::kStay);
  EXPECT_EQ(gate(0.99, 0.8, Form::kCorrected), Say::kMove);
  EXPECT_EQ(gate(0.6, 0.8, Form::kCorrected), Say::kAskHeuristic);
}

TEST(AsInTheTalk, TheHardSigmoidIsOffAndFlat) {
  double worst = 0;
  for (double z = -8; z <= 8; z += 0.01)
    worst = std::max(worst, std::abs(sigmoid(z, Form::kTalk) - sigmoid(z, Form::kCorrected)));
  EXPECT_NEAR(worst, 0.0759, 0.0002);
  // Nothing is learned from an error beyond 2.5, in either direction.
  EXPECT_EQ(sigmoid(2.6, Form::kTalk), sigmoid(100, Form::kTalk));
  EXPECT_LT(sigmoid(2.6, Form::kCorrected), sigmoid(2.7, Form::kCorrected));
}

TEST(AsInTheTalk, AProductThatDoesNotFitChangesItsSign) {
  constexpr int32_t k40 = 40 << 21;
  EXPECT_LT(fixed_multiply(k40, k40, Form::kTalk), 0);  // 1600, of at most 1024
  EXPECT_EQ(fixed_multiply(k40, k40, Form::kCorrected), INT32_MAX);
  EXPECT_EQ(fixed_multiply(k40, -k40, Form::kCorrected), INT32_MIN);
  EXPECT_EQ(fixed_multiply(3 << 21, 5 << 21, Form::kTalk), 15 << 21);
}

TEST(AsInTheTalk, ProductsAreFlooredAndSumsOfThemLean) {
  // A small weight times small inputs of both signs: nothing in sum, but half a bit less each time.
  int64_t talk = 0, corrected = 0;
  for (int32_t x = -1000; x <= 1000; ++x) {
    talk += fixed_multiply(x, 1000, Form::kTalk);
    corrected += fixed_multiply(x, 1000, Form::kCorrected);
  }
  EXPECT_EQ(talk, -1000);
  EXPECT_EQ(corrected, 0);
}

TEST(AsInTheTalk, WhoSharesTheL2IsTakenForWhoSharesTheL3) {
  EXPECT_EQ(cache_affinity(false, true, true, Form::kTalk), cache_affinity(false, false, true, Form::kTalk));
  EXPECT_GT(cache_affinity(false, true, true, Form::kCorrected), cache_affinity(false, false, true, Form::kCorrected));
}

TEST(AsInTheTalk, AShorterQueueIsFarFromALongerOneAndIdleOnesAreNoNumberApart) {
  EXPECT_GT(load_imbalance(1, 3, Form::kTalk), 1e18);
  EXPECT_TRUE(std::isnan(load_imbalance(0, 0, Form::kTalk)));
  EXPECT_EQ(load_imbalance(1, 3, Form::kCorrected), 0.5);
  EXPECT_EQ(load_imbalance(0, 0, Form::kCorrected), 0);
}

}  // namespace
}  // namespace simsched::ml::talk
