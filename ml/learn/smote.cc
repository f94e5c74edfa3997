#include "ml/learn/smote.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/rng.h"

namespace simsched::ml {
namespace {

constexpr std::array<size_t, 2> kNominal = {FEATURE_HOME, FEATURE_SITE};
constexpr uint32_t kLeaf = 16;

bool nominal(size_t feature) { return std::ranges::find(kNominal, feature) != kNominal.end(); }

using Point = std::array<float, FEATURES>;

// The nearest of some points: a k-d tree over those inputs that are continuous.
class Neighbours {
 public:
  explicit Neighbours(std::vector<Point> points) : points_(std::move(points)) {
    order_.resize(points_.size());
    std::iota(order_.begin(), order_.end(), 0u);
    build(0, static_cast<uint32_t>(order_.size()));
  }

  // Of point i, nearest first. Without itself.
  std::vector<uint32_t> of(uint32_t i) const {
    Search search{i, {}};
    visit(0, search);
    std::vector<uint32_t> found;
    for (const Near& near : search.found) found.push_back(near.point);
    return found;
  }

 private:
  struct Node {
    uint32_t begin, end;  // of order_
    uint32_t above = 0;   // the node of those at or above `at`; that of those below follows at once. 0: a leaf
    size_t feature = 0;
    float at = 0;
  };
  struct Near {
    float distance;
    uint32_t point;
    auto operator<=>(const Near&) const = default;
  };
  struct Search {
    uint32_t point;
    std::vector<Near> found;  // sorted
    float farthest() const {
      return found.size() < kNeighbours ? std::numeric_limits<float>::infinity() : found.back().distance;
    }
  };

  uint32_t build(uint32_t begin, uint32_t end) {
    const auto number = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({begin, end});
    if (end - begin <= kLeaf) return leaf(number);
    size_t widest = 0;
    float width = 0;
    for (size_t f = 0; f < FEATURES; ++f) {
      if (nominal(f)) continue;
      float lo = points_[order_[begin]][f], hi = lo;
      for (uint32_t i = begin; i < end; ++i) {
        lo = std::min(lo, points_[order_[i]][f]);
        hi = std::max(hi, points_[order_[i]][f]);
      }
      if (hi - lo > width) width = hi - lo, widest = f;
    }
    if (width == 0) return leaf(number);  // all alike
    const auto from = order_.begin() + begin, to = order_.begin() + end, middle = from + (end - begin) / 2;
    auto less = [&](uint32_t a, uint32_t b) {
      return points_[a][widest] != points_[b][widest] ? points_[a][widest] < points_[b][widest] : a < b;
    };
    std::nth_element(from, middle, to, less);
    const float at = points_[*middle][widest];
    const auto cut = static_cast<uint32_t>(middle - order_.begin());
    build(begin, cut);
    const uint32_t above = build(cut, end);
    nodes_[number].above = above;
    nodes_[number].feature = widest;
    nodes_[number].at = at;
    return number;
  }

  // In an order that does not hang on how the library finds medians.
  uint32_t leaf(uint32_t number) {
    std::sort(order_.begin() + nodes_[number].begin, order_.begin() + nodes_[number].end);
    return number;
  }

  float distance(const Point& a, const Point& b) const {
    float sum = 0;
    for (size_t f = 0; f < FEATURES; ++f) {
      const float by = a[f] - b[f];
      sum += nominal(f) ? (by != 0 ? 1.0f : 0.0f) : by * by;
    }
    return sum;
  }

  void visit(uint32_t number, Search& search) const {
    const Node& node = nodes_[number];
    const Point& point = points_[search.point];
    if (node.above == 0) {
      for (uint32_t i = node.begin; i < node.end; ++i) {
        if (search.farthest() == 0) return;  // none is nearer
        if (order_[i] == search.point) continue;
        const Near near{distance(point, points_[order_[i]]), order_[i]};
        if (near.distance >= search.farthest()) continue;
        search.found.insert(std::ranges::upper_bound(search.found, near), near);
        if (search.found.size() > kNeighbours) search.found.pop_back();
      }
      return;
    }
    const float by = point[node.feature] - node.at;
    visit(by < 0 ? number + 1 : node.above, search);
    if (by * by < search.farthest()) visit(by < 0 ? node.above : number + 1, search);
  }

  const std::vector<Point> points_;
  std::vector<uint32_t> order_;
  std::vector<Node> nodes_;
};

// Standard deviations within the rarer class.
std::array<double, FEATURES> deviations(const Dataset& data, const std::vector<uint32_t>& rows) {
  std::array<double, FEATURES> result{};
  for (size_t f = 0; f < FEATURES; ++f) {
    uint64_t sum = 0, squares = 0;
    for (uint32_t row : rows) {
      const uint64_t v = data.inputs[f][row];
      sum += v;
      squares += v * v;
    }
    const auto n = static_cast<double>(rows.size());
    const double mean = static_cast<double>(sum) / n;
    result[f] = std::sqrt(std::max(static_cast<double>(squares) / n - mean * mean, 0.0));
  }
  return result;
}

}  // namespace

Dataset smote(Dataset data, uint64_t seed) {
  const auto [stay, move] = data.count();
  const uint8_t rare = move < stay ? 1 : 0;
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < data.rows(); ++i)
    if (data.moves[i] == rare) rows.push_back(static_cast<uint32_t>(i));
  if (rows.empty()) return data;
  const size_t missing = std::max(stay, move) - rows.size();

  const std::array<double, FEATURES> deviation = deviations(data, rows);
  std::vector<Point> points(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t f = 0; f < FEATURES; ++f) {
      const double unit = nominal(f) || deviation[f] == 0 ? 1 : deviation[f];
      points[i][f] = static_cast<float>(data.inputs[f][rows[i]] / unit);
    }
  }
  const Neighbours neighbours(std::move(points));

  Rng rng(seed);
  for (size_t n = 0; n < missing; ++n) {
    const auto i = static_cast<uint32_t>(rng.below(rows.size()));
    const std::vector<uint32_t> near = neighbours.of(i);
    mlp::Features made = data.row(rows[i]);
    const uint64_t step = rng.below(65536);
    if (!near.empty()) {
      const uint32_t other = rows[near[rng.below(near.size())]];
      for (size_t f = 0; f < FEATURES; ++f) {
        if (!nominal(f)) {
          const int64_t from = made[f], by = (int64_t{data.inputs[f][other]} - from) * static_cast<int64_t>(step);
          made[f] = static_cast<uint16_t>(from + (by + 32768) / 65536);
          continue;
        }
        std::vector<uint16_t> votes;
        for (uint32_t neighbour : near) votes.push_back(data.inputs[f][rows[neighbour]]);
        auto count = [&](uint16_t v) { return std::ranges::count(votes, v); };
        made[f] = *std::ranges::max_element(votes, [&](uint16_t a, uint16_t b) { return count(a) < count(b); });
      }
    }
    data.add(made, rare != 0, data.origin[rows[i]]);
  }
  return data;
}

}  // namespace simsched::ml
