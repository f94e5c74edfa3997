// Augmented random search (Mania, Guy, Recht 2018): a step along the mean of the best directions, weighted by how much
// better one side was than the other, over the spread of all values. The inputs of a model are scaled to its ranges,
// which is what its second form (V2) adds; only the better half of the directions counts (the t of V2-t).
#pragma once

#include "ml/search/optimizer.h"

namespace simsched::search {

class Ars final : public Optimizer {
 public:
  Ars(const Method& method, Point start)
      : population_(method.population), seed_(method.seed), noise_(method.sigma), mean_(std::move(start)) {}

  std::vector<Point> ask() const override;
  void tell(std::span<const double> values) override;
  const Point& mean() const override { return mean_; }
  double sigma() const override { return noise_; }

 private:
  std::vector<Point*> state() override { return {&mean_}; }
  Point direction(size_t pair) const;

  const size_t population_;
  const uint64_t seed_;
  const double noise_;
  Point mean_;
};

}  // namespace simsched::search
