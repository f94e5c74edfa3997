// Black-box optimisation by asking and telling: an optimiser proposes points, is told their values, and proposes better
// ones. Values are only ever compared (CMA-ES) or scaled by their spread (ARS); lower is better.
//
// What it proposes follows from its seed and what it was told, to the bit, on any computer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace simsched::search {

using Point = std::vector<double>;

struct Method {
  std::string name = "sep_cma_es";  // of optimizer_names()
  size_t population = 32;           // points a generation: even, at least 4
  double sigma = 0.3;               // standard deviation of the first steps; for "ars" of all
  uint64_t seed = 1;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // The points of this generation: pairs, mirrored at where it stands.
  virtual std::vector<Point> ask() const = 0;
  // Their values, in the same order.
  virtual void tell(std::span<const double> values) = 0;
  // Where it stands: the best guess.
  virtual const Point& mean() const = 0;
  virtual double sigma() const = 0;
  uint64_t generation() const { return generation_; }

  // All that changes, for checkpoints. load() says whether the numbers can be those of such an optimiser.
  std::vector<double> save() const;
  bool load(uint64_t generation, std::span<const double> numbers);

 protected:
  virtual std::vector<Point*> state() = 0;
  uint64_t generation_ = 0;
};

// sep_cma_es, cma_es, ars
const std::vector<std::string>& optimizer_names();
std::unique_ptr<Optimizer> make_optimizer(const Method& method, Point start);

}  // namespace simsched::search
