#include "ml/search/warm_start.h"

#include <gtest/gtest.h>

namespace simsched::search {
namespace {

TEST(WarmStart, FitsWhatCanBeFitted) {
  Rng rng(1);
  std::vector<ml::Rollout> rows(2000);
  for (ml::Rollout& row : rows) {
    for (uint16_t& v : row.features) v = static_cast<uint16_t>(rng.below(256));
    row.outcome = 0.01 * (row.features[2] / 255.0 - row.features[7] / 255.0);
  }
  for (ModelKind kind : {ModelKind::kLinear, ModelKind::kNet}) {
    const Shape shape{kind, mlp::kBytes, 64, 1};
    const mlp::mlp_model model = model_of(fitted(rows, shape, first_point(kind, 1)), shape, 1).model;
    int right = 0;
    for (const ml::Rollout& row : rows) right += (mlp::logit(model, row.features) > 0) == (row.outcome > 0);
    EXPECT_GT(right, kind == ModelKind::kLinear ? 1900 : 1500);
  }
}

TEST(WarmStart, OfNothingIsWhereItWas) {
  const Shape shape{ModelKind::kNet, mlp::kBytes, 64, 1};
  const Point first = first_point(ModelKind::kNet, 1);
  EXPECT_EQ(fitted({}, shape, first), first);
  EXPECT_EQ(fitted(std::vector<ml::Rollout>(20), shape, first), first);
}

}  // namespace
}  // namespace simsched::search
