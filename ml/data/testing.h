// Datasets for tests.
#pragma once

#include "base/rng.h"
#include "ml/data/dataset.h"

namespace simsched::ml::testing {

// Decisions of `groups` runs, which say something of the inputs: a task goes from a longer queue to a shorter one,
// unless its caches are warm; one decision of 16 is otherwise.
inline Dataset some_decisions(size_t rows, uint64_t seed = 1, size_t groups = 8) {
  Rng rng(seed);
  Dataset data;
  for (size_t g = 0; g < groups; ++g) data.origins.push_back({"made-up", "m" + std::to_string(g), "eevdf", g});
  for (size_t i = 0; i < rows; ++i) {
    mlp::Features f;
    for (size_t n = 0; n < FEATURES; ++n) {
      constexpr mlp::Ranges kRanges = mlp::kFeatureRanges;
      f[n] = static_cast<uint16_t>(rng.between(kRanges.lo[n], kRanges.hi[n]));
    }
    const bool moves = f[FEATURE_SRC_QUEUE] > f[FEATURE_DST_QUEUE] && f[FEATURE_COLD] > 140;
    const size_t group = rng.below(groups);  // in a line of its own: arguments have no order
    const bool wrong = rng.below(16) == 0;
    data.add(f, moves != wrong, group);
  }
  return data;
}

}  // namespace simsched::ml::testing
