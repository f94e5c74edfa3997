#include "experiment/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "experiment/config.h"

namespace simsched {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const PolicyRegistry kPolicies(cpp_policies());

Config parse(const std::string& reference) {
  return parse_config("machine: vm-2c\nworkload: {hogs: {}}\npolicies: [eevdf, {cfs: {label: old}}]\n" + reference,
                      "c.yaml", kPolicies);
}

std::string message(const std::string& reference) {
  try {
    parse(reference);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::string kRow = "{policy: old, against: eevdf, metric: migrations, ratio: 0.597}";

TEST(Reference, OneSourceOrSeveral) {
  EXPECT_TRUE(parse("").references.empty());
  const auto one = parse("reference: {source: a talk, ratios: [" + kRow + "]}\n").references;
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].source, "a talk");
  ASSERT_EQ(one[0].ratios.size(), 1u);
  EXPECT_EQ(one[0].ratios[0].metric, "migrations");
  EXPECT_EQ(one[0].ratios[0].policy, "old");
  EXPECT_EQ(one[0].ratios[0].against, "eevdf");
  EXPECT_EQ(one[0].ratios[0].ratio, 0.597);
  const std::string entry = "  - {source: a talk, ratios: [" + kRow + "]}\n";
  EXPECT_EQ(parse("reference:\n" + entry + entry).references.size(), 2u);
}

TEST(Reference, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(message("reference: {ratios: [" + kRow + "]}"), StartsWith("c.yaml:4: a reference without a source"));
  EXPECT_THAT(message("reference: {source: a talk}"), StartsWith("c.yaml:4: ratios is not a list"));
  EXPECT_THAT(message("reference: {source: a talk, ratios: []}"), StartsWith("c.yaml:4: ratios is not a list"));
  EXPECT_THAT(message("reference: []"), StartsWith("c.yaml:4: reference is empty"));
  EXPECT_THAT(message("reference: talk"), StartsWith("c.yaml:4: "));
  auto row = [](const std::string& text) {
    return message("reference:\n  source: a talk\n  ratios:\n    - " + text + "\n");
  };
  EXPECT_THAT(row("{policy: old, against: eevdf, metric: migrations}"), StartsWith("c.yaml:7: 'ratio' is missing"));
  EXPECT_THAT(row("{policy: eevdff, against: eevdf, metric: migrations, ratio: 1}"),
              HasSubstr("did you mean 'eevdf'?"));
  EXPECT_THAT(row("{policy: old, against: eevdf, metric: migration, ratio: 1}"),
              HasSubstr("did you mean 'migrations'?"));
  for (const char* ratio : {"0", "-1", "nan", "inf", "1e400", "0.961x", "''", "1001"}) {
    EXPECT_THAT(row(std::string("{policy: old, against: eevdf, metric: migrations, ratio: ") + ratio + "}"),
                StartsWith("c.yaml:7: ratio is '"))
        << ratio;
  }
}

}  // namespace
}  // namespace simsched
