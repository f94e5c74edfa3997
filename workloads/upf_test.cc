#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "workloads/append.h"
#include "workloads/five_qi.h"
#include "workloads/packet_source.h"
#include "workloads/rates.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Workload upf(const std::string& yaml) { return make_workload("upf", YAML::Load(yaml), "test.yaml", 1); }

std::string error_of(const std::string& yaml) {
  try {
    upf(yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

constexpr const char* kOne = "classes: [{name: a, workers: 1}]\nflows: [{class: a, rate: 1000, sizes: {64: 1}}]\n";

TEST(Upf, DefaultIsTheTalksFourClasses) {
  const Workload w = upf("");
  ASSERT_EQ(w.packets.classes.size(), 4u);
  EXPECT_EQ(w.packets.classes[0].name, "voice");
  EXPECT_EQ(w.packets.classes[0].sla, 1_ms);
  EXPECT_EQ(w.packets.classes[0].budget, 4_ms);
  EXPECT_EQ(w.packets.classes[1].budget, find_five_qi(2)->core_budget);
  EXPECT_EQ(w.packets.threads.size(), 1u);
}

TEST(Upf, FlowsSpreadOverRingsUnlessBoundToOne) {
  const Workload w =
      upf("classes: [{name: a}]\nrings: {cpus: '0,2'}\nflows:\n- {class: a, rate: 1000, sizes: {64: 1}}\n"
          "- {class: a, rate: 500, sizes: {64: 1}, ring: 1}\n- {class: a, rate: 10, sizes: {64: 1}, count: 3}");
  ASSERT_EQ(w.packets.flows.size(), 6u);
  EXPECT_EQ(w.packets.flows[0].arrivals.rate + w.packets.flows[1].arrivals.rate, 1000);
  EXPECT_NE(w.packets.flows[0].ring, w.packets.flows[1].ring);
  EXPECT_EQ(w.packets.flows[2].ring, RingId(1));
  EXPECT_EQ(w.packets.flows[3].arrivals.rate, 10);
}

TEST(Upf, LoadScalesEveryRate) { EXPECT_EQ(upf(std::string(kOne) + "load: 250").packets.flows[0].arrivals.rate, 2500); }

TEST(Upf, ThreadedRingsHaveTheirOwnThreads) {
  const Workload w = upf(std::string(kOne) + "rings: {cpus: 0-1, threaded: true}");
  for (const PacketRing& ring : w.packets.rings)
    EXPECT_EQ(w.packets.threads[ring.thread.index()].ring, RingId(static_cast<size_t>(&ring - w.packets.rings.data())));
}

TEST(Upf, RatesComeFromAFileBesideTheConfig) {
  const TemporaryFolder folder("upf");
  std::ofstream(folder.path() + "/rates.csv") << "# ms, packets a second\n0, 100\n\n500,0 # night\n1000,300\n";
  const YAML::Node node =
      YAML::Load("classes: [{name: a}]\nflows: [{class: a, rates: rates.csv, sizes: {64-128: 2, 1400: 1}}]");
  const Workload w = make_workload("upf", node, folder.path() + "/upf.yaml", 1);
  ASSERT_EQ(w.packets.steps.size(), 3u);
  EXPECT_EQ(w.packets.steps[1].at, 500_ms);
  EXPECT_EQ(w.packets.steps[2].rate, 300);
}

TEST(Upf, TwoOfThemSideBySideKeepTheirQueuesAndNames) {
  Workload both = upf(kOne);
  append(both, upf(kOne));
  both.check(0);
  EXPECT_EQ(both.packets.classes[1].name, "a.2");
  EXPECT_EQ(both.packets.classes[1].queue, PacketQueueId(1));
  EXPECT_EQ(both.packets.flows[1].ring, RingId(1));
  EXPECT_EQ(both.program(both.packets.threads[1].task)[0].arg, 1);
}

TEST(Upf, FitsASmallerMachine) {
  Workload w = upf(std::string(kOne) + "rings: {cpus: 0-7}");
  w.fit(2);
  w.check(2);
}

TEST(Upf, BadInputNamesItsLine) {
  const std::string one = kOne;
  EXPECT_THAT(error_of("preset: tlak"), AllOf(HasSubstr("test.yaml:1"), HasSubstr("talk")));
  EXPECT_THAT(error_of("preset: talk\nclasses: []"), HasSubstr("test.yaml:1"));
  EXPECT_THAT(error_of("classes: [{name: a}]"), HasSubstr("has no flows"));
  EXPECT_THAT(error_of("classes: []\nflows: []"), HasSubstr("test.yaml:1: classes is not a list"));
  EXPECT_THAT(error_of("classes: [{name: all}]\nflows: []"), HasSubstr("cannot be called 'all'"));
  EXPECT_THAT(error_of("classes: [{name: a}, {name: a}]\nflows: []"), HasSubstr("two classes"));
  EXPECT_THAT(error_of("classes: [{name: a, five_qi: 11}]\nflows: []"), HasSubstr("5QI 11 is not standardised"));
  EXPECT_THAT(error_of("classes: [{name: a, sla: -1ms}]\nflows: []"), HasSubstr("test.yaml:1"));
  for (const char* flow : {"{rate: 1000, sizes: {64: 1}}",
                           "{class: b, rate: 1, sizes: {64: 1}}",
                           "{class: a, sizes: {64: 1}}",
                           "{class: a, rate: 0, sizes: {64: 1}}",
                           "{class: a, rate: 1e9, sizes: {64: 1}}",
                           "{class: a, rate: nan, sizes: {64: 1}}",
                           "{class: a, rate: 1000000001, sizes: {64: 1}}",
                           "{class: a, rate: 10}",
                           "{class: a, rate: 10, sizes: {0: 1}}",
                           "{class: a, rate: 10, sizes: {64: 0}}",
                           "{class: a, rate: 10, sizes: {9-5: 1}}",
                           "{class: a, rate: 10, sizes: {70000: 1}}",
                           "{class: a, rate: 10, sizes: {1-: 1}}",
                           "{class: a, rate: 10, sizes: 64}",
                           "{class: a, rate: 10, sizes: {64: 1}, qfi: 64}",
                           "{class: a, rate: 10, sizes: {64: 1}, arrivals: sometimes}",
                           "{class: a, rate: 10, sizes: {64: 1}, arrivals: bursty}",
                           "{class: a, rate: 10, sizes: {64: 1}, arrivals: bursty, burst: 1us, pause: 1us}",
                           "{class: a, rate: 1000000000, sizes: {64: 1}, arrivals: bursty, burst: 1ms, pause: 1ms}",
                           "{class: a, rate: 10, sizes: {64: 1}, burst: 1ms}",
                           "{class: a, rate: 10, rates: x.csv, sizes: {64: 1}}",
                           "{class: a, rates: none.csv, sizes: {64: 1}}",
                           "{class: a, rate: 10, sizes: {64: 1}, ring: 1}",
                           "{class: a, rate: 10, sizes: {64: 1}, count: 10001}",
                           "[]",
                           "7"})
    EXPECT_THAT(error_of("classes: [{name: a}]\nflows:\n - " + std::string(flow)), HasSubstr("test.yaml:3")) << flow;
  for (const char* rest :
       {"rings: {cpus: ''}", "rings: {cpus: 3-1}", "rings: {capacity: 0}", "rings: {capacity: 99999999}",
        "netdev: {budget: 0}", "netdev: {weight: 0}", "cost: {fixed: 1h}", "cost: {per_byte_ps: -1}", "workers: -1",
        "queue: 0", "load: 0", "tasks: [{name: a}]", "tasks: [{name: a, period: 0, work: 1ms}]", "wrokers: 3"})
    EXPECT_THAT(error_of(one + rest), HasSubstr("test.yaml:3")) << rest;
}

TEST(Rates, BadLinesAreNamed) {
  auto error = [](const std::string& text) -> std::string {
    try {
      parse_rates(text, "r.csv");
    } catch (const Error& caught) {
      return caught.what();
    }
    return "";
  };
  EXPECT_THAT(error(""), HasSubstr("r.csv: has no rates"));
  EXPECT_THAT(error("0,1\n0,2\n"), HasSubstr("r.csv:2"));
  EXPECT_THAT(error("0,1\n\n5,x"), HasSubstr("r.csv:3"));
  EXPECT_THAT(error("0,1,2"), HasSubstr("3 fields"));
  EXPECT_THAT(error("-1,1"), HasSubstr("r.csv:1"));
  EXPECT_THAT(error("0,99999999999999999999"), HasSubstr("r.csv:1"));
}

TEST(FiveQiTable, HasTheStandardisedOnes) {
  EXPECT_EQ(five_qi_table().size(), 31u);
  EXPECT_EQ(find_five_qi(1)->budget, 100_ms);
  EXPECT_EQ(find_five_qi(85)->type, "delay-critical");
  EXPECT_EQ(find_five_qi(75), nullptr);
  for (const FiveQi& row : five_qi_table()) EXPECT_LE(row.core_budget, row.budget) << row.number;
  EXPECT_THROW(parse_five_qi("h;h;h;h;h;h\n1;GBR;20;100", "q.csv"), Error);
  EXPECT_THROW(parse_five_qi("h;h;h;h;h;h\n1;GBR;20;100;20;x\n1;GBR;20;100;20;x", "q.csv"), Error);
}

}  // namespace
}  // namespace simsched
