#include "calibrate/host_costs.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <thread>

#include "base/error.h"
#include "base/rng.h"

namespace simsched {
namespace {

Nanos clock_now() {
  return Nanos(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
                   .count());
}

void pin(CpuId cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu.index(), &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
    throw Error("host", fmt::format("CPU {} cannot be used", cpu.value()), "run it where all CPUs are allowed");
}

CpuSet usable(const Machine& machine) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CpuSet cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (CpuId cpu : machine.cpus())
    if (cpu.index() < CPU_SETSIZE && CPU_ISSET(cpu.index(), &set)) cpus.add(cpu);
  return cpus;
}

// A word that one thread sleeps on and another wakes it by.
class Bell {
 public:
  void ring() {
    word_.fetch_add(1, std::memory_order_release);
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  // Until it has been rung more often than `heard`.
  void wait(uint32_t heard) {
    while (word_.load(std::memory_order_acquire) == heard)
      syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, heard, nullptr, nullptr, 0);
  }

 private:
  std::atomic<uint32_t> word_{0};
};

// The caller on `from` wakes a thread on `to`, which has slept for `idle`: from before the wake until it runs.
std::vector<Nanos> wake_latencies(CpuId from, CpuId to, Nanos idle, size_t times) {
  std::vector<Nanos> samples;
  Bell there, back;
  std::atomic<int64_t> rung{0};
  std::thread sleeper([&] {
    pin(to);
    for (uint32_t i = 0; i < times; ++i) {
      there.wait(i);
      samples.push_back(clock_now() - Nanos(rung.load(std::memory_order_acquire)));
      back.ring();
    }
  });
  pin(from);
  for (uint32_t i = 0; i < times; ++i) {
    // Spinning, as sleeping would let this CPU idle, too.
    for (const Nanos until = clock_now() + idle; clock_now() < until;) {
    }
    rung.store(clock_now().count(), std::memory_order_release);
    there.ring();
    back.wait(i);
  }
  sleeper.join();
  return samples;
}

// Two threads of one CPU that wake each other: a round is two system calls to wake, two to sleep and two switches. Off
// it go the calls, as one thread makes them alone.
Nanos context_switch(CpuId cpu) {
  constexpr uint32_t kRounds = 20000;
  Bell there, back;
  std::thread other([&] {
    pin(cpu);
    for (uint32_t i = 0; i < kRounds; ++i) {
      there.wait(i);
      back.ring();
    }
  });
  pin(cpu);
  const Nanos start = clock_now();
  for (uint32_t i = 0; i < kRounds; ++i) {
    there.ring();
    back.wait(i);
  }
  const Nanos round = (clock_now() - start) / kRounds;
  other.join();
  // A wake that finds nobody, and a wait for what has changed already.
  std::atomic<uint32_t> word{0};
  const Nanos calls_start = clock_now();
  for (uint32_t i = 0; i < kRounds; ++i) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1u, nullptr, nullptr, 0);
  }
  const Nanos calls = (clock_now() - calls_start) / kRounds;
  return std::max(Nanos(1), round / 2 - calls);
}

// Memory in cache lines that lead from one to the next in a random order, so that nothing can be fetched ahead.
class Chain {
 public:
  explicit Chain(size_t bytes)
      : block_(std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage), &std::free),
        lines_(static_cast<Line*>(block_.get()), bytes / sizeof(Line)) {
    if (!block_) throw Error("host", "there is not enough memory to measure with", "free some");
    madvise(block_.get(), bytes, MADV_HUGEPAGE);  // or page tables would be measured
    std::uninitialized_default_construct(lines_.begin(), lines_.end());
    std::vector<uint32_t> order(lines_.size());
    std::iota(order.begin(), order.end(), 0u);
    Rng rng(1);
    for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[rng.below(i + 1)]);
    for (size_t i = 0; i < order.size(); ++i) lines_[order[i]].next = order[(i + 1) % order.size()];
  }
  // How long it takes to visit every line once.
  Nanos walk() {
    const Nanos start = clock_now();
    uint32_t at = at_;
    for (size_t i = 0; i < lines_.size(); ++i) at = lines_[at].next;
    at_ = at;
    return clock_now() - start;
  }
  size_t size() const { return lines_.size(); }

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;
  struct alignas(64) Line {
    uint32_t next;
  };
  std::unique_ptr<void, decltype(&std::free)> block_;
  std::span<Line> lines_;
  volatile uint32_t at_ = 0;
};

// What walking through `bytes` takes longer right after a move from one CPU to another than on the same one.
Nanos refill(size_t bytes, CpuId from, CpuId to, size_t times) {
  Chain chain(bytes);
  std::vector<Nanos> extra;
  for (size_t i = 0; i < times; ++i) {
    pin(from);
    chain.walk();
    chain.walk();
    pin(to);
    const Nanos cold = chain.walk();
    extra.push_back(std::max(Nanos(0), cold - chain.walk()));
  }
  std::sort(extra.begin(), extra.end());
  return extra[extra.size() / 2];
}

