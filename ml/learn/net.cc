#include "ml/learn/net.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "ml/learn/exact_math.h"

namespace simsched::ml {
namespace {

using Eigen::Index;

constexpr Index kBlock = 1024;  // decisions at a time where nothing is learned
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

// Rows of a layer's output: its units, the 1 for the next layer, and zeros up to whole vectors.
Index padded(int units) { return (units + 1 + 3) / 4 * 4; }

// Block sizes of products, and with them the order of sums, hang on the sizes of caches, unless these are told.
void fix_order_of_sums() {
  [[maybe_unused]] static const bool once = [] {
    Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 2 << 20);
    return true;
  }();
}

template <class Of>
void each(Matrix& m, Of of) {
  float* const values = m.data();
  const Index size = m.size();
  for (Index i = 0; i < size; ++i) values[i] = of(values[i]);
}

void activate(Matrix& m, Activation activation, int units) {
  if (activation == Activation::kRelu)
    each(m, [](float v) { return v > 0 ? v : 0.0f; });
  else
    each(m, tanh_of);
  m.row(units).setOnes();
}

// All that training a net needs.
class Trainer {
 public:
  Trainer(const Examples& examples, const NetShape& shape, const FitOptions& options)
      : examples_(examples), options_(options), rng_(options.seed) {
    net_.shape = shape;
    Index inputs = kInputRows;
    int from = FEATURES;
    for (size_t l = 0; l <= shape.hidden.size(); ++l) {
      const bool last = l == shape.hidden.size();
      const int to = last ? 1 : shape.hidden[l];
      Matrix& w = net_.layers.emplace_back(Matrix::Zero(last ? 1 : padded(to), inputs));
      const float bound = std::sqrt(6.0f / static_cast<float>(from + to));
      for (int j = 0; j < to; ++j)
        for (int i = 0; i <= from; ++i) w(j, i) = bound * (static_cast<float>(rng_.next() >> 40) * 0x1p-23f - 1.0f);
      gradients_.emplace_back(w.rows(), w.cols());
      first_.push_back(Matrix::Zero(w.rows(), w.cols()));
      second_.push_back(Matrix::Zero(w.rows(), w.cols()));
      inputs = w.rows();
      from = to;
    }
    values_.resize(net_.layers.size() + 1);
    split();
  }

  const Net& net() const { return net_; }
  bool holds_back() const { return !held_back_.empty(); }

  void epoch() {
    shuffle(rows_);
    const auto batch = static_cast<size_t>(options_.batch);
    for (size_t at = 0; at < rows_.size(); at += batch)
      learn(std::span(rows_).subspan(at, std::min(batch, rows_.size() - at)));
  }

  // The share of those held back that it decides as they were decided.
  double accuracy() {
    size_t right = 0;
    for (size_t at = 0; at < held_back_.size(); at += kBlock) {
      const auto rows = std::span(held_back_).subspan(at, std::min<size_t>(kBlock, held_back_.size() - at));
      gather(rows);
      forward();
      for (Index i = 0; i < y_.size(); ++i) right += (values_.back()(0, i) > 0) == (y_(i) > 0);
    }
    return static_cast<double>(right) / static_cast<double>(held_back_.size());
  }

 private:
  void shuffle(std::vector<Index>& rows) {
    for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[rng_.below(i)]);
  }

  void split() {
    rows_.resize(static_cast<size_t>(examples_.size()));
    std::iota(rows_.begin(), rows_.end(), Index{0});
    shuffle(rows_);
    const auto held = static_cast<std::ptrdiff_t>(static_cast<double>(rows_.size()) * options_.held_back);
    held_back_.assign(rows_.begin(), rows_.begin() + held);
    rows_.erase(rows_.begin(), rows_.begin() + held);
  }

  void gather(std::span<const Index> rows) {
    const auto n = static_cast<Index>(rows.size());
    values_[0].resize(kInputRows, n);
    y_.resize(n);
    weight_.resize(n);
    for (Index i = 0; i < n; ++i) {
      const Index row = rows[static_cast<size_t>(i)];
      values_[0].col(i) = examples_.x.col(row);
      y_(i) = examples_.y(row);
      weight_(i) = examples_.weight(row);
    }
  }

  void forward() {
    for (size_t l = 0; l < net_.layers.size(); ++l) {
      values_[l + 1].noalias() = net_.layers[l] * values_[l];
      if (l + 1 < net_.layers.size()) activate(values_[l + 1], net_.shape.activation, net_.shape.hidden[l]);
    }
  }

  // By how much the loss grows with the logits.
  void differentiate_loss() {
    const Index n = y_.size();
    const Matrix& z = values_.back();
    delta_.resize(1, n);
    if (options_.loss == Loss::kLogistic) {
      for (Index i = 0; i < n; ++i) delta_(0, i) = (sigmoid_of(z(0, i)) - y_(i)) * weight_(i);
    } else {
      for (Index i = 0; i < n; ++i) {
        const float sign = 2 * y_(i) - 1, short_by = 1 - sign * z(0, i);
        delta_(0, i) = short_by > 0 ? -2 * sign * short_by * weight_(i) : 0.0f;
      }
    }
  }

