#include "report/fidelity.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace simsched {
namespace {

TraceStats stats(int64_t makespan, uint64_t switches, int64_t latency) {
  TraceStats made;
  made.makespan = Nanos(makespan);
  made.switches = switches;
  made.migrations = 10;
  made.busy = {Nanos(makespan / 2)};
  made.latencies = {Nanos(latency)};
  return made;
}

TEST(FidelityReport, TableMarksWhatIsOutsideTolerance) {
  const std::string same = fidelity_table({stats(1000000, 100, 50), {stats(1000000, 100, 50)}}, false);
  EXPECT_EQ(same.find("NO"), std::string::npos);
  EXPECT_NE(same.find("yes"), std::string::npos);
  const std::string slow = fidelity_table({stats(1000000, 100, 50), {stats(1000000, 100, 58)}}, false);
  EXPECT_NE(slow.find("NO"), std::string::npos);
  EXPECT_NE(slow.find("+16.0%"), std::string::npos);
}

TEST(FidelityReport, Json) {
  Fidelity fidelity(stats(3000000, 100, 50), {stats(2000000, 100, 50)});
  auto json = nlohmann::json::parse(fidelity_json(fidelity, "some/folder/t.perf.data", "eevdf"));
  EXPECT_EQ(json["schema"], "simsched-validate/1");
  EXPECT_EQ(json["trace"], "t.perf.data");
  EXPECT_EQ(json["seeds"], 1);
  EXPECT_EQ(json["ok"], false);
  const auto& first = json["metrics"][0];
  EXPECT_EQ(first["name"], "makespan_ns");
  EXPECT_EQ(first["recorded"], 3000000);
  EXPECT_EQ(first["simulated"], 2000000);
  EXPECT_EQ(first["error"], -0.333333);
  EXPECT_EQ(first["tolerance"], 0.02);
  EXPECT_EQ(first["ok"], false);
  for (const auto& entry : json["metrics"]) {
    if (entry["tolerance"].is_null()) {
      EXPECT_EQ(entry["ok"], true) << entry;
    }
  }
}

}  // namespace
}  // namespace simsched
