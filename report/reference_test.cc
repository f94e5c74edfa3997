#include "report/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsched {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

RunResult result(std::string policy, uint64_t seed, int64_t migrations) {
  RunResult made;
  made.machine = "m";
  made.policy = std::move(policy);
  made.seed = seed;
  made.metrics = {{"migrations", migrations}};
  return made;
}

TEST(ReferenceTables, PutOursBesideWhatWasPublished) {
  const std::vector<Reference> references = {
      {"a talk", {{"migrations", "rusty", "eevdf", 0.597}, {"migrations", "ml", "eevdf", 0.234}}}};
  const std::vector<RunResult> results = {result("eevdf", 1, 200), result("rusty", 1, 100), result("eevdf", 2, 200),
                                          result("rusty", 2, 120)};
  const std::string text = reference_tables(references, results);
  EXPECT_THAT(text, HasSubstr("as ratios, published (a talk) and simulated on m:"));
  EXPECT_THAT(text, ContainsRegex("rusty +eevdf +migrations +0\\.597 +0\\.550 ±0\\.635"));
  EXPECT_THAT(text, ContainsRegex("ml +eevdf +migrations +0\\.234 +-\n")) << "it was not run";
  EXPECT_EQ(reference_tables({}, results), "");
}

TEST(ReferenceTables, OneSeedHasNoInterval) {
  const std::vector<Reference> references = {{"a talk", {{"migrations", "rusty", "eevdf", 0.597}}}};
  const std::vector<RunResult> results = {result("eevdf", 1, 200), result("rusty", 1, 100)};
  EXPECT_THAT(reference_tables(references, results), ContainsRegex("0\\.597 +0\\.500\n"));
}

}  // namespace
}  // namespace simsched