  void learn(std::span<const Index> rows) {
    gather(rows);
    forward();
    differentiate_loss();
    const float share = 1 / static_cast<float>(rows.size());
    for (size_t l = net_.layers.size(); l-- > 0;) {
      gradients_[l].noalias() = delta_ * values_[l].transpose();
      if (l > 0) {
        below_.noalias() = net_.layers[l].transpose() * delta_;
        const Matrix& a = values_[l];
        if (net_.shape.activation == Activation::kRelu)
          below_.array() *= (a.array() > 0).cast<float>();
        else
          below_.array() *= 1 - a.array() * a.array();
        below_.bottomRows(below_.rows() - net_.shape.hidden[l - 1]).setZero();
      }
      step(l, share);
      if (l > 0) delta_.swap(below_);
    }
    power1_ *= kBeta1;
    power2_ *= kBeta2;
  }

  void step(size_t l, float share) {
    Matrix& w = net_.layers[l];
    const auto l2 = static_cast<float>(options_.l2);
    // Biases, in the column after the last unit of the layer before, are not pulled to zero.
    const Index units = l == 0 ? FEATURES : net_.shape.hidden[l - 1];
    gradients_[l].leftCols(units) += l2 * w.leftCols(units);
    const auto correction = static_cast<float>(std::sqrt(1 - power2_ * kBeta2) / (1 - power1_ * kBeta1));
    const float rate = static_cast<float>(options_.learning_rate) * correction;
    constexpr auto b1 = static_cast<float>(kBeta1), b2 = static_cast<float>(kBeta2), e = static_cast<float>(kEpsilon);
    float *weights = w.data(), *m = first_[l].data(), *v = second_[l].data();
    const float* gradient = gradients_[l].data();
    for (Index i = 0; i < w.size(); ++i) {
      const float g = gradient[i] * share;
      m[i] = b1 * m[i] + (1 - b1) * g;
      v[i] = b2 * v[i] + (1 - b2) * g * g;
      weights[i] -= rate * m[i] / (std::sqrt(v[i]) + e);
    }
  }

  const Examples& examples_;
  const FitOptions& options_;
  Rng rng_;
  Net net_;
  std::vector<Matrix> gradients_, first_, second_;
  double power1_ = 1, power2_ = 1;
  std::vector<Index> rows_, held_back_;
  std::vector<Matrix> values_;  // of the batch: its inputs, then what each layer makes of them
  Matrix delta_, below_;
  Vector y_, weight_;
};

}  // namespace

size_t NetShape::parameters() const {
  size_t sum = 0, from = FEATURES;
  for (int units : hidden) {
    sum += (from + 1) * static_cast<size_t>(units);
    from = static_cast<size_t>(units);
  }
  return sum + from + 1;
}

std::string NetShape::text() const {
  std::string text = std::to_string(FEATURES);
  for (int units : hidden) text += '-' + std::to_string(units);
  return text + "-1" + (hidden.empty() ? "" : activation == Activation::kRelu ? " relu" : " tanh");
}

Vector Net::logits(const Matrix& x) const {
  fix_order_of_sums();
  Vector logits(x.cols());
  Matrix in, out;
  for (Index at = 0; at < x.cols(); at += kBlock) {
    const Index n = std::min(kBlock, x.cols() - at);
    in = x.middleCols(at, n);
    for (size_t l = 0; l < layers.size(); ++l) {
      out.noalias() = layers[l] * in;
      if (l + 1 < layers.size()) activate(out, shape.activation, shape.hidden[l]);
      in.swap(out);
    }
    logits.segment(at, n) = in.row(0).transpose();
  }
  return logits;
}

std::vector<Net> fit_net(const Examples& examples, const NetShape& shape, const FitOptions& options,
                         std::span<const int> epochs) {
  fix_order_of_sums();
  SIMSCHED_CHECK(std::ranges::is_sorted(epochs) && !epochs.empty() && epochs.front() > 0, "epochs that rise");
  Trainer trainer(examples, shape, options);
  std::vector<Net> nets;
  Net best = trainer.net();
  double best_accuracy = -1;
  int without_gain = 0;
  bool ended = false;
  for (int epoch = 1, next = 0; next < static_cast<int>(epochs.size()); ++epoch) {
    if (!ended) {
      trainer.epoch();
      const double accuracy = trainer.holds_back() ? trainer.accuracy() : 0;
      without_gain = accuracy > best_accuracy + options.least_gain ? 0 : without_gain + 1;
      if (accuracy > best_accuracy || !trainer.holds_back()) {
        best_accuracy = accuracy;
        best = trainer.net();
      }
      ended = trainer.holds_back() && without_gain >= options.patience;
    }
    while (next < static_cast<int>(epochs.size()) && (ended || epoch >= epochs[static_cast<size_t>(next)])) {
      nets.push_back(best);
      ++next;
    }
  }
  return nets;
}

}  // namespace simsched::ml
