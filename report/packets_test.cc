#include "report/packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsched {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RunResult run_of(const std::string& policy, int64_t mean, bool tail) {
  RunResult run;
  run.machine = "m";
  run.policy = policy;
  run.workload = "upf";
  NamedValues voice = {{"served", 1000}, {"dropped_ppm", 25'000}, {"late_sla_ppm", 32'000}, {"latency_ns_mean", mean}};
  if (tail) voice.emplace_back("latency_ns_p99.9", 4'000'000);
  run.packets = {{"voice", voice}, {"all", {{"even_cpus_busy_ppm", 870'000}, {"odd_cpus_busy_ppm", 340'000}}}};
  return run;
}

TEST(PacketTables, HaveEachClassUnderEachPolicy) {
  const std::vector<RunResult> results = {run_of("scx_packet", 1'200'000, true), run_of("eevdf", 700'000, true)};
  EXPECT_THAT(packet_tables(results, false),
              AllOf(HasSubstr("voice"), HasSubstr("1.200 ms"), HasSubstr("0.58"), HasSubstr("4.000 ms"),
                    HasSubstr("3.2%"), HasSubstr("87.0%"), HasSubstr("34.0%")));
}

TEST(PacketTables, MarkATailWithTooFewSamples) {
  const std::vector<RunResult> results = {run_of("eevdf", 700'000, true), run_of("eevdf", 700'000, false)};
  EXPECT_THAT(packet_tables(results, false), AllOf(HasSubstr("few"), Not(HasSubstr("4.000 ms"))));
}

TEST(PacketTables, AreEmptyWithoutPackets) { EXPECT_EQ(packet_tables(std::vector<RunResult>{RunResult()}, false), ""); }

}  // namespace
}  // namespace simsched
