#include "report/fidelity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace simsched {
namespace {

using testing::HasSubstr;
using testing::Not;

RecordedRun run(int64_t recorded, int64_t simulated) {
  auto stats = [](int64_t makespan) {
    TraceStats made;
    made.makespan = Nanos(makespan);
    made.switches = 100;
    made.busy = {Nanos(1000)};
    return made;
  };
  return {stats(recorded), {{stats(simulated), 0, 0, 0}}};
}

TEST(FidelityReport, TableMarksWhatIsOutsideTolerance) {
  const std::string same = fidelity_table({{run(1000000, 1000000)}, {}}, false);
  EXPECT_THAT(same, Not(HasSubstr("NO")));
  EXPECT_THAT(same, HasSubstr("yes"));
  const std::string slow = fidelity_table({{run(1000000, 1160000)}, {}}, false);
  EXPECT_THAT(slow, HasSubstr("NO"));
  EXPECT_THAT(slow, HasSubstr("+16.0%"));
  EXPECT_THAT(fidelity_table({{run(1000000, 1160000), run(2000000, 1100000)}, {}}, false),
              HasSubstr("1.000 ms - 2.000 ms"));
}

TEST(FidelityReport, SummarySaysWhatDiffersMostWhyAndWhatToDo) {
  const std::string text = fidelity_summary({{run(1000000, 1160000)}, {}}, {{"a reason", "a remedy"}});
  EXPECT_THAT(text, HasSubstr("outside tolerance: replayed 1.160 ms of 1.000 ms\n"));
  EXPECT_THAT(text, HasSubstr("differs most  makespan_ns: 1.160 ms simulated, 1.000 ms recorded\n"));
  EXPECT_THAT(text, HasSubstr("likely        a reason\n  what to do  a remedy\n"));
  EXPECT_THAT(text, Not(HasSubstr("warning")));
  EXPECT_THAT(fidelity_summary({{run(1000000, 1000000)}, {}}, {}), "within tolerance: replayed 1.000 ms of 1.000 ms\n");
}

TEST(FidelityReport, SummaryWarnsOfWhatWasNotReplayed) {
  EXPECT_THAT(fidelity_summary({{run(1000000, 899000)}, {}}, {}), HasSubstr("the replay ends early"));
  EXPECT_THAT(fidelity_summary({{run(1000000, 900000)}, {}}, {}), Not(HasSubstr("ends early")));
}

TEST(FidelityReport, SummaryNamesWhatIsUndetermined) {
  RecordedRun one = run(1000000, 1000000);
  one.replays.push_back(one.replays[0]);
  one.replays.back().stats.switches = 300;
  const Fidelity fidelity({one}, {});
  EXPECT_THAT(fidelity_summary(fidelity, {}), HasSubstr("within tolerance"));
  EXPECT_THAT(fidelity_summary(fidelity, {}), HasSubstr("undetermined: 1 metric"));
  const auto json = nlohmann::json::parse(fidelity_json(fidelity, {}, {"t"}, "eevdf"));
  EXPECT_EQ(json["metrics"][1]["verdict"], "undetermined");
  EXPECT_EQ(json["metrics"][1]["ok"], false);
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["undetermined"], 1);
}

TEST(FidelityReport, Json) {
  Fidelity fidelity({run(3000000, 2000000)}, {});
  auto json = nlohmann::json::parse(
      fidelity_json(fidelity, {{"why", "what"}}, {"some/folder/t.perf.data", "other/u.perf.data"}, "eevdf"));
  EXPECT_EQ(json["schema"], "simsched-validate/1");
  EXPECT_EQ(json["trace"], "t.perf.data");
  EXPECT_EQ(json["traces"][1], "u.perf.data");
  EXPECT_EQ(json["seeds"], 1);
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["recorded_ns"], 3000000);
  EXPECT_EQ(json["replayed_ns"], 2000000);
  EXPECT_EQ(json["likely"][0]["reason"], "why");
  EXPECT_EQ(json["likely"][0]["do"], "what");
  const auto& first = json["metrics"][0];
  EXPECT_EQ(first["name"], "makespan_ns");
  EXPECT_EQ(first["recorded"], 3000000);
  EXPECT_EQ(first["recorded_min"], 3000000);
  EXPECT_EQ(first["simulated"], 2000000);
  EXPECT_EQ(first["error"], -0.333333);
  EXPECT_EQ(first["tolerance"], 0.02);
  EXPECT_EQ(first["verdict"], "NO");
  EXPECT_EQ(first["ok"], false);
  for (const auto& entry : json["metrics"]) {
    if (entry["tolerance"].is_null()) {
      EXPECT_EQ(entry["ok"], true) << entry;
    }
  }
}

}  // namespace
}  // namespace simsched
