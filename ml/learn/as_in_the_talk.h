// Formulas of the talk that simsched's learned policies began with, as it shows them, and beside each what is used
// instead. Tests show where they differ; nothing else uses the first of a pair.
#pragma once

#include <cstdint>

namespace simsched::ml::talk {

// `corrected` or as in the talk.
enum class Form { kTalk, kCorrected };

enum class Say { kStay, kMove, kAskHeuristic };

// Whether to believe a probability. The talk compares the probability of moving itself with the threshold, so that a
// model that is sure to stay is never believed; corrected, it is how far the probability is from a half, |2p - 1|.
Say gate(double probability, double threshold, Form form);

// From a logit to a probability. The talk's has a slope of 0.2 and ends at +-2.5: 0.076 off there, and flat beyond.
double sigmoid(double logit, Form form);

// The product of two Q11.21 numbers. The talk's wraps where it does not fit; corrected, it is the nearest that does,
// and rounded, not floored.
int32_t fixed_multiply(int32_t a, int32_t b, Form form);

// How near two CPUs are by the caches that they share, larger is nearer. The talk asks for the L3 before the L2, which
// a machine whose L2 lies within an L3 never gets to.
double cache_affinity(bool shares_l1, bool shares_l2, bool shares_l3, Form form);

// How unlike two loads are, of their sum. The talk's difference is unsigned, and divided by 0 where both are idle.
double load_imbalance(uint64_t src, uint64_t dst, Form form);

}  // namespace simsched::ml::talk