// How far two threads get that compute side by side, against one alone; of 1024 each.
int32_t smt_share(CpuId cpu, CpuId sibling) {
  constexpr Nanos kSpan{200000000};
  const auto work = [&](CpuId where) {
    pin(where);
    uint64_t rounds = 0, value = 1;
    for (const Nanos until = clock_now() + kSpan; clock_now() < until; ++rounds)
      for (int i = 0; i < 1000; ++i) value = value * 6364136223846793005u + 1442695040888963407u + (value >> 33);
    volatile uint64_t keep = value;
    (void)keep;
    return rounds;
  };
  const uint64_t alone = work(cpu);
  std::thread other([&] { work(sibling); });
  const uint64_t beside = work(cpu);
  other.join();
  return static_cast<int32_t>(
      std::clamp<uint64_t>(beside * kCapacityScale / std::max<uint64_t>(1, alone), 1, kCapacityScale));
}

// A CPU at this distance from `cpu`, of those that may be used.
std::optional<CpuId> at_distance(const Machine& machine, const CpuSet& cpus, CpuId cpu, Distance distance) {
  for (CpuId other : cpus)
    if (machine.distance(cpu, other) == distance) return other;
  return std::nullopt;
}

// The measuring itself, a step a subject.
class Measuring {
 public:
  Measuring(const Machine& machine, CpuSet cpus, const Progress& progress)
      : machine_(machine), cpus_(std::move(cpus)), first_(cpus_.first_cpu()), progress_(progress) {
    for (const Level& level : kLevels)
      if (auto other = at_distance(machine_, cpus_, first_, level.distance)) pairs_.emplace_back(&level, *other);
  }

  HostCosts run() {
    result_.costs.push_back({"context_switch_ns", Spread(context_switch(first_)), 1});
    step();
    for (const auto& [level, other] : pairs_) {
      wake(*level, other);
      step();
      refill_from(*level, other);
      step();
    }
    if (const auto sibling = at_distance(machine_, cpus_, first_, Distance::kSmt))
      result_.smt_share = smt_share(first_, *sibling);
    step();
    memory();
    step();
    return std::move(result_);
  }

 private:
  struct Level {
    Distance distance;
    const char* name;
  };
  static constexpr Level kLevels[] = {{Distance::kSmt, "thread of the same core"},
                                      {Distance::kLlc, "core of the same LLC"},
                                      {Distance::kNode, "core of another LLC of the node"},
                                      {Distance::kRemote, "core of another node"}};

  void step() {
    if (progress_) progress_(++done_, 3 + 2 * pairs_.size());
  }
  void figure(const std::string& name, const char* unit, double value) {
    result_.figures.push_back({name, unit, value});
  }
  static double us(Nanos time) { return static_cast<double>(time.count()) / 1000; }

  // A machine file has one cost for all distances: that of the nearest.
  void wake(const Level& level, CpuId other) {
    std::vector<Nanos> polling = wake_latencies(first_, other, 5_us, 2000);
    std::vector<Nanos> halted = wake_latencies(first_, other, 2_ms, 500);
    const Spread poll = quantiles_of(polling), halt = quantiles_of(halted);
    figure(fmt::format("wake a {}, idle for 5 us", level.name), "us", us(poll.median()));
    figure(fmt::format("wake a {}, idle for 2 ms", level.name), "us", us(halt.median()));
    if (&level != pairs_.front().first) return;
    result_.costs.push_back({"idle_poll_exit_ns", poll, polling.size()});
    result_.costs.push_back({"idle_halt_exit_ns", halt, halted.size()});
  }

  // What private caches hold counts as theirs; 1 MiB is about a core's L2.
  void refill_from(const Level& level, CpuId other) {
    for (size_t kib : {64, 256, 1024, 4096, 16384}) {
      const Nanos extra = refill(kib * 1024, first_, other, kib > 1024 ? 10 : 40);
      figure(fmt::format("refill {} KiB, come to a {}", kib, level.name), "us", us(extra));
      if (kib == 1024 && level.distance == Distance::kLlc)
        result_.costs.push_back({"refill_private_ns", Spread(extra), 40});
    }
  }

  // Memory belongs to the node that touches it first.
  void memory() {
    std::vector<CpuId> of_node;
    for (size_t node = 0; node < machine_.nr_nodes(); ++node)
      if (const CpuSet own = machine_.node_cpus(NodeId(node)) & cpus_; !own.empty()) of_node.push_back(own.first_cpu());
    for (CpuId home : of_node) {
      pin(home);
      Chain chain(size_t{128} << 20);
      for (CpuId reader : of_node) {
        pin(reader);
        chain.walk();
        const double ns = static_cast<double>(chain.walk().count()) / static_cast<double>(chain.size());
        figure(fmt::format("memory of node {} from node {}", machine_.cpu(home).node.value(),
                           machine_.cpu(reader).node.value()),
               "ns", ns);
      }
    }
  }

  const Machine& machine_;
  const CpuSet cpus_;
  const CpuId first_;
  const Progress& progress_;
  std::vector<std::pair<const Level*, CpuId>> pairs_;
  HostCosts result_;
  size_t done_ = 0;
};

}  // namespace

HostCosts measure_host(const Machine& machine, const Progress& progress) {
  CpuSet cpus = usable(machine);
  if (cpus.empty()) throw Error("host", "no CPU may be used", "run it where CPUs are allowed");
  // In a thread, so that the caller's affinity stays.
  return std::async(std::launch::async, [&] { return Measuring(machine, cpus, progress).run(); }).get();
}

}  // namespace simsched
