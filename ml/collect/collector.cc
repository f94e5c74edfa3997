#include "ml/collect/collector.h"

#include <algorithm>

#include "base/error.h"
#include "ml/collect/place_features.h"
#include "policies/fair/run_queue.h"
#include "sim/kernel.h"

namespace simsched::ml {
namespace {

Nanos blocked(const Task& task) {
  Nanos sum;
  for (size_t c = 0; c < kNrCauses; ++c)
    if (kCauses[c].where == Where::kBlocked) sum += task.time[static_cast<Cause>(c)];
  return sum;
}

uint64_t waiting(const Kernel& kernel, CpuId cpu) {
  const uint32_t running = kernel.nr_running(cpu);
  return running - (running > 0 && kernel.curr(cpu).valid() ? 1 : 0);
}

uint16_t idle_share(const Kernel& kernel, CpuId cpu) {
  const CpuSet& cpus = kernel.machine().llc_cpus(kernel.machine().cpu(cpu).llc);
  u64 idle = 0;
  for (CpuId c : cpus) idle += kernel.idle_cpu(c) ? 1 : 0;
  return feature_share(idle, cpus.size());
}

uint64_t weight(const Kernel& kernel, TaskId task) {
  const int64_t weight =
      kernel.policy(task) == SchedPolicy::kIdle ? fair::kIdleWeight : fair::nice_weight(kernel.nice(task));
  return static_cast<uint64_t>(std::clamp<int64_t>((weight * 100 + 512) / 1024, 1, 10000));
}

u64 ns(Nanos time) { return static_cast<u64>(std::max<int64_t>(time.count(), 0)); }

}  // namespace

uint64_t Collector::queue(const Kernel& kernel, CpuId cpu) const {
  if (!what_.queues_of_llcs) return feature_queue(waiting(kernel, cpu), 1);
  const CpuSet& cpus = kernel.machine().llc_cpus(kernel.machine().cpu(cpu).llc);
  u64 sum = 0;
  for (CpuId c : cpus) sum += waiting(kernel, c);
  return feature_queue(sum, cpus.size());
}

void Collector::follow(const Kernel& kernel, const MoveDecision& decision) {
  if (history_.empty()) history_.resize(kernel.nr_tasks());
  History& task = history_[decision.id.index()];
  const Nanos ran = kernel.time_on_cpu(decision.id);
  switch (decision.site) {
    case MoveSite::kFork:
      task.first_node = kernel.machine().cpu(decision.dst).node;
      break;
    case MoveSite::kWake: {
      const Nanos run = ran - task.ran_before;
      task.average_run = task.average_run == Nanos(0) ? run : task.average_run - task.average_run / 4 + run / 4;
      task.ran_before = ran;
      task.slept = decision.slept;
      task.woken = true;
      break;
    }
    default:
      task.woken &= ran == task.ran_before;
  }
}

mlp::Features Collector::features(const Kernel& kernel, const MoveDecision& decision, CpuId dst) const {
  const Machine& machine = kernel.machine();
  const History& task = history_[decision.id.index()];
  const CpuId src = decision.src;
  const Nanos asleep = blocked(decision.task);
  mlp::Features f{};
  f[FEATURE_WEIGHT] = feature_log(weight(kernel, decision.id));
  f[FEATURE_LAG] = feature_log(ns(decision.lag));
  f[FEATURE_RUN] = feature_log(ns(task.average_run));
  if (decision.site != MoveSite::kFork) {
    f[FEATURE_SLEEP] = feature_share(ns(asleep), ns(kernel.now() - decision.task.born));
    f[FEATURE_COLD] = feature_log(ns(kernel.now() - decision.task.since + (task.woken ? task.slept : Nanos(0))));
  }
  f[FEATURE_SRC_QUEUE] = static_cast<u16>(queue(kernel, src));
  f[FEATURE_DST_QUEUE] = static_cast<u16>(queue(kernel, dst));
  f[FEATURE_SRC_IDLE] = idle_share(kernel, src);
  f[FEATURE_DST_IDLE] = idle_share(kernel, dst);
  f[FEATURE_CAPACITY] =
      feature_capacity(static_cast<u64>(kernel.capacity(dst)), static_cast<u64>(kernel.capacity(src)));
  describe_places(machine, src, dst, task.first_node, f);
  f[FEATURE_SITE] = static_cast<u16>(decision.site);
  return f;
}

namespace {

static_assert(static_cast<int>(MoveSite::kWake) == SITE_WAKE && static_cast<int>(MoveSite::kFork) == SITE_FORK &&
              static_cast<int>(MoveSite::kSteal) == SITE_STEAL && static_cast<int>(MoveSite::kBalance) == SITE_BALANCE);

// The nearest idle CPU that the task may go to; none: none is.
CpuId nearest_idle(const Kernel& kernel, TaskId task, CpuId src) {
  CpuId best;
  for (CpuId cpu : kernel.allowed(task)) {
    if (cpu == src || !kernel.idle_cpu(cpu)) continue;
    if (!best.valid() || relation_of(kernel.machine(), src, cpu) < relation_of(kernel.machine(), src, best)) best = cpu;
  }
  return best;
}

}  // namespace

void Collector::decided(const Kernel& kernel, const MoveDecision& decision) {
  if (kernel.is_stopper(decision.id)) return;
  follow(kernel, decision);
  if (!what_.sites[static_cast<size_t>(decision.site)] || kernel.allowed(decision.id).size() < 2) return;
  CpuId dst = decision.dst;
  if (dst == decision.src) dst = nearest_idle(kernel, decision.id, decision.src);
  if (!dst.valid()) return;
  if (data_.rows() == kMaxRows)
    throw Error("", "a simulation decides more often than a dataset holds",
                "give it a shorter duration, or fewer sites");
  data_.add(features(kernel, decision, dst), decision.moves, 0);
}

}  // namespace simsched::ml
