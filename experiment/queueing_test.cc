// The engine against queueing theory: open and closed queues whose means are known in closed form. The 99 % interval
// over seeds (Student's t) must hold the formula. No cost is anything but zero here; what remains of ticks is small
// beside services of a second.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/exponential.h"
#include "experiment/policy_config.h"
#include "sim/testing.h"
#include "workloads/append.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

constexpr double kSecond = 1e9;
constexpr uint64_t kFirstSeed = 101, kSeeds = 20;

struct Sample {
  std::vector<double> values;  // a seed each

  double mean() const {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  double half_width() const {
    const auto n = static_cast<double>(values.size());
    double squares = 0;
    for (double value : values) squares += (value - mean()) * (value - mean());
    return boost::math::quantile(boost::math::students_t(n - 1), 0.995) * std::sqrt(squares / (n - 1) / n);
  }
};

// `slack`: of the formula, where the discipline is not quite the ideal one.
void expect_holds(const Sample& sample, double formula, double slack = 0) {
  EXPECT_NEAR(sample.mean(), formula, sample.half_width() + slack * formula) << "± " << sample.half_width();
  EXPECT_LT(sample.half_width(), 0.15 * formula) << "or it would hold anything";
}

struct System {
  std::string policy = "fifo";
  std::string tunables = "{slice_ns: 0}";  // until it is done
  size_t cpus = 1;
  int hz = 250;
};

// Turns end at ticks: of 40 ms, where services take a second.
const System kFirstCome;
const System kTakingTurns{"fifo", "{slice_ns: 1}", 1, 25};

RunResult simulate(const Workload& workload, const System& system, uint64_t seed) {
  static const PolicyRegistry registry(cpp_policies());
  const YAML::Node policies = YAML::Load("policies: [{" + system.policy + ": " + system.tunables + "}]");
  const PolicyConfig policy = read_policies(YamlMap(policies, "test.yaml", "a test", {"policies"}), registry).front();
  EngineOptions options;
  options.seed = seed;
  options.kernel.hz = system.hz;
  const Machine machine = testing::flat_machine(system.cpus);
  Engine engine(machine, workload, options, policy.make(options.kernel, machine));
  engine.run();
  return engine.result();
}

Workload requests(const std::string& parameters, uint64_t seed) {
  return make_workload("open_loop", YAML::Load(parameters), "test.yaml", seed);
}

// In seconds: of a task of that name, on average.
double each(const RunResult& result, const std::string& what, const std::string& name = "request") {
  for (const auto& [group, values] : result.task_time_by_name) {
    if (group != name) continue;
    double tasks = 1, sum = 0;
    for (const auto& [key, value] : values) {
      if (key == "tasks") tasks = static_cast<double>(value);
      if (key == what) sum = static_cast<double>(value);
    }
    return sum / tasks / kSecond;
  }
  return -1;
}

Sample over_seeds(const std::function<double(uint64_t seed)>& value) {
  Sample sample;
  for (uint64_t i = 0; i < kSeeds; ++i) sample.values.push_back(value(kFirstSeed + i));
  return sample;
}

Sample of_requests(const std::string& parameters, const System& system, const std::string& what) {
  return over_seeds([&](uint64_t seed) { return each(simulate(requests(parameters, seed), system, seed), what); });
}

// Services of a second on average; `load` is the CPUs that are busy on average.
std::string poisson(double load, const std::string& distribution, int64_t count = 3000) {
  return "{requests: " + std::to_string(count) + ", service: 1s, distribution: " + distribution +
         ", interval: " + std::to_string(std::llround(kSecond / load)) + "}";
}

// Pollaczek and Khinchine: the wait in M/G/1 of services of a second, whose squares are `second_moment` on average.
double pollaczek(double load, double second_moment) { return load * second_moment / 2 / (1 - load); }

// Erlang's C: the wait in M/M/c.
double erlang_wait(double load, int servers) {
  double term = 1, sum = 0;
  for (int i = 0; i < servers; ++i) {
    sum += term;
    term *= load / (i + 1);
  }
  const double waits = term / (1 - load / servers);
  return waits / (sum + waits) / (servers - load);
}

TEST(Queueing, DD1NeverWaits) {
  const RunResult r = simulate(
      requests("{requests: 100, arrivals: even, interval: 10ms, service: 8ms, distribution: fixed}", 1), kFirstCome, 1);
  EXPECT_EQ(each(r, "wait_ns"), 0);
  EXPECT_DOUBLE_EQ(each(r, "lifetime_ns"), 0.008);
}

TEST(Queueing, DD1OverloadedWaitsEverLonger) {
  const RunResult r =
      simulate(requests("{requests: 101, arrivals: even, interval: 10ms, service: 25ms, distribution: fixed}", 1),
               kFirstCome, 1);
  EXPECT_DOUBLE_EQ(each(r, "wait_ns"), 50 * 0.015);
}

TEST(Queueing, DDcWaitsOnlyForFewerServersThanItNeeds) {
  const Workload w = requests("{requests: 300, arrivals: even, interval: 10ms, service: 30ms, distribution: fixed}", 1);
  EXPECT_LE(each(simulate(w, {"fifo", "{slice_ns: 0}", 3}, 1), "wait_ns"), 1e-9);
  EXPECT_GT(each(simulate(w, {"fifo", "{slice_ns: 0}", 2}, 1), "wait_ns"), 0.5);
}

TEST(Queueing, ABatchWaitsForHalfOfTheOthers) {
  Workload w;
  for (int i = 0; i < 21; ++i) testing::add_task(w, "request", {op::compute(Work(1'000'000'000))});
  EXPECT_NEAR(each(simulate(w, kFirstCome, 1), "wait_ns"), 10, 0.001);
  EXPECT_NEAR(each(simulate(w, kTakingTurns, 1), "lifetime_ns"), 21, 0.5) << "all end together";
}

TEST(Queueing, MM1) {
  for (double load : {0.3, 0.6, 0.7})
    expect_holds(of_requests(poisson(load, "exponential"), kFirstCome, "wait_ns"), load / (1 - load));
}

TEST(Queueing, MD1WaitsHalfAsLong) {
  expect_holds(of_requests(poisson(0.6, "fixed"), kFirstCome, "wait_ns"), pollaczek(0.6, 1));
}

TEST(Queueing, MG1OfUniformServices) {
  expect_holds(of_requests(poisson(0.6, "uniform"), kFirstCome, "wait_ns"), pollaczek(0.6, 4.0 / 3));
}

TEST(Queueing, MG1WithAFewLongServices) {
  // One in a hundred is 50 s, the others 50/99 s.
  const double second_moment = 0.01 * 2500 + 0.99 * (50.0 / 99) * (50.0 / 99);
  expect_holds(of_requests(poisson(0.3, "rare_long", 30000), kFirstCome, "wait_ns"), pollaczek(0.3, second_moment));
}

TEST(Queueing, MMc) {
  expect_holds(of_requests(poisson(1.4, "exponential", 6000), {"fifo", "{slice_ns: 0}", 2}, "wait_ns"),
               erlang_wait(1.4, 2));
  expect_holds(of_requests(poisson(3, "exponential", 6000), {"fifo", "{slice_ns: 0}", 4}, "wait_ns"),
               erlang_wait(3, 4));
}

TEST(Queueing, WithEnoughServersNobodyWaits) {
  const std::string parameters = poisson(8, "exponential");
  expect_holds(of_requests(parameters, {"fifo", "{slice_ns: 0}", 64}, "lifetime_ns"), 1);
  EXPECT_LE(of_requests(parameters, {"fifo", "{slice_ns: 0}", 64}, "wait_ns").mean(), 1e-9);
}

TEST(Queueing, UtilisationIsArrivalsTimesService) {
  const Sample utilisation = over_seeds([](uint64_t seed) {
    return static_cast<double>(
               simulate(requests(poisson(0.6, "exponential"), seed), kFirstCome, seed).metric("utilisation_ppm")) /
           1e6;
  });
  expect_holds(utilisation, 0.6);
}

// L, as the tasks that run or wait on average: busy CPUs, and those that wait.
TEST(Queueing, LittlesLaw) {
  const Sample in_system = over_seeds([](uint64_t seed) {
    const RunResult r = simulate(requests(poisson(0.7, "exponential"), seed), kFirstCome, seed);
    const double makespan = static_cast<double>(r.metric("makespan_ns")) / kSecond;
    return 3000 * each(r, "lifetime_ns") / makespan;
  });
  expect_holds(in_system, 0.7 / (1 - 0.7));
}

TEST(Queueing, SharedByTurnsTheDistributionDoesNotMatter) {
  for (const char* distribution : {"exponential", "fixed", "uniform"})
    expect_holds(of_requests(poisson(0.6, distribution), kTakingTurns, "lifetime_ns"), 1 / (1 - 0.6), 0.03);
  expect_holds(of_requests(poisson(0.3, "rare_long", 10000), kTakingTurns, "lifetime_ns"), 1 / (1 - 0.3), 0.03);
}

TEST(Queueing, FairSharesAreProcessorSharing) {
  const System systems[] = {{"eevdf", "{base_slice_ns: 20ms}", 1, 25},
                            {"cfs", "{sched_latency_ns: 40ms, min_granularity_ns: 20ms}", 1, 25}};
  for (const System& system : systems)
    for (const char* distribution : {"exponential", "fixed"})
      expect_holds(of_requests(poisson(0.6, distribution), system, "lifetime_ns"), 1 / (1 - 0.6), 0.05);
}

TEST(Queueing, RoundRobin) {
  // 100 ms a turn (sched_rr_timeslice): nearly shared, of services of a second.
  const Sample sojourn = over_seeds([](uint64_t seed) {
    Workload w = requests(poisson(0.6, "exponential"), seed);
    for (TaskSpec& task : w.tasks) task.policy = SchedPolicy::kRr, task.rt_priority = 10;
    return each(simulate(w, {"eevdf", "{}"}, seed), "lifetime_ns");
  });
  expect_holds(sojourn, 1 / (1 - 0.6), 0.01);
}

// Two classes of M/M/1, the first of which interrupts the second.
RunResult two_classes(uint64_t seed) {
  Workload w = requests(poisson(0.3, "exponential", 3000), seed),
           low = requests(poisson(0.4, "exponential", 4000), seed + 1000);
  low.names = {"low"};
  for (TaskSpec& task : w.tasks) task.policy = SchedPolicy::kFifo, task.rt_priority = 20;
  for (TaskSpec& task : low.tasks) task.policy = SchedPolicy::kFifo, task.rt_priority = 10;
  append(w, low);
  return simulate(w, {"eevdf", "{}"}, seed);
}

TEST(Queueing, WhoHasPriorityDoesNotNoticeOthers) {
  expect_holds(over_seeds([](uint64_t seed) { return each(two_classes(seed), "lifetime_ns"); }), 1 / (1 - 0.3));
}

TEST(Queueing, WhoHasNoneWaitsForAllOthers) {
  // 1 / (1 - a) in service, interrupted; and before that what both have left, of squares of 2 on average.
  const double formula = 1 / 0.7 + (0.3 + 0.4) / (0.7 * 0.3);
  expect_holds(over_seeds([](uint64_t seed) { return each(two_classes(seed), "lifetime_ns", "low"); }), formula);
}

// Tasks that think and then compute, again and again: a closed network of a CPU and as many thinkers.
constexpr int kClients = 6, kRounds = 2000;
constexpr double kThink = 4;  // seconds; a service is one

RunResult closed(uint64_t seed) {
  Workload w;
  for (int client = 0; client < kClients; ++client) {
    Rng rng = Rng(seed).split(static_cast<uint64_t>(client));
    std::vector<Op> ops;
    for (int round = 0; round < kRounds; ++round) {
      ops.push_back(op::sleep(Nanos(exponential(static_cast<int64_t>(kThink * kSecond), rng))));
      ops.push_back(op::compute(Work(exponential(1'000'000'000, rng) + 1)));
    }
    testing::add_task(w, "client", ops);
  }
  return simulate(w, kFirstCome, seed);
}

double throughput(const RunResult& r) {
  return kClients * kRounds / (static_cast<double>(r.metric("makespan_ns")) / kSecond);
}

TEST(Queueing, AClosedNetworkOfOneServer) {
  // The machine repairman: p(n) goes with N! / (N - n)! (S / Z)^n.
  double weight = 1, sum = 1;
  for (int n = 1; n <= kClients; ++n) sum += weight *= (kClients - n + 1) / kThink;
  const double formula = 1 - 1 / sum;  // busy, of services of a second
  // The last client to end is alone for a while.
  expect_holds(over_seeds([](uint64_t seed) { return throughput(closed(seed)); }), formula, 0.02);
}

TEST(Queueing, TheLawOfResponseTimes) {
  // R = N / X - Z, whatever is distributed how, where N are the clients that have not ended, on average.
  for (uint64_t seed : {1, 2, 3}) {
    const RunResult r = closed(seed);
    const double response = (each(r, "wait_ns", "client") + each(r, "work_ns", "client")) / kRounds;
    const double think = each(r, "blocked_sleep_ns", "client") / kRounds;
    const double clients =
        kClients * each(r, "lifetime_ns", "client") / (static_cast<double>(r.metric("makespan_ns")) / kSecond);
    EXPECT_NEAR(response, clients / throughput(r) - think, 1e-6);
    EXPECT_NEAR(clients, kClients, 0.1 * kClients);
  }
}

TEST(Queueing, BusyTasksShareByTheirWeights) {
  Workload w;
  const std::pair<const char*, int8_t> hogs[] = {{"zero", 0}, {"five", 5}, {"ten", 10}};
  for (const auto& [name, nice] : hogs) {
    testing::add_task(w, name, {op::compute(Work(1'000'000'000)), op::loop(0, 0)});
    w.tasks.back().nice = nice;
    w.tasks.back().background = true;
  }
  testing::add_task(w, "clock", {op::sleep(60_s)});
  const RunResult r = simulate(w, {"eevdf", "{}"}, 1);
  const double whole = 1024 + 335 + 110;  // sched_prio_to_weight[]
  EXPECT_NEAR(each(r, "work_ns", "zero") / 60, 1024 / whole, 0.005);
  EXPECT_NEAR(each(r, "work_ns", "five") / 60, 335 / whole, 0.005);
  EXPECT_NEAR(each(r, "work_ns", "ten") / 60, 110 / whole, 0.005);
}

}  // namespace
}  // namespace simsched
