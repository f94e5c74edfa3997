// An outside oracle: MLLB (Chen et al., APSys 2020) learned to imitate can_migrate_task() of Linux 4.15, and published
// its 15-10-1 net. Its rule is written down here once more. With the net at hand (src/load_balancing/consts.c of the
// repository utcs-scea/LAKE, which is not part of this one) it is held against the rule, and its numbers are cut down
// to integers: SIMSCHED_MLLB=consts.c build/release/ml_learn_test --gtest_filter='Mllb*'.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/rng.h"
#include "ml/model/nets.h"

namespace simsched::ml {
namespace {

constexpr size_t kUnits = 10;

// What can_migrate_task() looks at after all that forbids a migration for good.
struct Question {
  bool src_non_pref = false;  // more tasks run there than those that prefer that node
  bool delta_hot = false;     // it ran less than 0.5 ms ago
  enum Idle { kIdle, kNotIdle, kNewlyIdle } idle = kIdle;
  bool same_node = false;
  enum Prefers { kNone, kSrc, kDst, kBoth } prefers = kNone;
  bool extra_fails = false;  // balancing failed more often than cache_nice_tries
  bool buddy_hot = false;
  double src_len = 0, src_load = 0, dst_load = 0, dst_len = 0, delta_faults = 0;  // dst's less src's

  std::array<double, 15> features() const {
    return {double(src_non_pref),
            double(delta_hot),
            double(idle == kIdle),
            double(idle == kNotIdle),
            double(idle == kNewlyIdle),
            double(same_node),
            double(prefers == kSrc),
            double(prefers == kDst),
            src_len,
            src_load,
            dst_load,
            dst_len,
            delta_faults,
            double(extra_fails),
            double(buddy_hot)};
  }
};

// migrate_degrades_locality(), kernel/sched/fair.c, 4.15: 1: it does, 0: it does not, -1: no matter.
int degrades_locality(const Question& q) {
  if (q.same_node) return -1;
  if (q.prefers == Question::kSrc || q.prefers == Question::kBoth) return q.src_non_pref ? 1 : -1;
  if (q.prefers == Question::kDst) return 0;
  if (q.idle == Question::kIdle) return -1;
  return q.delta_faults < 0 ? 1 : 0;
}

// The end of can_migrate_task(), with task_hot().
bool can_migrate(const Question& q) {
  int hot = degrades_locality(q);
  if (hot < 0) hot = q.buddy_hot || q.delta_hot ? 1 : 0;
  return hot <= 0 || q.extra_fails;
}

// All combinations of what is yes or no, or one of three, 15 of each with random numbers for the rest.
std::vector<Question> grid() {
  std::vector<Question> questions;
  Rng rng(415);
  auto uniform = [&rng](double lo, double hi) {
    return lo + (hi - lo) * static_cast<double>(rng.below(1 << 20)) / (1 << 20);
  };
  for (int n = 0; n < 384 * 15; ++n) {
    int rest = n % 384;
    auto digit = [&rest](int base) {
      const int value = rest % base;
      rest /= base;
      return value;
    };
    Question q;
    q.src_non_pref = digit(2);
    q.delta_hot = digit(2);
    q.idle = static_cast<Question::Idle>(digit(3));
    q.same_node = digit(2);
    q.prefers = static_cast<Question::Prefers>(digit(4));
    q.extra_fails = digit(2);
    q.buddy_hot = digit(2);
    q.src_len = static_cast<double>(rng.below(4));
    q.src_load = uniform(0, 2);
    q.dst_load = uniform(0, 2);
    q.dst_len = static_cast<double>(rng.below(4));
    q.delta_faults = uniform(-1, 1);
    questions.push_back(q);
  }
  return questions;
}

TEST(MllbRule, IsThatOfTheKernel) {
  Question q;
  EXPECT_TRUE(can_migrate(q));
  q.delta_hot = true;
  EXPECT_FALSE(can_migrate(q));  // its cache is warm
  q.extra_fails = true;
  EXPECT_TRUE(can_migrate(q));  // but balancing has failed too often
  q = {.delta_hot = true, .prefers = Question::kDst};
  EXPECT_TRUE(can_migrate(q));  // home is worth more than a warm cache
  q = {.src_non_pref = true, .prefers = Question::kSrc};
  EXPECT_FALSE(can_migrate(q));  // it is at home, where strangers are
  q = {.idle = Question::kNotIdle, .delta_faults = -0.1};
  EXPECT_FALSE(can_migrate(q));  // away from its memory
  q.same_node = true;
  EXPECT_TRUE(can_migrate(q));
}

TEST(MllbRule, LoadsAndLengthsDoNotEnter) {
  for (Question q : grid()) {
    const bool verdict = can_migrate(q);
    q.src_len = q.dst_len = q.src_load = q.dst_load = 1e6;
    ASSERT_EQ(can_migrate(q), verdict);
  }
}

class MllbNet : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("SIMSCHED_MLLB");
    if (!path) GTEST_SKIP() << "the net is not at hand: SIMSCHED_MLLB names its file";
    const std::string text(read_file(path).text());
    w1 = read(text, "w1", 15 * kUnits);
    b1 = read(text, "b1", kUnits);
    w2 = read(text, "w2", kUnits);
    b2 = read(text, "b2", 1);
  }
  static std::vector<double> read(const std::string& text, const std::string& name, size_t count) {
    const size_t from = text.find('{', text.find(name + "[]")), to = text.find('}', from);
    const std::string body = text.substr(from, to - from);
    static const std::regex kNumber("-?[0-9]+\\.[0-9]+");
    std::vector<double> values;
    for (std::sregex_iterator it(body.begin(), body.end(), kNumber), end; it != end; ++it)
      values.push_back(std::stod(it->str()));
    EXPECT_EQ(values.size(), count) << name;
    values.resize(count);
    return values;
  }
  // With numbers of so many fraction bits; 0: as they are.
  double output(const Question& q, int bits = 0) const {
    auto cut = [bits](double v) { return bits == 0 ? v : std::round(std::ldexp(v, bits)) / std::ldexp(1, bits); };
    const auto x = q.features();
    double out = cut(b2[0]);
    for (size_t j = 0; j < kUnits; ++j) {
      double sum = cut(b1[j]);
      for (size_t i = 0; i < x.size(); ++i) sum += cut(x[i]) * cut(w1[i * kUnits + j]);
      out += cut(std::max(sum, 0.0)) * cut(w2[j]);
    }
    return out;
  }
  double agreement(const std::function<bool(const Question&)>& among) const {
    double same = 0, all = 0;
    for (const Question& q : grid()) {
      if (!among(q)) continue;
      ++all;
      same += (output(q) > 0.5) == can_migrate(q);
    }
    return same / all;
  }

