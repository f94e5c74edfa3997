#include "sim/packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "sim/metric_table.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

// A data plane of one CPU or several, put together piece by piece.
struct Plane {
  Workload w;

  Plane() { w.name = "plane"; }
  size_t add_class(const std::string& name, Work cost, Nanos sla = Nanos(0)) {
    PacketClass each;
    each.name = name;
    each.cost.fixed = cost;
    each.sla = sla;
    w.packets.classes.push_back(each);
    return w.packets.classes.size() - 1;
  }
  // A ring on `cpu`, with the ksoftirqd of that CPU unless it is there.
  RingId add_ring(CpuId cpu, uint32_t capacity, Work cost = Work(0)) {
    PacketRing ring;
    ring.cpu = cpu;
    ring.capacity = capacity;
    ring.cost.fixed = cost;
    w.packets.rings.push_back(ring);
    bool known = false;
    for (const PollThread& thread : w.packets.threads) known |= thread.cpu == cpu;
    if (!known) add_thread("ksoftirqd/" + std::to_string(cpu.value()), RingId(), cpu);
    return RingId(w.packets.rings.size() - 1);
  }
  PollThreadId add_thread(const std::string& name, RingId ring, CpuId cpu) {
    const PollThreadId thread(w.packets.threads.size());
    const TaskId task = add_task(w, name, {op::poll(thread.value()), op::loop(0, 0)});
    w.tasks[task.index()].background = w.tasks[task.index()].kthread = true;
    if (cpu.valid()) w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::single(cpu));
    w.packets.threads.push_back({task, ring, cpu});
    return thread;
  }
  void threaded(RingId ring) {
    const PollThreadId thread = add_thread("napi/" + std::to_string(ring.value()), ring, CpuId());
    w.packets.rings[ring.index()].thread = thread;
  }
  PacketFlow& add_flow(size_t of_class, RingId ring, int64_t rate, Arrivals::Kind kind = Arrivals::Kind::kPoisson) {
    PacketFlow flow;
    flow.packet_class = PacketClassId(of_class);
    flow.ring = ring;
    flow.first_size = static_cast<uint32_t>(w.packets.sizes.size());
    flow.nr_sizes = 1;
    flow.arrivals.kind = kind;
    flow.arrivals.rate = rate;
    w.packets.sizes.push_back({100, 100, 1});
    w.packets.flows.push_back(flow);
    return w.packets.flows.back();
  }
  // `workers` tasks that take the packets of the class.
  void add_workers(size_t of_class, uint32_t capacity, int workers = 1) {
    w.packets.classes[of_class].queue = PacketQueueId(w.packets.queues.size());
    w.packets.queues.push_back({capacity});
    for (int i = 0; i < workers; ++i) {
      const TaskId task = add_task(
          w, "worker",
          {op::packet_in(static_cast<int32_t>(w.packets.queues.size()) - 1), op::packet_out(), op::loop(0, 0)});
      w.tasks[task.index()].background = true;
    }
  }
  RunResult run(size_t cpus, Nanos duration, uint64_t seed = 1) {
    w.check(cpus);
    EngineOptions options;
    options.duration = duration;
    options.seed = seed;
    const Machine machine = flat_machine(cpus);
    Engine engine(machine, w, options, testing::queue_classes());
    engine.run();
    return engine.result();
  }
};

int64_t of(const RunResult& result, const std::string& figure) { return result.find("packets_" + figure).value_or(-1); }
double real(int64_t value) { return static_cast<double>(value); }
double real_of(const RunResult& result, const std::string& figure) { return real(of(result, figure)); }
int64_t time_of(const NamedNanos& list, const std::string& name) {
  for (const auto& [key, value] : list)
    if (key == name) return value;
  return -1;
}

