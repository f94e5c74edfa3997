// What holds for every recording, whole or with events missing: the workload is sound and can run to
// its end, and nothing of the recorded run time is lost or added.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <map>

#include "base/rng.h"
#include "replay/build_workload.h"
#include "topology/load/load.h"
#include "traces/read_trace.h"
#include "traces/trace_maker.h"
#include "traces/trace_stats.h"
#include "workloads/ideal_run.h"

namespace simsched {
namespace {

constexpr int kCpus = 3;
constexpr int kStopper = 900;  // + CPU

Machine free_machine(Nanos context_switch = 0_ns) {
  MachineSpec spec;
  spec.name = "test";
  for (int cpu = 0; cpu < kCpus; ++cpu) spec.cpus.push_back({CoreId(cpu), LlcId(0), NodeId(0)});
  spec.costs.context_switch = context_switch;
  return Machine(spec);
}

// A scheduler that decides at random, and records it as a kernel would.
class RandomRecording {
 public:
  RandomRecording(uint64_t seed, int actions) : rng_(seed), maker_(kCpus) {
    for (int cpu = 0; cpu < kCpus; ++cpu) maker_.names(kStopper + cpu, "migration/" + std::to_string(cpu), 0);
    maker_.names(50, "kworker/u8:1").names(1, "perf-exec").names(2, "daemon");
    queue_ = {1, 2, 50};
    for (int i = 0; i < actions; ++i) act(static_cast<int>(rng_.below(kCpus)));
    int64_t end = trace().events.empty() ? 0 : trace().events.back().time.count() / 1000;
    for (int cpu = 0; cpu < kCpus; ++cpu) {
      if (running_[cpu] != 0) on_cpu_[running_[cpu]] += end - since_[cpu];
    }
  }

  const std::map<int, int64_t>& on_cpu() const { return on_cpu_; }  // by pid, in microseconds
  SchedTrace& trace() { return maker_.trace(); }

 private:
  int pick() {
    if (queue_.empty()) return 0;
    size_t at = rng_.below(queue_.size());
    int pid = queue_[at];
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at));
    return pid;
  }

  void leave(int cpu, uint16_t state) {
    int pid = running_[cpu];
    on_cpu_[pid] += now_ - since_[cpu];
    int next = pick();
    maker_.sw(now_, cpu, pid, state, next);
    running_[cpu] = next;
    since_[cpu] = now_;
    if (state == kStateRunning || state == kStatePreempted)
      queue_.push_back(pid);
    else if (state != kStateDead && state != kStateZombie)
      blocked_.push_back(pid);
  }

  void wake(int cpu, int current, uint8_t context) {
    if (blocked_.empty()) return;
    size_t at = rng_.below(blocked_.size());
    int pid = blocked_[at];
    blocked_.erase(blocked_.begin() + static_cast<std::ptrdiff_t>(at));
    maker_.waking(now_, cpu, current, pid, context, static_cast<int>(rng_.below(kCpus)));
    queue_.push_back(pid);
  }

  void act(int cpu) {
    now_ += 1 + static_cast<int64_t>(rng_.below(200));
    int pid = running_[cpu];
    if (pid == 0) {
      if (rng_.below(3) == 0) return wake(cpu, 0, kSoftIrq);
      int next = pick();
      if (next == 0) return wake(cpu, 0, kHardIrq);
      maker_.sw(now_, cpu, 0, kStateRunning, next);
      running_[cpu] = next;
      since_[cpu] = now_;
      return;
    }
    switch (rng_.below(12)) {
      case 0:
        return leave(cpu, kStatePreempted);
      case 1:
        return leave(cpu, kStateInterruptible);
      case 2:
        return leave(cpu, kStateUninterruptible);
      case 3:
        return leave(cpu, pid == 1 ? kStateRunning : kStateZombie);
      case 4:
        return wake(cpu, pid, kSoftIrq);
      case 5: {
        int other = running_[(cpu + 1) % kCpus];
        if (other != 0) maker_.waking(now_, cpu, pid, other);
        return;
      }
      case 6:
        return static_cast<void>(maker_.exec(now_, cpu, pid, "cc"));
      case 7:
        return static_cast<void>(maker_.waking(now_, cpu, pid, kStopper + cpu, 0, cpu));
      case 8: {
        int child = 100 + children_++;
        maker_.names(child, "child").fork(now_, cpu, pid, child).wakeup_new(now_, cpu, pid, child);
        queue_.push_back(child);
        return;
      }
      default:
        return wake(cpu, pid, 0);
    }
  }

