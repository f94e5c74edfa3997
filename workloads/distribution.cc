#include "workloads/distribution.h"

#include <algorithm>
#include <numeric>

#include "base/int128.h"

namespace simsched {

Distribution Distribution::of(std::vector<int64_t>& sample) {
  Distribution made;
  if (sample.empty()) return made;
  std::sort(sample.begin(), sample.end());
  Int128 sum = 0;
  for (int64_t value : sample) sum += value;
  made.mean = static_cast<int64_t>(sum / static_cast<Int128>(sample.size()));
  const size_t kept = std::min(sample.size(), kMost);
  if (kept < 2) return made;
  for (size_t i = 0; i < kept; ++i) made.quantiles.push_back(sample[i * (sample.size() - 1) / (kept - 1)]);
  return made;
}

int64_t Distribution::at(uint32_t rank) const {
  if (quantiles.size() < 2) return mean;
  const size_t steps = quantiles.size() - 1;
  const uint64_t place = static_cast<uint64_t>(rank) * steps;  // of 2^32 a step
  const size_t step = place >> 32;
  const Int128 low = quantiles[step], high = quantiles[step + 1];
  const Int128 value = low + (high - low) * static_cast<Int128>(place & UINT32_MAX) / (Int128{1} << 32);
  // Straight lines have another mean than the sample.
  Int128 twice_area = 0;
  for (size_t i = 0; i < steps; ++i) twice_area += Int128{quantiles[i]} + quantiles[i + 1];
  if (twice_area <= 0) return mean;
  return static_cast<int64_t>(value * mean * 2 * static_cast<Int128>(steps) / twice_area);
}

}  // namespace simsched
