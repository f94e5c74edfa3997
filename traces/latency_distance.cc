#include "traces/latency_distance.h"

#include <algorithm>
#include <cmath>

namespace simsched {

int64_t latency_distance_ppm(const std::vector<Nanos>& a, const std::vector<Nanos>& b) {
  constexpr Nanos kFloor{500};
  auto log_at = [&](const std::vector<Nanos>& list, size_t i) {
    return std::log(static_cast<double>((list.empty() ? kFloor : std::max(list[i], kFloor)).count()));
  };
  const size_t n = std::max<size_t>(a.size(), 1), m = std::max<size_t>(b.size(), 1);
  // Both are stairs, with a step every 1/n and every 1/m. In units of 1/(n m) all is whole.
  double sum = 0;
  for (size_t i = 0, j = 0, at = 0; i < n && j < m;) {
    const size_t next = std::min((i + 1) * m, (j + 1) * n);
    sum += std::fabs(log_at(a, i) - log_at(b, j)) * static_cast<double>(next - at);
    at = next;
    if ((i + 1) * m == next) ++i;
    if ((j + 1) * n == next) ++j;
  }
  return std::llround(sum / (static_cast<double>(n) * static_cast<double>(m)) * 1e6);
}

}  // namespace simsched