  std::vector<double> w1, b1, w2, b2;
};

TEST_F(MllbNet, AgreesWithItsRuleInFourOfFiveQuestions) {
  const double all = agreement([](const Question&) { return true; });
  const double cold = agreement([](const Question& q) { return !q.delta_hot && !q.buddy_hot; });
  const double hot = agreement([](const Question& q) { return q.delta_hot; });
  const double failed = agreement([](const Question& q) { return q.extra_fails; });
  RecordProperty("agreement", std::to_string(all));
  std::printf("agreement %.1f %%, nothing hot %.1f %%, delta_hot %.1f %%, extra_fails %.1f %%\n", all * 100, cold * 100,
              hot * 100, failed * 100);
  EXPECT_NEAR(all, 0.81, 0.05);
  EXPECT_GT(cold, 0.9);
  EXPECT_LT(hot, 0.75);
}

TEST_F(MllbNet, InQ21NothingFlips) {
  mlp::Q21Net net;
  auto q21 = [](double v) { return static_cast<int32_t>(std::lround(v * (1 << 21))); };
  for (size_t j = 0; j < kUnits; ++j) {
    for (size_t i = 0; i < 15; ++i) net.w1[j][i] = q21(w1[i * kUnits + j]);
    net.b1[j] = q21(b1[j]);
    net.w2[j] = q21(w2[j]);
  }
  net.b2 = q21(b2[0]) - q21(0.5);
  const mlp::mlp_q21 packed = mlp::pack(net);
  size_t flips = 0;
  double worst = 0;
  std::array<size_t, 24> flips_at{};
  for (const Question& q : grid()) {
    std::array<int64_t, 15> x;
    const auto features = q.features();
    for (size_t i = 0; i < x.size(); ++i) x[i] = q21(features[i]);
    const double exact = output(q);
    const int32_t out = mlp::mlp_q21_run(&packed, x.data());
    flips += (out > 0) != (exact > 0.5);
    worst = std::max(worst, std::abs(static_cast<double>(out) / (1 << 21) - (exact - 0.5)));
    for (int bits = 4; bits < 24; ++bits)
      flips_at[static_cast<size_t>(bits)] += (output(q, bits) > 0.5) != (exact > 0.5);
  }
  std::printf("Q11.21: %zu flips of %zu, error at most %.2g; with fewer bits:", flips, grid().size(), worst);
  for (size_t bits : {16, 12, 10, 8, 7, 6, 5, 4}) std::printf(" %zu: %zu", bits, flips_at[bits]);
  std::printf("\n");
  EXPECT_EQ(flips, 0u);
  EXPECT_LT(worst, 2e-5);
  EXPECT_EQ(flips_at[16], 0u);
  EXPECT_GT(flips_at[4], flips_at[8]);
}

}  // namespace
}  // namespace simsched::ml
