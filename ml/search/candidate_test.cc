#include "ml/search/candidate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

Shape shape(ModelKind kind) { return {kind, mlp::kBytes, 64, 3}; }

Point random_point(ModelKind kind, uint64_t seed, double scale) {
  Rng rng(seed);
  Point point(nr_parameters(kind));
  for (double& p : point) p = scale * normal(rng);
  return point;
}

// As written down: the sum of weight times share of the range, and the bias.
double score(const Point& point, const mlp::Features& in) {
  double sum = point.back();
  for (size_t i = 0; i < in.size(); ++i) sum += point[i] * in[i] / 255.0;
  return sum;
}

TEST(Candidate, ALinearScoreIsWhatItSays) {
  Rng rng(4);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Point point = random_point(ModelKind::kLinear, seed, 0.3);
    const mlp::mlp_model model = model_of(point, shape(ModelKind::kLinear), 1).model;
    mlp::Features in;
    for (uint16_t& v : in) v = static_cast<uint16_t>(rng.below(256));
    const double exact = std::clamp(score(point, in), -2.0, 2.0);
    EXPECT_NEAR(mlp::logit(model, in) / static_cast<double>(kUnit), exact, 0.15);
  }
}

TEST(Candidate, ANetThatIsReadBackIsTheSame) {
  const Shape net = shape(ModelKind::kNet);
  const mlp::ModelFile once = model_of(random_point(ModelKind::kNet, 1, 0.7), net, 8);
  const mlp::ModelFile again = model_of(point_of(once.model, "x"), net, 8);
  EXPECT_EQ(mlp::model_bytes(once, "x"), mlp::model_bytes(again, "x"));
}

TEST(Candidate, WhereASearchBeginsEverythingIsOpen) {
  for (ModelKind kind : {ModelKind::kNet, ModelKind::kLinear}) {
    const mlp::ModelFile file = model_of(first_point(kind, 1), shape(kind), 50);
    for (const mlp::mlp_golden& golden : file.golden)
      EXPECT_EQ(mlp::mlp_verdict_of(golden.logit, file.model.tau), mlp::MLP_UNSURE);
  }
}

TEST(Candidate, PointsFarOutsideAreModelsToo) {
  for (ModelKind kind : {ModelKind::kNet, ModelKind::kLinear})
    for (double far : {1e3, -1e9, 1e300})
      EXPECT_NO_THROW(mlp::model_bytes(model_of(Point(nr_parameters(kind), far), shape(kind), 4), "x"));
}

TEST(Candidate, StartsWithNetsOf8BitsOnly) {
  EXPECT_THROW(point_of(mlp::random_model(1, mlp::MLP_Q21).model, "x"), Error);
}

}  // namespace
}  // namespace simsched::search
