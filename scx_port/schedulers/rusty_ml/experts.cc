#include "scx_port/schedulers/rusty_ml/experts.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace simsched::rusty_ml {
namespace {

constexpr Nanos kHardlyAnything = 1_ms;
constexpr int64_t kMostOctaves = 8;  // between two weights
constexpr int64_t kForget = 32;      // epochs
constexpr int64_t kSmooth = 4;       // epochs of a mean
constexpr int64_t kOctaveSteps = 8;  // of feature_log()
constexpr int64_t kTailUnit = 256;

}  // namespace

Experts::Experts(size_t models, const Settings& settings)
    : settings_(settings), arms_(models + 1), next_hold_(settings.hold) {
  SIMSCHED_CHECK(models <= kMost, "too many models");
}

void Experts::Mean::add(int64_t new_cost, int64_t new_tail) {
  ++count;
  const int64_t weight = std::min(count, kSmooth);
  cost += (new_cost - cost) / weight;
  tail += (new_tail - tail) / weight;
}

// In shares of kOne. 2^x is (1 + its fraction) * 2^(its whole part), within 6 %.
std::vector<int64_t> Experts::chances() const {
  const int64_t best = std::ranges::max_element(arms_, {}, &Arm::log_weight)->log_weight;
  std::vector<int64_t> shares;
  for (const Arm& arm : arms_) {
    const int64_t below = std::min(best - arm.log_weight, kMostOctaves * kOne);  // >= 0
    const int64_t whole = (below + kOne - 1) / kOne, fraction = whole * kOne - below;
    shares.push_back((kOne + fraction) >> whole);
  }
  const int64_t sum = std::accumulate(shares.begin(), shares.end(), int64_t{0});
  const int64_t explored = kOne * settings_.explore_permille / 1000;
  for (int64_t& share : shares) share = (kOne - explored) * share / sum + explored / static_cast<int64_t>(arms_.size());
  return shares;
}

void Experts::learn(int64_t cost) {
  const int64_t worse = std::clamp((cost - usual_) * kOne / std::max<int64_t>(usual_, 1), -kOne, kOne);
  const int64_t chance = std::max<int64_t>(chances()[current_], 1);
  // Who is tried seldom learns more of each trial, so that all learn alike.
  arms_[current_].log_weight -= std::clamp(worse * kOne / chance, -2 * kOne, 2 * kOne);
  const int64_t best = std::ranges::max_element(arms_, {}, &Arm::log_weight)->log_weight;
  for (Arm& arm : arms_) {
    arm.log_weight = std::max(arm.log_weight, best - kMostOctaves * kOne);
    arm.log_weight -= arm.log_weight / kForget;
  }
}

bool Experts::drifted() const {
  if (heuristic_.count < settings_.patience || others_.count < settings_.patience) return false;
  if (others_.cost * 1000 > heuristic_.cost * (1000 + settings_.drift_permille)) return true;
  // An octave is a factor of two: 5 % are 0.07 of one.
  const int64_t limit = kTailUnit * kOctaveSteps * settings_.drift_permille * 1443 / 1'000'000;
  return others_.tail - heuristic_.tail > limit;
}

void Experts::begin_again() {
  for (Arm& arm : arms_) arm.log_weight = 0;
  heuristic_ = others_ = {};
}

void Experts::end_epoch(const Toll& toll) {
  ++epochs_;
  ++arms_[current_].epochs;
  if (toll.ran >= kHardlyAnything) {
    const int64_t lost = std::min((toll.waited + toll.moving).count(), INT64_MAX / kOne);
    const int64_t cost = std::min(lost * kOne / toll.ran.count(), int64_t{1} << 40);
    usual_ = usual_ == 0 ? cost : usual_ + (cost - usual_) / 8;
    (current_ == kHeuristic ? heuristic_ : others_).add(cost, toll.tail);
    if (held_ == 0) learn(cost);
  }
  if (held_ > 0) {
    --held_;
    if (held_ == 0) begin_again();
  } else if (drifted()) {
    ++reverts_;
    held_ = next_hold_;
    next_hold_ = std::min(2 * next_hold_, 8 * settings_.hold);
    begin_again();
  }
  if (others_.count >= 4 * settings_.patience) next_hold_ = settings_.hold;  // they have stood the test
  current_ = kHeuristic;
  if (held_ > 0) return;
  const std::vector<int64_t> shares = chances();
  const int64_t sum = std::accumulate(shares.begin(), shares.end(), int64_t{0});
  int64_t at = static_cast<int64_t>(rng_.below(static_cast<uint64_t>(sum)));
  while (at >= shares[current_]) at -= shares[current_++];
}

}  // namespace simsched::rusty_ml
