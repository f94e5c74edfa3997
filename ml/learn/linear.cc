#include "ml/learn/linear.h"

#include <Eigen/Cholesky>

namespace simsched::ml {

Net fit_least_squares(const Examples& examples, double ridge) {
  using Square = Eigen::Matrix<double, kInputRows, kInputRows>;
  using Column = Eigen::Matrix<double, kInputRows, 1>;
  Square a = Square::Identity() * (ridge * static_cast<double>(examples.size()));
  Column b = Column::Zero();
  for (Eigen::Index i = 0; i < examples.size(); ++i) {
    const Column x = examples.x.col(i).cast<double>();
    const auto weight = static_cast<double>(examples.weight(i));
    a += weight * x * x.transpose();
    b += weight * (2 * static_cast<double>(examples.y(i)) - 1) * x;
  }
  const Column w = a.ldlt().solve(b);
  Net net;
  net.layers.push_back(w.cast<float>().transpose());
  return net;
}

}  // namespace simsched::ml
