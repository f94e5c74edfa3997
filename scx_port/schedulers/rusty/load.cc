#include "scx_port/schedulers/rusty/load.h"

#include <algorithm>

namespace simsched::rusty {
namespace {

constexpr Weight kTolerance = kOne / 10000;
constexpr int64_t kEqualWeight = 100;

Wide product(const WeightClass& c) { return Wide{c.weight} * c.duty; }

}  // namespace

std::optional<Weight> feasible_weight(std::vector<WeightClass> classes, size_t nr_cpus) {
  std::erase_if(classes, [](const WeightClass& c) { return c.duty <= 0; });
  if (classes.empty()) return {};
  std::ranges::sort(classes, std::ranges::greater{}, &WeightClass::weight);
  Wide rest = 0, cpus = Wide{static_cast<int64_t>(nr_cpus)} << kFracBits;  // load in 2^-40, CPUs in 2^-20
  for (const WeightClass& c : classes) rest += product(c);
  if (Wide{classes[0].weight} * cpus < rest) return {};

  // `cpus` stays positive: a class is only taken when its tasks need fewer CPUs than are left.
  for (size_t i = 0; i + 1 < classes.size(); ++i) {
    rest -= product(classes[i]);
    cpus -= classes[i].duty;
    if (cpus <= 0) return classes[i + 1].weight;
    auto lambda = static_cast<Weight>(std::min(rest / cpus, Wide{classes[0].weight}));
    if (lambda + kTolerance >= classes[i + 1].weight) return lambda;
  }
  return classes.back().weight;
}

Load Loads::of_task(uint32_t weight, Duty duty) const {
  if (!weighted) return load_of(weight_of(kEqualWeight), duty);
  Weight w = weight_of(weight);
  return load_of(max_weight ? std::min(w, *max_weight) : w, duty);
}

Loads domain_loads(const std::vector<Buckets>& domains, size_t nr_cpus, bool fully_utilized) {
  Loads loads;
  loads.weighted = fully_utilized;
  if (fully_utilized) {
    std::vector<WeightClass> classes(RUSTY_BUCKETS);
    for (size_t b = 0; b < RUSTY_BUCKETS; ++b) {
      classes[b] = {weight_of(bucket_weight(b)), 0};
      for (const Buckets& buckets : domains) classes[b].duty += buckets[b];
    }
    loads.max_weight = feasible_weight(std::move(classes), nr_cpus);
  }
  for (const Buckets& buckets : domains) {
    Load load = 0;
    for (size_t b = 0; b < RUSTY_BUCKETS; ++b)
      load += loads.of_task(static_cast<uint32_t>(bucket_weight(b)), buckets[b]);
    loads.by_domain.push_back(load);
    loads.total += load;
  }
  return loads;
}

}  // namespace simsched::rusty
