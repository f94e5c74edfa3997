#include "ml/search/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ml/search/ars.h"
#include "ml/search/cma_es.h"

namespace simsched::search {

std::vector<double> Optimizer::save() const {
  std::vector<double> numbers;
  for (const Point* part : const_cast<Optimizer*>(this)->state())
    numbers.insert(numbers.end(), part->begin(), part->end());
  return numbers;
}

bool Optimizer::load(uint64_t generation, std::span<const double> numbers) {
  size_t size = 0;
  for (const Point* part : state()) size += part->size();
  if (numbers.size() != size || !std::ranges::all_of(numbers, [](double v) { return std::isfinite(v); })) return false;
  for (Point* part : state()) {
    std::ranges::copy(numbers.first(part->size()), part->begin());
    numbers = numbers.subspan(part->size());
  }
  generation_ = generation;
  return true;
}

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> kNames = {"sep_cma_es", "cma_es", "ars"};
  return kNames;
}

std::unique_ptr<Optimizer> make_optimizer(const Method& method, Point start) {
  SIMSCHED_CHECK(method.population >= 4 && method.population % 2 == 0, "a population is even and not below 4");
  if (method.name == "ars") return std::make_unique<Ars>(method, std::move(start));
  SIMSCHED_CHECK(method.name == "cma_es" || method.name == "sep_cma_es", "no method " + method.name);
  return std::make_unique<CmaEs>(method, std::move(start), method.name == "cma_es");
}

}  // namespace simsched::search
