#include "ml/learn/tree.h"

#include <algorithm>
#include <numeric>

namespace simsched::ml {
namespace {

// Of values so many are told apart where more are there.
constexpr size_t kMostBins = 512;

// The values of an input as a few numbers, in order; what parts them.
struct Bins {
  std::vector<uint16_t> begins;  // the least value of each
  std::vector<uint16_t> of;      // by decision
};

Bins make_bins(const std::vector<uint16_t>& column) {
  std::vector<uint32_t> counts(65536);
  for (uint16_t v : column) ++counts[v];
  const auto distinct = static_cast<size_t>(std::ranges::count_if(counts, [](uint32_t c) { return c > 0; }));
  const size_t full = distinct <= kMostBins ? 1 : column.size() / kMostBins + 1;
  Bins bins;
  std::vector<uint16_t> number(65536);
  size_t in_bin = full;
  for (size_t v = 0; v < counts.size(); ++v) {
    if (counts[v] > 0 && in_bin >= full) {
      bins.begins.push_back(static_cast<uint16_t>(v));
      in_bin = 0;
    }
    in_bin += counts[v];
    number[v] = static_cast<uint16_t>(bins.begins.size() - (bins.begins.empty() ? 0 : 1));
  }
  bins.of.reserve(column.size());
  for (uint16_t v : column) bins.of.push_back(number[v]);
  return bins;
}

using AllBins = std::array<Bins, FEATURES>;

AllBins all_bins(const Dataset& data) {
  AllBins bins;
  for (size_t f = 0; f < FEATURES; ++f) bins[f] = make_bins(data.inputs[f]);
  return bins;
}

class Grower {
 public:
  Grower(const Dataset& data, const AllBins& bins, const TreeOptions& options, uint64_t seed)
      : data_(data), bins_(bins), options_(options), rng_(seed) {}

  DecisionTree grow(std::vector<uint32_t> rows) {
    rows_ = std::move(rows);
    tree_.nodes.emplace_back();
    grow(0, 0, rows_.size(), 0);
    return std::move(tree_);
  }

 private:
  using Counts = std::array<uint64_t, 2>;
  struct Split {
    double impurity;
    size_t input, bin;  // bins below it go to the left
  };

  double weight(const Counts& c) const {
    return options_.class_weight[0] * static_cast<double>(c[0]) + options_.class_weight[1] * static_cast<double>(c[1]);
  }
  // Times weight: 2 a b / (a + b) of the weights of both classes.
  double impurity(const Counts& c) const {
    const double a = options_.class_weight[0] * static_cast<double>(c[0]),
                 b = options_.class_weight[1] * static_cast<double>(c[1]);
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
  }

  void try_input(size_t input, size_t begin, size_t end, const Counts& all, Split& best) {
    const Bins& bins = bins_[input];
    if (bins.begins.size() < 2) return;
    counts_.assign(bins.begins.size(), Counts{});
    for (size_t i = begin; i < end; ++i) ++counts_[bins.of[rows_[i]]][data_.moves[rows_[i]]];
    Counts left{};
    for (size_t bin = 1; bin < counts_.size(); ++bin) {
      left[0] += counts_[bin - 1][0];
      left[1] += counts_[bin - 1][1];
      const Counts right = {all[0] - left[0], all[1] - left[1]};
      if (left[0] + left[1] < options_.least || right[0] + right[1] < options_.least) continue;
      const double sum = impurity(left) + impurity(right);
      if (sum < best.impurity) best = {sum, input, bin};
    }
  }

  void grow(size_t number, size_t begin, size_t end, int depth) {
    Counts all{};
    for (size_t i = begin; i < end; ++i) ++all[data_.moves[rows_[i]]];
    tree_.nodes[number].weight = static_cast<float>(weight(all));
    tree_.nodes[number].moves =
        weight(all) > 0 ? static_cast<float>(options_.class_weight[1] * static_cast<double>(all[1]) / weight(all)) : 0;
    if (depth == options_.depth || all[0] == 0 || all[1] == 0) return;
    Split best{impurity(all) * (1 - 1e-9), FEATURES, 0};
    for (size_t input : inputs()) try_input(input, begin, end, all, best);
    if (best.input == FEATURES) return;
    const auto from = rows_.begin() + static_cast<std::ptrdiff_t>(begin),
               to = rows_.begin() + static_cast<std::ptrdiff_t>(end);
    const std::vector<uint16_t>& bin = bins_[best.input].of;
    const auto middle = std::stable_partition(from, to, [&](uint32_t row) { return bin[row] < best.bin; });
    const auto cut = static_cast<size_t>(middle - rows_.begin());
    const size_t below = tree_.nodes.size();
    tree_.nodes.resize(below + 2);
    tree_.nodes[number].below = static_cast<uint32_t>(below);
    tree_.nodes[number].input = static_cast<uint8_t>(best.input);
    tree_.nodes[number].threshold = bins_[best.input].begins[best.bin];
    grow(below, begin, cut, depth + 1);
    grow(below + 1, cut, end, depth + 1);
  }

  std::vector<size_t> inputs() {
    std::vector<size_t> all;
    for (size_t f = 0; f < FEATURES; ++f)
      if (!options_.without[f]) all.push_back(f);
    if (options_.inputs == 0 || options_.inputs >= all.size()) return all;
    for (size_t i = 0; i < options_.inputs; ++i) std::swap(all[i], all[i + rng_.below(all.size() - i)]);
    all.resize(options_.inputs);
    return all;
  }

  const Dataset& data_;
  const AllBins& bins_;
  const TreeOptions& options_;
  Rng rng_;
  std::vector<uint32_t> rows_;
  std::vector<Counts> counts_;
  DecisionTree tree_;
};

}  // namespace

const DecisionTree::Node& DecisionTree::leaf(const mlp::Features& features) const {
  const Node* node = &nodes[0];
  while (node->below != 0) node = &nodes[node->below + (features[node->input] < node->threshold ? 0 : 1)];
  return *node;
}

int DecisionTree::depth() const {
  auto below = [&](auto&& self, uint32_t node) -> int {
    const uint32_t next = nodes[node].below;
    return next == 0 ? 0 : 1 + std::max(self(self, next), self(self, next + 1));
  };
  return below(below, 0);
}

DecisionTree fit_tree(const Dataset& data, const TreeOptions& options, uint64_t seed) {
  std::vector<uint32_t> rows(data.rows());
  std::iota(rows.begin(), rows.end(), 0u);
  return Grower(data, all_bins(data), options, seed).grow(std::move(rows));
}

float Forest::share(const mlp::Features& features) const {
  float sum = 0;
  for (const DecisionTree& tree : trees) sum += tree.share(features);
  return sum / static_cast<float>(trees.size());
}

Forest fit_forest(const Dataset& data, TreeOptions options, size_t trees, uint64_t seed) {
  options.inputs = 4;
  const AllBins bins = all_bins(data);
  const Rng rng(seed);
  Forest forest;
  for (size_t t = 0; t < trees; ++t) {
    Rng drawn = rng.split(t);
    std::vector<uint32_t> rows(data.rows());
    for (uint32_t& row : rows) row = static_cast<uint32_t>(drawn.below(data.rows()));
    std::ranges::sort(rows);  // near to each other in memory
    forest.trees.push_back(Grower(data, bins, options, drawn.next()).grow(std::move(rows)));
  }
  return forest;
}

}  // namespace simsched::ml
