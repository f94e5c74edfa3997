#include "ml/search/cma_es.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

double squared_length(const Point& v) { return std::inner_product(v.begin(), v.end(), v.begin(), 0.0); }

}  // namespace

CmaEs::CmaEs(const Method& method, Point start, bool full)
    : population_(method.population), seed_(method.seed), full_(full), mean_(std::move(start)), sigma_{method.sigma} {
  const size_t size = mean_.size();
  const auto n = static_cast<double>(size);
  // Of the winners of pairs, the better half.
  const size_t mu = std::max<size_t>(1, population_ / 4);
  for (size_t i = 0; i < mu; ++i)
    weights_.push_back(exact_log(static_cast<double>(mu) + 0.5) - exact_log(static_cast<double>(i + 1)));
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& w : weights_) w /= sum;
  mu_eff_ = 1 / squared_length(weights_);
  c_sigma_ = (mu_eff_ + 2) / (n + mu_eff_ + 5);
  damping_ = 1 + 2 * std::max(0.0, std::sqrt((mu_eff_ - 1) / (n + 1)) - 1) + c_sigma_;
  c_c_ = (4 + mu_eff_ / n) / (n + 4 + 2 * mu_eff_ / n);
  const double faster = full_ ? 1 : (n + 2) / 3;  // there is less to learn
  c_1_ = std::min(1.0, faster * 2 / ((n + 1.3) * (n + 1.3) + mu_eff_));
  c_mu_ = std::min(1 - c_1_, faster * 2 * (mu_eff_ - 2 + 1 / mu_eff_) / ((n + 2) * (n + 2) + mu_eff_));
  c_mu_ = std::max(c_mu_, 0.0);
  chi_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

  path_.assign(size, 0);
  sigma_path_.assign(size, 0);
  covariance_.assign(full_ ? size * size : size, full_ ? 0 : 1);
  if (full_)
    for (size_t i = 0; i < size; ++i) covariance(i, i) = 1;
  factor_ = covariance_;
}

Point CmaEs::sample(size_t pair) const {
  Rng rng = Rng(seed_).split(generation_).split(pair);
  Point z(mean_.size());
  for (double& v : z) v = normal(rng);
  return z;
}

Point CmaEs::transformed(const Point& z) const {
  Point y(z.size());
  for (size_t i = 0; i < y.size(); ++i) {
    if (!full_) {
      y[i] = factor_[i] * z[i];
      continue;
    }
    const double* row = &factor_[i * y.size()];
    for (size_t j = 0; j <= i; ++j) y[i] += row[j] * z[j];
  }
  return y;
}

std::vector<Point> CmaEs::ask() const {
  std::vector<Point> points;
  for (size_t pair = 0; pair < population_ / 2; ++pair) {
    const Point step = transformed(sample(pair));
    for (double side : {1.0, -1.0}) {
      Point& point = points.emplace_back(mean_);
      for (size_t i = 0; i < point.size(); ++i) point[i] += side * sigma_[0] * step[i];
    }
  }
  return points;
}

void CmaEs::tell(std::span<const double> values) {
  SIMSCHED_CHECK(values.size() == population_, "a value for each point");
  struct Winner {
    size_t pair;
    double side, value;
  };
  std::vector<Winner> winners;
  for (size_t pair = 0; pair < population_ / 2; ++pair) {
    const bool first = values[2 * pair] <= values[2 * pair + 1];
    winners.push_back({pair, first ? 1.0 : -1.0, values[2 * pair + (first ? 0 : 1)]});
  }
  std::ranges::stable_sort(winners, {}, &Winner::value);

  Point z(mean_.size());
  std::vector<Point> steps;
  for (size_t i = 0; i < weights_.size(); ++i) {
    Point draw = sample(winners[i].pair);
    for (double& v : draw) v *= winners[i].side;
    for (size_t k = 0; k < z.size(); ++k) z[k] += weights_[i] * draw[k];
    steps.push_back(transformed(draw));
  }
  const Point y = transformed(z);
  for (size_t k = 0; k < mean_.size(); ++k) mean_[k] += sigma_[0] * y[k];

  const double keep = std::sqrt(c_sigma_ * (2 - c_sigma_) * mu_eff_);
  for (size_t k = 0; k < z.size(); ++k) sigma_path_[k] = (1 - c_sigma_) * sigma_path_[k] + keep * z[k];
  const auto n = static_cast<double>(mean_.size());
  double forgotten = 1;  // (1 - c)^(2 (g + 1)): the path's length is short at first
  for (uint64_t g = 0; g <= std::min<uint64_t>(generation_, 10000); ++g) forgotten *= (1 - c_sigma_) * (1 - c_sigma_);
  const double length = squared_length(sigma_path_);
  // While the step size grows fast the other path waits.
  const bool steady = length / (1 - forgotten) < (2 + 4 / (n + 1)) * n;
  for (size_t k = 0; k < y.size(); ++k)
    path_[k] = (1 - c_c_) * path_[k] + (steady ? std::sqrt(c_c_ * (2 - c_c_) * mu_eff_) * y[k] : 0);
  update_covariance(steps, steady ? 0 : c_c_ * (2 - c_c_));
  sigma_[0] *= exp(std::min(1.0, c_sigma_ / damping_ * (std::sqrt(length) / chi_ - 1)));
  ++generation_;
}

// `lost`: the part of the variance that the path did not take up.
void CmaEs::update_covariance(const std::vector<Point>& steps, double lost) {
  const size_t size = mean_.size();
  const double keep = 1 - c_1_ - c_mu_ + c_1_ * lost;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = full_ ? 0 : i; j <= i; ++j) {
      double& c = full_ ? covariance(i, j) : covariance_[i];
      double rank_mu = 0;
      for (size_t s = 0; s < steps.size(); ++s) rank_mu += weights_[s] * steps[s][i] * steps[s][j];
      c = keep * c + c_1_ * path_[i] * path_[j] + c_mu_ * rank_mu;
    }
  }
  factorise();
}

// C = A A^T. What rounding makes of a variance never becomes 0.
void CmaEs::factorise() {
  const size_t size = mean_.size();
  constexpr double kLeast = 1e-20;
  if (!full_) {
    for (size_t i = 0; i < size; ++i) factor_[i] = std::sqrt(std::max(covariance_[i], kLeast));
    return;
  }
  for (size_t i = 0; i < size; ++i) {
    double* row = &factor_[i * size];
    for (size_t j = 0; j <= i; ++j) {
      const double* other = &factor_[j * size];
      double rest = covariance(i, j);
      for (size_t k = 0; k < j; ++k) rest -= row[k] * other[k];
      row[j] = i == j ? std::sqrt(std::max(rest, kLeast)) : rest / other[j];
    }
  }
}

}  // namespace simsched::search
