#include "ml/learn/as_in_the_talk.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace simsched::ml::talk {

Say gate(double p, double threshold, Form form) {
  const double confidence = form == Form::kTalk ? p : std::abs(2 * p - 1);
  if (!(confidence > threshold)) return Say::kAskHeuristic;
  return (form == Form::kTalk ? confidence : p) > 0.5 ? Say::kMove : Say::kStay;
}

double sigmoid(double z, Form form) {
  return form == Form::kTalk ? std::clamp(0.2 * z + 0.5, 0.0, 1.0) : 1 / (1 + std::exp(-z));
}

int32_t fixed_multiply(int32_t a, int32_t b, Form form) {
  const int64_t product = int64_t{a} * b;
  if (form == Form::kTalk) return static_cast<int32_t>(static_cast<uint32_t>(product >> 21));
  const int64_t rounded = (product + (1 << 20)) >> 21;
  return static_cast<int32_t>(
      std::clamp<int64_t>(rounded, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

double cache_affinity(bool l1, bool l2, bool l3, Form form) {
  if (form == Form::kTalk) return l1 ? 1.0 : l3 ? 0.8 : l2 ? 0.6 : 0.0;
  return l1 ? 1.0 : l2 ? 0.8 : l3 ? 0.6 : 0.0;
}

double load_imbalance(uint64_t src, uint64_t dst, Form form) {
  const auto sum = static_cast<double>(src + dst);
  if (form == Form::kTalk) return static_cast<double>(src - dst) / sum;  // abs() of what is never negative
  return sum == 0 ? 0 : static_cast<double>(std::max(src, dst) - std::min(src, dst)) / sum;
}

}  // namespace simsched::ml::talk
