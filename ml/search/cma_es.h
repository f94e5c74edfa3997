// CMA-ES: a normal distribution moves to where the better half of its samples were, and takes on their shape (Hansen,
// "The CMA Evolution Strategy: A Tutorial", 2016, whose names and constants these are). Two forms: with all
// covariances, and with variances alone (sep-CMA-ES; Ros and Hansen 2008), which learns faster and has n numbers
// instead of n^2.
//
// Samples come in mirrored pairs, of which the better one counts (Auger, Brockhoff, Hansen 2011: counting both would
// make the step size shrink by itself). The full form samples by a Cholesky factor instead of the symmetric root, as
// Krause, Arbones and Igel 2016 do: the step-size path is as good in the coordinates of the samples.
#pragma once

#include "ml/search/optimizer.h"

namespace simsched::search {

class CmaEs final : public Optimizer {
 public:
  CmaEs(const Method& method, Point start, bool full);

  std::vector<Point> ask() const override;
  void tell(std::span<const double> values) override;
  const Point& mean() const override { return mean_; }
  double sigma() const override { return sigma_[0]; }

 private:
  std::vector<Point*> state() override { return {&mean_, &sigma_, &path_, &sigma_path_, &covariance_, &factor_}; }
  Point sample(size_t pair) const;          // of the standard normal distribution
  Point transformed(const Point& z) const;  // to the covariance
  void update_covariance(const std::vector<Point>& steps, double spread);
  void factorise();
  double& covariance(size_t row, size_t column) { return covariance_[row * mean_.size() + column]; }

  const size_t population_;
  const uint64_t seed_;
  const bool full_;
  std::vector<double> weights_;
  double mu_eff_, c_sigma_, damping_, c_c_, c_1_, c_mu_, chi_;

  Point mean_, sigma_, path_, sigma_path_;
  Point covariance_, factor_;  // full: by rows, of which the lower triangle counts; else the variances and their roots
};

}  // namespace simsched::search
