// What memory costs tasks: where their pages lie, and how busy the memories, links and caches are on the way there.
//
// A task that waits for memory (TaskSpec::memory) puts its pages on the node where it runs when it first uses them;
// those that share a memory (TaskSpec::share) use all of its pages alike, whoever of them used one first. How far they
// are from where it runs later, and what others read at the same time, says how slowly it gets on: MemoryFelt, from
// which Kernel::refresh_speed() makes Factor::kMemory. It stays slow until its pages follow, or it goes home. All is
// integer, a function of what runs now, and looked at only when that changes, for those that it concerns.
//
// Where the numbers come from: latency under load is the mean of four published curves of Intel's Memory Latency
// Checker; beyond what a memory can deliver, bandwidth is shared max-min fairly. The rest, marked so, are estimates.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "base/units.h"
#include "topology/machine.h"
#include "workloads/workload.h"

namespace simsched {

// How a running task feels memory. All are of 1024.
struct MemoryFelt {
  uint32_t share = 0;        // of its reference work, what waits for memory; 0: it does not feel any
  uint32_t slowdown = 1024;  // how much longer that part takes
  uint32_t least = 1024;     // the time that the whole takes at least, for want of bandwidth
  friend bool operator==(const MemoryFelt&, const MemoryFelt&) = default;
};

class Memory {
 public:
  Memory() = default;
  Memory(const Machine& machine, const Workload& workload);

  bool on() const { return !tasks_.empty(); }
  bool models(TaskId task) const { return task.index() < number_.size() && number_[task.index()] >= 0; }
  // Whether it knows what the task keeps in the last-level cache, and what coming back to one costs.
  bool models_cache(TaskId task) const { return caches_known_ && models(task) && of(task).footprint_kib > 0; }

  // `task` was switched to on `cpu`: the extra work of filling its part of the last-level cache again. Off it: leave().
  Work come(const Machine& machine, CpuId cpu, TaskId task, Nanos now);
  void leave(const Machine& machine, CpuId cpu, Nanos now);
  // Brings what the running task of `cpu` has used up to now.
  void settle(const Machine& machine, CpuId cpu, Nanos now);
  const MemoryFelt& felt(CpuId cpu) const { return cpus_[cpu.index()].felt; }
  // The CPUs whose MemoryFelt has changed since the last call; until the next one.
  const std::vector<CpuId>& take_changed(const Machine& machine);

  // Of a task that is modelled: its pages (of 4 KiB) on a node, and all that it has used so far.
  int64_t pages(TaskId task, NodeId node) const { return pages_of(region_of(of(task)), node); }
  int64_t pages(TaskId task) const { return region_of(of(task)).pages - region_of(of(task)).untouched; }
  // At most so many of them go from one node to another: how many did.
  int64_t move_pages(const Machine& machine, TaskId task, NodeId from, NodeId to, int64_t count);
  // A new program image.
  void forget(const Machine& machine, TaskId task);

  // Of all tasks so far.
  struct Counts {
    int64_t pages_moved = 0;
    Nanos used, remote;  // time in which tasks ran that are modelled; of that, in proportion, with pages elsewhere
  };
  const Counts& counts() const { return counts_; }

 private:
  static constexpr size_t kSizes = 16;
  static constexpr int64_t kNoBound = INT64_MAX;

  // The memory of a task, or of those that share it.
  struct Region {
    int64_t pages = 0, untouched = 0;
    size_t first = 0;  // of its pages by node, in pages_
    int32_t tasks = 0;
    std::vector<uint32_t> running;  // numbers of those that run; empty where there is one
  };
  struct TaskMemory {
    uint32_t region = 0;
    int64_t demand = 0;         // MB/s that it reads alone, all near
    int64_t footprint_kib = 0;  // in caches; of a shared memory, its part
    uint32_t share = 0;
    CpuId cpu;                             // where it runs; none: it does not
    Nanos since;                           // accounted for up to then
    LlcId llc;                             // where it ran last
    int64_t cached_kib = 0, inserted = 0;  // of it there; what all had inserted there then
  };
  // What tasks read through: the memory of a node, its links inward, its links outward.
  struct Pool {
    int64_t demand = 0;                     // MB/s of those who run
    std::array<int64_t, kSizes> of_size{};  // by the logarithm of what each wants
    std::array<uint32_t, kSizes> count{};
    uint32_t latency = 1024;   // of the idle one
    int64_t bound = kNoBound;  // MB/s that anybody gets at most
    CpuSet users;
    bool stale = false;
  };
  struct Cache {
    int64_t demand = 0, footprint_kib = 0;  // of those who run
    int64_t inserted = 0;                   // KiB so far, up to `since`, and what is less than one
    int64_t inserted_rest = 0;
    Nanos since;
    int64_t contention = 0;  // `demand` when they do not fit together; 0: they do
    CpuSet users;
    bool stale = false;
  };
  struct OfCpu {
    int32_t task = -1;  // number of the running one
    MemoryFelt felt;
  };

  const TaskMemory& of(TaskId task) const { return tasks_[static_cast<size_t>(number_[task.index()])]; }
  TaskMemory& of(TaskId task) { return tasks_[static_cast<size_t>(number_[task.index()])]; }
  const Region& region_of(const TaskMemory& task) const { return regions_[task.region]; }
  Region& region_of(const TaskMemory& task) { return regions_[task.region]; }
  int64_t pages_of(const Region& region, NodeId node) const { return pages_[region.first + node.index()]; }
  template <class Change>
  void change_pages(const Machine& machine, TaskMemory& task, Change&& change);
  void touch(const Machine& machine, TaskMemory& task, int64_t pages);
  template <class Use>
  void each_use(const Machine& machine, const TaskMemory& task, Use&& use);
  void use(const Machine& machine, TaskMemory& task, int sign);
  void advance(Cache& cache, Nanos now) const;
  int64_t held_kib(const Machine& machine, const TaskMemory& task, const Cache& cache) const;
  int64_t latency(const Machine& machine, const TaskMemory& task, NodeId from, bool idle) const;
  MemoryFelt feel(const Machine& machine, const TaskMemory& task);
  bool refresh(const Machine& machine, size_t pool);
  bool refresh(const Machine& machine, LlcId llc);
  void felt_by(const Machine& machine, const CpuSet& cpus);

  std::vector<int32_t> number_;  // by TaskId: its place in tasks_; -1: it does not wait for memory
  std::vector<TaskMemory> tasks_;
  std::vector<Region> regions_;
  std::vector<int64_t> pages_;  // of the first region by node, of the second, ...
  std::vector<OfCpu> cpus_;
  std::vector<Pool> pools_;    // memories by node, links inward, links outward
  std::vector<Cache> caches_;  // by LlcId
  std::vector<size_t> stale_pools_;
  std::vector<LlcId> stale_caches_;
  std::vector<CpuId> changed_, taken_;
  bool caches_known_ = false;
  int64_t near_ns_ = 1;  // the latency that work is counted with
  Counts counts_;
};

// The three factors that tasks like `felt` have on a core that is so fast, at such a frequency: their part that waits
// for memory does not gain by either ("leading loads"). Of 1024.
struct CoreAndMemory {
  uint32_t core, frequency, memory;
};
CoreAndMemory with_memory(uint32_t core, uint32_t frequency, const MemoryFelt& felt);

}  // namespace simsched