// D/D/1: nobody waits below capacity.
TEST(Packets, RegularOnesBelowCapacityTakeTheirCostAndNoLonger) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(700));
  plane.add_flow(c, plane.add_ring(CpuId(0), 8), 1'000'000, Arrivals::Kind::kRegular);
  const RunResult result = plane.run(1, 10_ms);
  EXPECT_NEAR(real_of(result, "c_arrived"), 10'000, 1);
  EXPECT_EQ(of(result, "c_latency_ns_mean"), 700);
  EXPECT_EQ(of(result, "c_latency_ns_max"), 700);
  EXPECT_EQ(of(result, "c_dropped_ring"), 0);
  EXPECT_NEAR(real(result.metric("utilisation_ppm")), 700'000, 200);
}

// And above it as many are served as fit, and the others dropped.
TEST(Packets, RegularOnesAboveCapacityAreServedAtCapacity) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(2'000));
  plane.add_flow(c, plane.add_ring(CpuId(0), 4), 1'000'000, Arrivals::Kind::kRegular);
  const RunResult result = plane.run(1, 10_ms);
  EXPECT_NEAR(real_of(result, "c_served"), 5'000, 5);
  EXPECT_NEAR(real_of(result, "c_dropped_ring"), 5'000, 6);
  EXPECT_NEAR(real_of(result, "c_latency_ns_p50"), 4 * 2'000, 1'100);  // it waits for those before it
}

// M/D/1: mean time in the system = service x (1 + rho / (2 (1 - rho))), Pollaczek-Khinchine.
TEST(Packets, PoissonOnesWaitAsPollaczekAndKhinchineSay) {
  for (int64_t load : {20, 50, 80, 90}) {
    Plane plane;
    const size_t c = plane.add_class("c", Work(10'000));
    plane.add_flow(c, plane.add_ring(CpuId(0), 4096), load * 1'000);
    const RunResult result = plane.run(1, 20_s);
    const double rho = static_cast<double>(load) / 100, mean = 10'000 * (1 + rho / (2 * (1 - rho)));
    EXPECT_NEAR(real(of(result, "c_latency_ns_mean")), mean, mean * 0.02) << load;
    EXPECT_NEAR(real(result.metric("utilisation_ppm")), rho * 1e6, 3e3) << load;
    EXPECT_EQ(of(result, "c_dropped_ring"), 0);
  }
}

// M/D/1/K, K packets with the one in service: the states at departures make a Markov chain. With x_k their
// probabilities up to a factor, those at arrivals follow; the last is the loss.
double loss_of_md1k(double rho, int places) {
  auto poisson = [&](int n) { return std::exp(n * std::log(rho) - rho - std::lgamma(n + 1)); };
  std::vector<double> x = {1};
  for (int k = 0; k + 1 < places; ++k) {
    double next = x[static_cast<size_t>(k)] - x[0] * poisson(k);
    for (int j = 1; j <= k; ++j) next -= x[static_cast<size_t>(j)] * poisson(k - j + 1);
    x.push_back(next / poisson(0));
  }
  double sum = 0;
  for (double each : x) sum += each;
  return 1 - 1 / (x[0] / sum + rho);
}

TEST(Packets, AFullRingDropsAsMD1KSays) {
  for (int places : {1, 2, 5, 10}) {
    Plane plane;
    const size_t c = plane.add_class("c", Work(10'000));
    plane.add_flow(c, plane.add_ring(CpuId(0), static_cast<uint32_t>(places)), 90'000);
    const RunResult result = plane.run(1, 10_s);
    const double loss = loss_of_md1k(0.9, places) * 1e6;
    EXPECT_NEAR(real(of(result, "c_dropped_ppm")), loss, std::max(loss * 0.03, 500.0)) << places;
  }
}

// The same of a worker: M/D/1 behind a ring that costs next to nothing.
TEST(Packets, AWorkersQueueIsAQueueToo) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(10'000));
  plane.add_flow(c, plane.add_ring(CpuId(0), 4096, Work(1)), 50'000);
  plane.add_workers(c, 4096);
  const RunResult result = plane.run(2, 10_s);
  EXPECT_NEAR(real(of(result, "c_latency_ns_mean")), 15'000, 300);
}

TEST(Packets, BurstsComeAtTheirMeanRate) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(1));
  Arrivals& arrivals = plane.add_flow(c, plane.add_ring(CpuId(0), 64), 10'000, Arrivals::Kind::kBursty).arrivals;
  arrivals.on = 2_ms;
  arrivals.off = 8_ms;
  const RunResult result = plane.run(1, 100_s);
  EXPECT_NEAR(real(of(result, "c_arrived")), 1'000'000, 30'000);
}

TEST(Packets, RecordedRatesAreFollowed) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(1));
  Arrivals& arrivals = plane.add_flow(c, plane.add_ring(CpuId(0), 64), 1, Arrivals::Kind::kRecorded).arrivals;
  plane.w.packets.steps = {{1_s, 100'000}, {2_s, 0}, {3_s, 20'000}};
  arrivals.nr_steps = 3;
  EXPECT_EQ(of(plane.run(1, 1_s), "c_arrived"), 0);
  EXPECT_NEAR(real(of(plane.run(1, 2_s), "c_arrived")), 100'000, 1'500);
  EXPECT_EQ(of(plane.run(1, 2_s), "c_arrived"), of(plane.run(1, 3_s), "c_arrived"));
  EXPECT_NEAR(real(of(plane.run(1, 5_s), "c_arrived")), 140'000, 1'800);
}

// ---- Who pays ----

TEST(SoftIrq, TimeIsTheCpusAndThatOfTheTaskThatItInterrupts) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(3'000));
  plane.add_flow(c, plane.add_ring(CpuId(0), 64), 100'000, Arrivals::Kind::kRegular);
  add_task(plane.w, "hog", {op::compute(Work(70'000'000))});
  const RunResult result = plane.run(1, 1_s);
  EXPECT_NEAR(real(result.metric("makespan_ns")), 100e6, 50e3);
  EXPECT_NEAR(real(time_of(result.task_time, "irq_ns")), 30e6, 20e3);
  EXPECT_EQ(time_of(result.task_time, "irq_ns"), time_of(result.cpu_time, "irq_ns"));
  EXPECT_EQ(time_of(result.task_time, "work_ns"), 70'000'000);
}

TEST(SoftIrq, OfAnIdleCpuIsNobodysTime) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(3'000));
  plane.add_flow(c, plane.add_ring(CpuId(1), 64), 100'000, Arrivals::Kind::kRegular);
  const TaskId hog = add_task(plane.w, "hog", {op::compute(Work(70'000'000))});
  plane.w.tasks[hog.index()].affinity = plane.w.intern_affinity(CpuSet::single(CpuId(0)));
  const RunResult result = plane.run(2, 1_s);
  EXPECT_EQ(result.metric("makespan_ns"), 70'000'000);
  EXPECT_EQ(time_of(result.task_time, "irq_ns"), 0);
  EXPECT_NEAR(real(time_of(result.cpu_time, "irq_ns")), 21e6, 10e3);
}

// Interrupts are off while their ring is polled: one for many packets.
TEST(SoftIrq, PollingCoalescesInterrupts) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(900));
  plane.add_flow(c, plane.add_ring(CpuId(0), 1024), 1'000'000);
  plane.w.packets.netdev.interrupt = Work(500);
  const RunResult busy = plane.run(1, 1_s);
  EXPECT_LT(of(busy, "all_interrupts") * 4, of(busy, "all_served"));
  plane.w.packets.flows[0].arrivals.rate = 1'000;
  const RunResult quiet = plane.run(1, 1_s);
  EXPECT_NEAR(real(of(quiet, "all_interrupts")), real(of(quiet, "all_served")), 5);
}

// Ten rounds of 64 packets, or the tick: then ksoftirqd goes on as a task, whose time is its own.
TEST(SoftIrq, KsoftirqdGoesOnWhenItTakesTooLong) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(1'000));
  plane.add_flow(c, plane.add_ring(CpuId(0), 4096), 500'000);
  EXPECT_EQ(of(plane.run(1, 50_ms), "all_ksoftirqd_wakeups"), 0);
  plane.w.packets.flows[0].arrivals.rate = 2'000'000;
  const RunResult result = plane.run(1, 50_ms);
  EXPECT_GT(of(result, "all_ksoftirqd_wakeups"), 0);
  EXPECT_NEAR(real(of(result, "all_served")), 50'000, 100);
  int64_t worked = 0;
  for (const auto& [name, values] : result.task_time_by_name)
    if (name == "ksoftirqd/0") worked = time_of(values, "work_ns");
  EXPECT_GT(worked, 5'000'000);
}

// need_resched ends the rounds in the interrupt: with a task that shares the CPU, ksoftirqd shares it too, instead of
// soft interrupts taking all of it.
TEST(SoftIrq, OverloadLeavesTasksTheirShare) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(1'000));
  plane.add_flow(c, plane.add_ring(CpuId(0), 4096), 3'000'000);
  const TaskId hog = add_task(plane.w, "hog", {op::compute(Work(10'000'000'000))});
  plane.w.tasks[hog.index()].background = true;
  const RunResult result = plane.run(1, 2_s);
  int64_t worked = 0;
  for (const auto& [name, values] : result.task_time_by_name)
    if (name == "hog") worked = time_of(values, "work_ns");
  EXPECT_GT(worked, 400'000'000);
  EXPECT_GT(of(result, "all_served"), 500'000);
}

TEST(SoftIrq, BudgetOfSeveralRingsEndsARound) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(1'000));
  for (int i = 0; i < 8; ++i) plane.add_flow(c, plane.add_ring(CpuId(0), 4096), 1'000'000);
  plane.w.packets.netdev.budget = 64;
  const int64_t small = of(plane.run(1, 100_ms), "all_rounds");
  plane.w.packets.netdev.budget = 100'000;
  EXPECT_GT(small, 4 * of(plane.run(1, 100_ms), "all_rounds"));
}

TEST(ThreadedNapi, APollingThreadIsATaskLikeOthers) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(2'000));
  const RingId ring = plane.add_ring(CpuId(0), 256);
  plane.threaded(ring);
  plane.add_flow(c, ring, 100'000);
  const RunResult result = plane.run(2, 1_s);
  EXPECT_EQ(time_of(result.cpu_time, "irq_ns"), 0);
  int64_t worked = 0;
  for (const auto& [name, values] : result.task_time_by_name)
    if (name == "napi/0") worked = time_of(values, "work_ns");
  EXPECT_NEAR(real(worked), 2'000 * real_of(result, "all_served"), 2'000);
  EXPECT_EQ(of(result, "all_ksoftirqd_wakeups"), 0);
}

TEST(PacketResults, ATailIsToldWithSamplesEnough) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(100));
  plane.add_flow(c, plane.add_ring(CpuId(0), 64), 10'000, Arrivals::Kind::kRegular);
  const RunResult few = plane.run(1, 100_ms);  // 1,000
  EXPECT_TRUE(few.find("packets_c_latency_ns_p99"));
  EXPECT_FALSE(few.find("packets_c_latency_ns_p99.9"));
  EXPECT_TRUE(plane.run(1, 31_s).find("packets_c_latency_ns_p99.999"));
}

TEST(PacketResults, PromisesAreCounted) {
  Plane plane;
  const size_t c = plane.add_class("c", Work(2'000), 5_us);
  plane.w.packets.classes[c].budget = 9_us;
  plane.add_flow(c, plane.add_ring(CpuId(0), 6), 1'000'000, Arrivals::Kind::kRegular);
  const RunResult result = plane.run(1, 10_ms);
  EXPECT_GT(of(result, "c_late_sla_ppm"), 990'000);
  EXPECT_GT(of(result, "c_late_budget_ppm"), 900'000);
  EXPECT_LT(of(result, "c_late_budget"), of(result, "c_late_sla"));
}

// ---- Whatever is offered ----

Plane random_plane(Rng& rng, size_t cpus) {
  Plane plane;
  const auto pick = [&](std::initializer_list<int64_t> of_these) {
    return *(of_these.begin() + rng.below(of_these.size()));
  };
  plane.w.packets.netdev.interrupt = Work(pick({0, 300, 5'000}));
  plane.w.packets.netdev.budget = static_cast<int32_t>(pick({1, 64, 300}));
  plane.w.packets.netdev.weight = static_cast<int32_t>(pick({1, 8, 64}));
  const auto classes = 1 + rng.below(3), rings = 1 + rng.below(4);
  for (size_t i = 0; i < classes; ++i) {
    const size_t c =
        plane.add_class("c" + std::to_string(i), Work(pick({0, 500, 5'000, 40'000})), Nanos(pick({0, 20'000})));
    plane.w.packets.classes[c].cost.per_byte_ps = pick({0, 300});
    if (rng.below(2)) plane.add_workers(c, static_cast<uint32_t>(pick({1, 16, 500})), static_cast<int>(pick({1, 3})));
  }
  for (size_t i = 0; i < rings; ++i) {
    const RingId ring =
        plane.add_ring(CpuId(rng.below(cpus)), static_cast<uint32_t>(pick({1, 16, 1024})), Work(pick({0, 200, 3'000})));
    if (rng.below(3) == 0) plane.threaded(ring);
    const auto flows = rng.below(4);
    for (size_t f = 0; f < flows; ++f) {
      PacketFlow& flow = plane.add_flow(rng.below(classes), ring, pick({100, 20'000, 300'000, 1'500'000}));
      flow.arrivals.kind = static_cast<Arrivals::Kind>(rng.below(3));
      flow.arrivals.on = 10_ms;
      flow.arrivals.off = Nanos(pick({0, 1'000'000}));
      flow.overhead = static_cast<int32_t>(pick({0, 44}));
    }
  }
  for (size_t i = 0; i < rng.below(4); ++i)
    add_task(plane.w, "t", {op::compute(Work(pick({1'000, 3'000'000}))), op::sleep(100_us), op::loop(0, 20)});
  if (plane.w.tasks.empty() || rng.below(2)) add_task(plane.w, "t", {op::compute(Work(5'000'000))});
  return plane;
}

// arrived = served + dropped + left, in packets and in bits; all time adds up (checked at the end of every run),
// whatever CPUs come and go.
RC_GTEST_PROP(PacketProperties, NothingIsLost, (uint64_t seed)) {
  Rng rng(seed);
  const size_t cpus = 1 + rng.below(4);
  Plane plane = random_plane(rng, cpus);
  EngineOptions options;
  options.duration = 20_ms;
  options.seed = seed;
  options.kernel.version = rng.below(2) ? "6.12" : "6.1";
  if (rng.below(2)) options.kernel.preempt = Preempt::kFull;
  options.check_invariants = true;
  if (cpus > 1 && rng.below(2)) {
    options.hotplug.push_back({5_ms, CpuId(rng.below(cpus)), false});
    options.hotplug.push_back({12_ms, options.hotplug.back().cpu, true});
  }
  plane.w.check(cpus);
  const Machine machine = flat_machine(cpus, rng.below(2) ? 2 : 1);
  Engine engine(machine, plane.w, options, testing::queue_classes());
  engine.run();
  const RunResult result = engine.result();
  for (const auto& [name, values] : result.packets) {
    auto figure = [&, &list = values](const std::string& key) { return time_of(list, key); };
    RC_ASSERT(figure("arrived") ==
              figure("served") + figure("dropped_ring") + figure("dropped_queue") + figure("left"));
    RC_ASSERT(figure("arrived_bits") >= figure("served_bits") + figure("dropped_bits"));
    if (figure("left") == 0) RC_ASSERT(figure("arrived_bits") == figure("served_bits") + figure("dropped_bits"));
  }
}

// A copy between two events goes on as the original does.
RC_GTEST_PROP(PacketProperties, ASnapshotGoesOnAsTheOriginal, (uint64_t seed)) {
  Rng rng(seed);
  Plane plane = random_plane(rng, 2);
  EngineOptions options;
  options.duration = 10_ms;
  const Machine machine = flat_machine(2);
  Engine engine(machine, plane.w, options, testing::queue_classes());
  Engine twin(machine, plane.w, options, testing::queue_classes());
  engine.run_until(Nanos(static_cast<int64_t>(rng.below(9'000'000))));
  twin.assign(engine);
  engine.run();
  twin.run();
  for (const auto& [name, figures] : engine.result().packets)
    for (const auto& [figure, value] : figures) {
      const std::string metric = "packets_" + name + "_" + figure;
      RC_ASSERT(find_metric(metric) != nullptr && packet_class_of(metric) == name);
    }
  RC_ASSERT(engine.result().packets == twin.result().packets);
  RC_ASSERT(engine.result().metrics == twin.result().metrics);
}

}  // namespace
}  // namespace simsched
