#include "scx_port/schedulers/rusty/rusty_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scx_port/schedulers/rusty/testing.h"
#include "scx_port/schedulers/rusty/tuner.h"

namespace simsched::rusty {
namespace {

using ::testing::HasSubstr;

Options with(const char* key, const char* value) {
  Options options;
  TunableReader reader;
  options.bind(reader);
  reader.read({{key, value, "f.yaml:1"}}, "scx_rusty");
  return options;
}

// ---- options ----
TEST(RustyOptions, AreReadUnderTheirNames) {
  EXPECT_EQ(with("interval", "500ms").interval, 500_ms);
  EXPECT_EQ(with("slice_us_overutil", "3000").slice_us_overutil, 3000);
  EXPECT_EQ(with("balancer", "phantom").balancer_kind(), RUSTY_LB_PHANTOM);
  EXPECT_EQ(with("balancer", "as_coded").balancer_kind(), RUSTY_LB_AS_CODED);
  EXPECT_EQ(with("balancer", "off").balancer_kind(), RUSTY_LB_OFF);
  EXPECT_EQ(Options().balancer_kind(), RUSTY_LB_AS_DESIGNED);
  EXPECT_THROW(with("balancer", "on"), Error);
  EXPECT_THROW(with("direct_greedy_under", "101"), Error);
  EXPECT_THROW(with("load_half_life", "0"), Error);
}

// ---- domains ----
TEST(RustyDomains, AreCachesInOrderOfNodes) {
  Machine machine = grid_machine(2, 2, 4);
  Domains domains = domains_of(machine);
  ASSERT_EQ(domains.size(), 4u);
  EXPECT_EQ(domains.domains[1].cpus.str(), "4-7");
  EXPECT_EQ(domains.domains[1].node, 0u);
  EXPECT_EQ(domains.domains[2].node, 1u);
  EXPECT_EQ(domains.node_limit(), 2u);
  EXPECT_EQ(domains.nr_cpus, 16u);
}

TEST(RustyDomains, NodeComesBeforeCache) {
  MachineSpec spec;
  spec.name = "mixed";
  for (int c = 0; c < 4; ++c) spec.cpus.push_back({.core = CoreId(c), .llc = LlcId(c), .node = NodeId(c % 2)});
  Domains domains = domains_of(Machine(std::move(spec)));
  EXPECT_EQ(domains.cpu_dom, (std::vector<uint32_t>{0, 2, 1, 3}));
}

TEST(RustyDomains, CanBeGiven) {
  Machine machine = grid_machine(1, 1, 8);
  Domains domains = domains_of(machine, {CpuSet::parse("0-3"), CpuSet::parse("4-6")});
  EXPECT_EQ(domains.size(), 2u);
  EXPECT_EQ(domains.cpu_dom[7], static_cast<uint32_t>(RUSTY_NO_DOM));
  EXPECT_EQ(domains.nr_cpus, 7u);
}

TEST(RustyDomains, TooLargeAMachineIsRefused) {
  try {
    domains_of(grid_machine(1, 65, 1));
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("65 domains"));
  }
  EXPECT_THROW(domains_of(grid_machine(1, 1, 513)), Error);
}

// ---- tuner ----
Tuning tune_for(const std::vector<int64_t>& busy, Options options = {}) {
  FakeHost host(grid_machine(1, 2, 2));
  auto before = host.cpu_use();
  host.pass(100_ms, busy);
  return tune(before, host.cpu_use(), domains_of(host.machine()), options);
}

TEST(RustyTuner, ShortSlicesOnlyWhenNoCpuIsEverIdle) {
  EXPECT_EQ(tune_for({100, 100, 100, 99}).values.slice_ns, 20000000u);
  EXPECT_FALSE(tune_for({100, 100, 100, 99}).fully_utilized);
  EXPECT_EQ(tune_for({100, 100, 100, 100}).values.slice_ns, 1000000u);
  EXPECT_TRUE(tune_for({100, 100, 100, 100}).fully_utilized);
}

TEST(RustyTuner, FullIs99Point999Percent) {
  Domains domains = domains_of(grid_machine(1, 1, 1));
  auto full = [&](int64_t busy) {
    return tune({{Nanos(0), Nanos(0)}}, {{Nanos(busy), Nanos(10000000)}}, domains, {}).fully_utilized;
  };
  EXPECT_TRUE(full(9999900));
  EXPECT_FALSE(full(9999899));
}

TEST(RustyTuner, DomainsWithRoomTakeInForeignTasks) {
  EXPECT_EQ(tune_for({100, 79, 80, 100}).values.direct_greedy[0], 0b0011u);  // 89.5 % and 90 %
  EXPECT_EQ(tune_for({100, 100, 100, 100}).values.direct_greedy[0], 0u);
  EXPECT_EQ(tune_for({100, 100, 100, 100}, with("direct_greedy_under", "100")).values.direct_greedy[0], 0b1111u);
  EXPECT_EQ(tune_for({0, 0, 0, 0}, with("direct_greedy_under", "0")).values.direct_greedy[0], 0u);
}

TEST(RustyTuner, EveryDomainIsKickedByDefault) {
  EXPECT_EQ(tune_for({100, 100, 100, 100}).values.kick_greedy[0], 0b1111u);
  EXPECT_EQ(tune_for({100, 100, 100, 90}, with("kick_greedy_under", "99")).values.kick_greedy[0], 0b1100u);
}

TEST(RustyTuner, NoTimeIsNotBusy) {
  EXPECT_EQ(busy_share({Nanos(5), Nanos(5)}, {Nanos(5), Nanos(5)}), 0);
  EXPECT_EQ(busy_share({Nanos(0), Nanos(0)}, {Nanos(7), Nanos(5)}), 1000000000);
}

// ---- the whole ----
struct Rusty {
  explicit Rusty(Options options = {}, int nodes = 1, int llcs = 2, int cpus = 2)
      : host(grid_machine(nodes, llcs, cpus)), user(std::move(options)) {
    user.before_start(host);
    user.after_start(host);
  }
  // Runs it whenever it is due, with all CPUs this busy.
  void run_for(Nanos duration, int64_t busy) {
    Nanos end = host.time + duration;
    auto pass = [&](Nanos at) { host.pass(at - host.time, std::vector<int64_t>(host.machine().nr_cpus(), busy)); };
    for (Nanos at; (at = user.next(host.time)) <= end;) {
      pass(at);
      user.run(host);
    }
    pass(end);
  }
  int64_t counter(const std::string& name) {
    for (auto& [key, value] : user.counters(host))
      if (key == name) return value;
    ADD_FAILURE() << name;
    return -1;
  }
  FakeHost host;
  RustyUser user;
};

TEST(RustyUser, TellsTheBpfHalfOfTheMachineAndTheOptions) {
  Rusty r(with("greedy_threshold", "3"), 2, 2, 2);
  EXPECT_EQ(r.host.global<u32>("nr_cpu_ids"), 8u);
  EXPECT_EQ(r.host.global<u32>("nr_doms"), 4u);
  EXPECT_EQ(r.host.global<u32>("nr_nodes"), 2u);
  EXPECT_EQ(r.host.global<u32>("greedy_threshold"), 3u);
  EXPECT_EQ(r.host.global<u64>("load_half_life"), 1000000000u);
  EXPECT_EQ(r.host.global<u32>("balancer"), static_cast<u32>(RUSTY_LB_AS_DESIGNED));
  auto* cpu_dom = &r.host.global<u32>("cpu_dom");
  EXPECT_EQ(cpu_dom[5], 2u);
  EXPECT_EQ(cpu_dom[8], static_cast<u32>(RUSTY_NO_DOM));
  EXPECT_EQ((&r.host.global<u32>("dom_node"))[3], 1u);
}

TEST(RustyUser, IsDueEveryTenthOfASecond) {
  Rusty r;
  EXPECT_EQ(r.user.next(0_ns), 100_ms);
  r.run_for(100_ms, 50);
  EXPECT_EQ(r.user.next(r.host.time), 200_ms);
  EXPECT_EQ(RustyUser(Options()).next(0_ns), Nanos::max());  // not before the start
}

TEST(RustyUser, CountsTheGenerationOnlyWhenSomethingChanged) {
  Rusty r;
  auto& tune = r.host.global<rusty_tune>("tune");
  r.run_for(100_ms, 50);
  EXPECT_EQ(tune.gen, 1u);
  EXPECT_EQ(tune.direct_greedy[0], 0b1111u);
  r.run_for(300_ms, 50);
  EXPECT_EQ(tune.gen, 1u);
  r.run_for(100_ms, 100);
  EXPECT_EQ(tune.gen, 2u);
  EXPECT_EQ(tune.slice_ns, 1000000u);
  EXPECT_EQ(r.counter("retuned"), 2);
}

TEST(RustyUser, BalancesEveryTwoSeconds) {
  Rusty r;
  for (int pid = 1; pid <= 4; ++pid) r.host.add_task(pid, 0, 100, 3);
  r.run_for(1999_ms, 50);
  EXPECT_EQ(r.host.size("lb_requests"), 0u);
  r.run_for(1_ms, 50);
  // 400 : 0; half the imbalance of 200 is a task of 100.
  ASSERT_EQ(r.host.size("lb_requests"), 1u);
  rusty_request request;
  ASSERT_TRUE(r.host.get("lb_requests", 4, &request));
  EXPECT_EQ(request.target_dom, 1u);
  EXPECT_EQ(request.id, 1004u);
  EXPECT_EQ(r.counter("lb_rounds"), 1);
  EXPECT_EQ(r.counter("lb_planned"), 1);
  EXPECT_EQ(r.counter("lb_requested"), 1);
}

TEST(RustyUser, TasksThatDidNotRunSinceTheLastRoundStay) {
  Rusty r;
  for (int pid = 1; pid <= 4; ++pid) r.host.add_task(pid, 0, 100, 3);
  r.run_for(2_s, 50);
  r.host.erase("lb_requests", 4);
  r.run_for(2_s, 50);
  EXPECT_EQ(r.host.size("lb_requests"), 0u);
  r.host.note_ran(3, 0);
  r.run_for(2_s, 50);
  rusty_request request;
  EXPECT_TRUE(r.host.get("lb_requests", 3, &request));
}

TEST(RustyUser, LooksAtTheLast1024Tasks) {
  Rusty r;
  for (int pid = 1; pid <= 1100; ++pid) r.host.add_task(pid, 0, 100, pid <= 77 ? 3 : 1);
  r.run_for(2_s, 50);
  rusty_request request;
  EXPECT_TRUE(r.host.get("lb_requests", 77, &request));
  EXPECT_EQ(r.host.size("lb_requests"), 1u);  // 1 to 76 have been pushed out
}

TEST(RustyUser, OffMeansNoRounds) {
  Rusty r(with("balancer", "off"));
  for (int pid = 1; pid <= 4; ++pid) r.host.add_task(pid, 0, 100, 3);
  r.run_for(5_s, 50);
  EXPECT_EQ(r.host.size("lb_requests"), 0u);
  EXPECT_EQ(r.counter("lb_rounds"), 0);
}

TEST(RustyUser, WeightsCountOnlyWhenNoCpuIsIdle) {
  // As many tasks here as there: equal as long as weights do not count. With them 2008 : 1208.
  for (int64_t busy : {50, 100}) {
    Rusty r({}, 1, 2, 1);
    for (int pid = 1; pid <= 8; ++pid) r.host.add_task(pid, 0, 250, 3);
    for (int pid = 9; pid <= 16; ++pid) r.host.add_task(pid, 1, 100, 3);
    r.run_for(2_s, busy);
    rusty_request request;
    EXPECT_EQ(r.host.get("lb_requests", 1, &request), busy == 100);
  }
}

TEST(RustyUser, SumsStatisticsOverCpus) {
  Rusty r;
  auto put = [&](u32 stat, int cpu, u64 value) {
    std::memcpy(r.host.map_value("stats", stat, CpuId(cpu)).data(), &value, 8);
  };
  put(RUSTY_STAT_DSQ, 0, 5);
  put(RUSTY_STAT_DSQ, 3, 7);
  put(RUSTY_STAT_GREEDY_XNUMA, 1, 1);
  put(RUSTY_STAT_REPATRIATE, 1, 9);
  EXPECT_EQ(r.counter("dsq"), 12);
  EXPECT_EQ(r.counter("total"), 13);
  EXPECT_EQ(r.counter("repatriate"), 9);
}

}  // namespace
}  // namespace simsched::rusty
