#include "ml/collect/recorded.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "ml/collect/place_features.h"

namespace simsched::ml {
namespace {

using collect::Decision;
using collect::Stop;
using collect::Trigger;

constexpr int32_t kNormal = 0, kBatch = 3, kIdlePolicy = 5;  // SCHED_*, include/uapi/linux/sched.h

// None: what was decided against was not seen.
std::optional<feature_site> site_of(Trigger trigger) {
  switch (trigger) {
    case Trigger::kWake:
    case Trigger::kWakeSync:
      return SITE_WAKE;
    case Trigger::kFork:
    case Trigger::kExec:
      return SITE_FORK;
    case Trigger::kBalanceNewlyIdle:
    case Trigger::kBalanceIdle:
    case Trigger::kBalanceBusy:
      return SITE_BALANCE;
    case Trigger::kMoved:
      break;
  }
  return {};
}

u64 ns(Nanos time) { return static_cast<u64>(std::max<int64_t>(time.count(), 0)); }

// What is known of a task from its rows before.
struct History {
  Nanos run{0}, asleep{0};  // averages, as a policy keeps them
  int32_t first_node = collect::kAbsent;

  void add(const Decision& row) {
    if (row.last_stop != Stop::kSlept || row.since_run < Nanos(0) || row.last_burst < Nanos(0)) return;
    auto mean = [](Nanos old, Nanos now) { return old == Nanos(0) ? now : old - old / 4 + now / 4; };
    run = mean(run, row.last_burst);
    asleep = mean(asleep, row.since_run);
  }
};

class Rows {
 public:
  Rows(const Machine& machine, const Collected& what) : machine_(machine), what_(what) {}

  std::optional<mlp::Features> features(const Decision& row) {
    History& task = history_[row.pid.value()];
    const auto site = site_of(row.trigger);
    if (site == SITE_WAKE) task.add(row);
    const int32_t node = machine_.cpu(row.src).node.value();
    if (task.first_node == collect::kAbsent) task.first_node = row.numa_node >= 0 ? row.numa_node : node;
    const bool fair = row.policy == kNormal || row.policy == kBatch || row.policy == kIdlePolicy;
    if (!site || !fair || row.running || row.src == row.dst || row.allowed_cpus < 2 || row.weight <= 0) return {};
    if (!what_.sites[static_cast<size_t>(*site)]) return {};

    mlp::Features f{};
    // The kernel's 1024 is 100 to sched_ext.
    f[FEATURE_WEIGHT] = feature_log(static_cast<u64>(std::clamp<int64_t>((row.weight * 100LL + 512) / 1024, 1, 10000)));
    f[FEATURE_LAG] = feature_log(static_cast<u64>(std::max<int64_t>(row.vlag, 0)));
    f[FEATURE_RUN] = feature_log(ns(task.run));
    if (site != SITE_FORK) {
      f[FEATURE_SLEEP] = feature_share(ns(task.asleep), ns(task.run + task.asleep));
      f[FEATURE_COLD] = feature_log(ns(row.since_run));
    }
    f[FEATURE_SRC_QUEUE] = queue(row.src_queue);
    f[FEATURE_DST_QUEUE] = queue(row.dst_queue);
    f[FEATURE_SRC_IDLE] = idle(row.src, row.src_queue);
    f[FEATURE_DST_IDLE] = idle(row.dst, row.dst_queue);
    const NodeId home = task.first_node >= 0 && static_cast<size_t>(task.first_node) < machine_.nr_nodes()
                            ? NodeId(task.first_node)
                            : NodeId();
    describe_places(machine_, row.src, row.dst, home, f);
    f[FEATURE_CAPACITY] = feature_capacity(capacity(row.dst), capacity(row.src));
    f[FEATURE_SITE] = static_cast<u16>(*site);
    return f;
  }

 private:
  static u16 queue(const collect::RunQueue& queue) {
    return feature_queue(static_cast<u64>(std::max(queue.nr_running - 1, 0)), 1);
  }
  // Of the cache's other CPUs nothing is recorded.
  u16 idle(CpuId cpu, const collect::RunQueue& queue) const {
    return feature_share(queue.nr_running == 0 ? 1 : 0, machine_.llc_cpus(machine_.cpu(cpu).llc).size());
  }
  u64 capacity(CpuId cpu) const { return static_cast<u64>(machine_.cpu(cpu).kernel_capacity); }

  const Machine& machine_;
  const Collected& what_;
  std::unordered_map<int32_t, History> history_;  // by pid
};

}  // namespace

Dataset decisions_of(const collect::DecisionFile& file, const Machine& machine, const Collected& what,
                     const std::string& name) {
  Dataset data;
  data.origins = {{std::filesystem::path(name).filename().string(), machine.name(), "kernel", 0}};
  Rows rows(machine, what);
  for (const Decision& row : file.decisions) {
    for (const CpuId cpu : {row.src, row.dst})
      if (!cpu.valid() || cpu.index() >= machine.nr_cpus())
        throw Error(name, "was recorded on CPU " + std::to_string(cpu.value()) + ", which " + machine.name() + " lacks",
                    "name the machine that it was recorded on");
    if (data.rows() == kMaxRows) throw Error(name, "has more decisions than a dataset holds", "record with --sample");
    if (const auto features = rows.features(row)) data.add(*features, row.result != 0, 0);
  }
  return data;
}

}  // namespace simsched::ml