  Rng rng_;
  TraceMaker maker_;
  int64_t now_ = 0;
  int children_ = 0;
  int running_[kCpus] = {};
  int64_t since_[kCpus] = {};
  std::vector<int> queue_, blocked_;
  std::map<int, int64_t> on_cpu_;
};

void run_to_the_end(const Workload& workload, size_t nr_cpus) {
  workload.check(nr_cpus);
  IdealRun run = run_ideally(workload);
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    if (workload.tasks[i].background) continue;
    SIMSCHED_CHECK(run.tasks[i].ended, "task " + std::to_string(i) + " (" + workload.task_name(TaskId(i)) +
                                           (run.tasks[i].waits_for_token ? ") waits for ever" : ") never ends"));
  }
}

int64_t compute(const Workload& workload) {
  int64_t total = 0;
  for (const Op& op : workload.ops) total += op.kind == OpKind::kCompute ? op.value : 0;
  return total;
}

TEST(BuildWorkloadProperty, RunsToTheEndAndConservesWork) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomRecording recording(seed, *rc::gen::inRange(1, 2000));
    Workload workload = build_workload(recording.trace(), free_machine());
    run_to_the_end(workload, kCpus);
    std::map<int, int64_t> work;
    for (size_t i = 0; i < workload.tasks.size(); ++i) {
      for (const Op& op : workload.program(TaskId(i)))
        work[workload.tasks[i].pid] += op.kind == OpKind::kCompute ? op.value : 0;
    }
    for (const auto& [pid, micros] : recording.on_cpu()) RC_ASSERT(work[pid] == micros * 1000);
  }));
}

TEST(BuildWorkloadProperty, LostEventsDoNoHarm) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomRecording recording(seed, *rc::gen::inRange(1, 1000));
    Rng rng(seed + 1);
    uint64_t lost = *rc::gen::inRange(1, 60);
    std::erase_if(recording.trace().events, [&](const TraceEvent&) { return rng.below(100) < lost; });
    run_to_the_end(build_workload(recording.trace(), free_machine(1500_ns)), kCpus);
  }));
}

// Events that make no sense at all, as from a damaged trace file.
TEST(BuildWorkloadProperty, NonsenseDoesNoHarm) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomRecording recording(seed, 300);
    Rng rng(seed + 1);
    for (TraceEvent& event : recording.trace().events) {
      switch (rng.below(10)) {
        case 0:
          event.pid = Pid(static_cast<int32_t>(rng.between(-1, 120)));
          break;
        case 1:
          event.current = Pid(static_cast<int32_t>(rng.between(-1, 120)));
          break;
        case 2:
          event.cpu = CpuId(static_cast<int32_t>(rng.between(-1, kCpus)));
          break;
        case 3:
          event.other_cpu = CpuId(static_cast<int32_t>(rng.between(-1, kCpus - 1)));
          break;
        case 4:
          event.kind = static_cast<TraceKind>(rng.below(10));
          break;
        case 5:
          event.state = static_cast<uint16_t>(1u << rng.below(10));
          break;
        default:
          break;
      }
    }
    run_to_the_end(build_workload(recording.trace(), free_machine(1500_ns)), kCpus);
    trace_stats(recording.trace(), {});
  }));
}

TEST(BuildWorkloadSample, RunsToTheEndAndConservesWork) {
  std::string sample = std::string(SIMSCHED_SOURCE_DIR) + "/traces/samples/small-build-j4.perf.data.zst";
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "no sample";
  SchedTrace trace = read_trace(sample);
  BuildReport report;
  MachineSpec spec = load_machine(trace.circumstances.machine).spec();
  spec.costs.refill_private = 0_ns;  // so that what is taken off can be told from the trace alone
  Machine machine(spec);
  Workload workload = build_workload(trace, machine, &report);
  run_to_the_end(workload, machine.nr_cpus());
  EXPECT_GT(report.edges, report.tasks / 2);
  EXPECT_LT(report.wakes_of_running, report.edges / 20);

  // All time on the CPUs is work but the costs, and what the stoppers ran.
  TraceStats stats = trace_stats(trace, trace.holes.no_switch_from_idle);
  int64_t busy = 0;
  for (Nanos cpu : stats.busy) busy += cpu.count();
  int64_t costs = machine.costs().context_switch.count() * static_cast<int64_t>(stats.switches);
  EXPECT_NEAR(static_cast<double>(compute(workload)), static_cast<double>(busy - costs),
              0.02 * static_cast<double>(busy));

  // Without contention the work that does not depend on each other runs at once.
  EXPECT_LT(run_ideally(workload).end, trace.duration() * 9 / 10);
}

}  // namespace
}  // namespace simsched
