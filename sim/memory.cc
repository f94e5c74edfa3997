#include "sim/memory.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>

#include "base/int128.h"

namespace simsched {
namespace {

constexpr int64_t kScale = 1024;
// What a task reads that does nothing but wait for memory, which is what a core can (12 to 30 GB/s). One that waits for
// half of the time waits for single reads rather than for many at a time: hence the square. Estimates.
constexpr int64_t kCoreMbs = 16000;
constexpr int64_t kForLong = 1'000'000'000'000;  // ns; by then every cache has been filled
constexpr int64_t kTouchNs = 1000;               // of a page that is used for the first time
constexpr int64_t kReadsAtATime = 6;             // when a cache is filled again
constexpr int64_t kLinesPerKib = 16;
constexpr int64_t kMissGain = 3;  // misses with none of the footprint in the cache, less those with all of it, of
                                  // the latter: an estimate
// How long a read takes, of 1024, when what tasks would read if it took no longer than in an idle memory is so many
// sixteenths of what that can deliver. Under a load of u it takes 1 + 0.42 u + 0.3 u^4, and then tasks read so much
// less.
constexpr size_t kLevels = 28;  // the last one is a load of 1
constexpr size_t kScarce = 20;  // from here on bandwidth is shared out: below, reads that take longer see to it
constexpr std::array<uint32_t, kLevels + 1> kLoadedLatency = [] {
  std::array<uint32_t, kLevels + 1> table{};
  int64_t u = 0, latency = kScale;  // of 1024
  for (size_t level = 0; level <= kLevels; ++level)
    for (; u <= kScale; ++u) {
      const int64_t square = u * u / kScale;
      latency = kScale + 42 * u / 100 + 30 * square * square / (100 * kScale);
      table[level] = static_cast<uint32_t>(latency);
      if (u * latency >= static_cast<int64_t>(level) * kScale * kScale / 16) break;
    }
  return table;
}();

// Small changes of what is shared are felt by nobody: so what many read through is seldom looked at anew.
bool about(int64_t now, int64_t before, int64_t parts) { return std::abs(now - before) * parts <= before; }

size_t size_of(int64_t mbs) { return std::min<size_t>(15, std::bit_width(static_cast<uint64_t>(mbs) >> 4)); }

// Misses of one that has `held` of its footprint in the cache, of those with all of it there.
int64_t misses(int64_t held, int64_t footprint) { return kScale + kMissGain * kScale * (footprint - held) / footprint; }

}  // namespace

Memory::Memory(const Machine& machine, const Workload& workload) {
  const MemorySpec& spec = machine.memory();
  auto waits = [](const TaskSpec& task) { return task.memory > 0; };
  if (!spec.known() || std::none_of(workload.tasks.begin(), workload.tasks.end(), waits)) return;
  std::map<uint16_t, uint32_t> shares;  // to the region of each
  for (const TaskSpec& task : workload.tasks) {
    number_.push_back(waits(task) ? static_cast<int32_t>(tasks_.size()) : -1);
    if (!waits(task)) continue;
    TaskMemory& memory = tasks_.emplace_back();
    memory.share = std::min<uint32_t>(task.memory, kScale);
    memory.footprint_kib = task.footprint_kib;
    memory.demand = std::max<int64_t>(1, kCoreMbs * memory.share * memory.share / (kScale * kScale));
    const auto [shared, is_new] = shares.try_emplace(task.share, static_cast<uint32_t>(regions_.size()));
    memory.region = task.share == 0 ? static_cast<uint32_t>(regions_.size()) : shared->second;
    if (memory.region == regions_.size()) {
      Region& region = regions_.emplace_back();
      region.pages = region.untouched = std::max<int64_t>(1, int64_t{task.footprint_kib} * 1024 / kPageSize);
      region.first = pages_.size();
      pages_.resize(pages_.size() + machine.nr_nodes());
    }
    ++regions_[memory.region].tasks;
  }
  for (TaskMemory& task : tasks_) task.footprint_kib /= region_of(task).tasks;
  cpus_.resize(machine.nr_cpus());
  pools_.resize(3 * machine.nr_nodes());
  caches_known_ = !spec.llc_kib.empty();
  if (caches_known_) caches_.resize(machine.nr_llcs());
  near_ns_ = spec.latency_ns[0][0];
  for (size_t node = 0; node < machine.nr_nodes(); ++node) near_ns_ = std::min(near_ns_, spec.latency_ns[node][node]);
}

// use(pool, MB/s) for what the task reads through where it runs; what it has not used yet will be near.
template <class Use>
void Memory::each_use(const Machine& machine, const TaskMemory& task, Use&& use) {
  const size_t nodes = machine.nr_nodes(), here = machine.cpu(task.cpu).node.index();
  const Region& region = region_of(task);
  if (pages_[region.first + here] + region.untouched == region.pages) return use(here, task.demand);  // mostly
  int64_t away = 0;
  for (size_t node = 0; node < nodes; ++node) {
    const int64_t pages = pages_[region.first + node] + (node == here ? region.untouched : 0);
    if (pages == 0) continue;
    const int64_t mbs = pages == region.pages ? task.demand : task.demand * pages / region.pages;
    if (mbs == 0) continue;
    use(node, mbs);
    if (node == here) continue;
    use(2 * nodes + node, mbs);
    away += mbs;
  }
  if (away > 0) use(nodes + here, away);
}

// It begins (1) or ceases (-1) to read from where it runs.
void Memory::use(const Machine& machine, TaskMemory& task, int sign) {
  each_use(machine, task, [&](size_t number, int64_t mbs) {
    Pool& pool = pools_[number];
    pool.demand += sign * mbs;
    pool.of_size[size_of(mbs)] += sign * mbs;
    pool.count[size_of(mbs)] += static_cast<uint32_t>(sign);
    if (sign > 0)
      pool.users.add(task.cpu);
    else
      pool.users.remove(task.cpu);
    if (!pool.stale) stale_pools_.push_back(number);
    pool.stale = true;
  });
  if (!caches_known_ || task.footprint_kib == 0) return;
  Cache& cache = caches_[task.llc.index()];
  cache.demand += sign * task.demand;
  cache.footprint_kib += sign * task.footprint_kib;
  if (sign > 0)
    cache.users.add(task.cpu);
  else
    cache.users.remove(task.cpu);
  if (!cache.stale) stale_caches_.push_back(task.llc);
  cache.stale = true;
}

void Memory::advance(Cache& cache, Nanos now) const {
  constexpr int64_t kMbsNsPerKib = 1024 * 1000;
  cache.inserted_rest += cache.demand * std::min(kForLong, (now - cache.since).count());
  cache.inserted += cache.inserted_rest / kMbsNsPerKib;
  cache.inserted_rest %= kMbsNsPerKib;
  cache.since = now;
}

// What it has of a cache in the long run: who inserts more has more (Xu, Chen, Dick and Mao 2010).
int64_t Memory::held_kib(const Machine& machine, const TaskMemory& task, const Cache& cache) const {
  const int64_t size = machine.memory().llc_kib[task.llc.index()];
  const int64_t alone = std::min(task.footprint_kib, size);
  return cache.contention == 0 ? alone : std::min(alone, size * task.demand / std::max(cache.contention, task.demand));
}

Work Memory::come(const Machine& machine, CpuId cpu, TaskId id, Nanos now) {
  if (!models(id)) return Work(0);
  TaskMemory& task = of(id);
  cpus_[cpu.index()].task = number_[id.index()];
  task.cpu = cpu;
  task.since = now;
  const LlcId llc = machine.cpu(cpu).llc;
  int64_t lost = 0;
  if (models_cache(id)) {
    advance(caches_[llc.index()], now);
    const int64_t size = machine.memory().llc_kib[llc.index()];
    lost = task.cached_kib;
    if (llc == task.llc) lost = lost * std::min(size, caches_[llc.index()].inserted - task.inserted) / size;
    task.cached_kib -= lost;
    task.inserted = caches_[llc.index()].inserted;
  }
  task.llc = llc;
  if (region_of(task).tasks > 1) region_of(task).running.push_back(static_cast<uint32_t>(number_[id.index()]));
  use(machine, task, 1);
  cpus_[cpu.index()].felt = feel(machine, task);
  if (lost == 0) return Work(0);
  return Work(lost * kLinesPerKib * latency(machine, task, machine.cpu(cpu).node, true) / (kScale * kReadsAtATime));
}

void Memory::leave(const Machine& machine, CpuId cpu, Nanos now) {
  OfCpu& runs = cpus_[cpu.index()];
  if (runs.task < 0) return;
  settle(machine, cpu, now);
  TaskMemory& task = tasks_[static_cast<size_t>(runs.task)];
  use(machine, task, -1);
  if (region_of(task).tasks > 1) std::erase(region_of(task).running, static_cast<uint32_t>(runs.task));
  task.cpu = CpuId();
  runs = {};
}

void Memory::settle(const Machine& machine, CpuId cpu, Nanos now) {
  if (cpus_[cpu.index()].task < 0) return;
  TaskMemory& task = tasks_[static_cast<size_t>(cpus_[cpu.index()].task)];
  const int64_t ran = (now - task.since).count();
  if (ran == 0) return;
  task.since = now;
  const Region& region = region_of(task);
  const int64_t near = pages_of(region, machine.cpu(cpu).node) + region.untouched;
  counts_.used += Nanos(ran);
  if (near != region.pages)
    counts_.remote += Nanos(static_cast<int64_t>(static_cast<Int128>(ran) * (region.pages - near) / region.pages));
  if (region.untouched > 0) touch(machine, task, std::min(region.untouched, ran / kTouchNs + 1));
  if (!caches_known_ || task.footprint_kib == 0) return;
  Cache& cache = caches_[task.llc.index()];
  advance(cache, now);
  const int64_t size = machine.memory().llc_kib[task.llc.index()], held = held_kib(machine, task, cache);
  if (task.cached_kib < held)
    task.cached_kib = std::min(held, task.cached_kib + task.demand * std::min(kForLong, ran) / (1024 * 1000));
  else
    task.cached_kib -= (task.cached_kib - held) * std::min(size, cache.inserted - task.inserted) / size;
  task.inserted = cache.inserted;
}

// The mean over its pages, from that node, in ns, times 1024.
int64_t Memory::latency(const Machine& machine, const TaskMemory& task, NodeId from, bool idle) const {
  const size_t nodes = machine.nr_nodes(), here = from.index();
  const std::vector<int64_t>& row = machine.memory().latency_ns[here];
  const Region& region = region_of(task);
  if (pages_[region.first + here] + region.untouched == region.pages)
    return row[here] * (idle ? kScale : int64_t{pools_[here].latency});
  Int128 sum = 0;
  for (size_t node = 0; node < nodes; ++node) {
    const int64_t pages = pages_[region.first + node] + (node == here ? region.untouched : 0);
    if (pages == 0) continue;
    int64_t load = pools_[node].latency;
    if (node != here) load = std::max<int64_t>({load, pools_[nodes + here].latency, pools_[2 * nodes + node].latency});
    sum += static_cast<Int128>(pages) * row[node] * (idle ? kScale : load);
  }
  return static_cast<int64_t>(sum / region.pages);
}

MemoryFelt Memory::feel(const Machine& machine, const TaskMemory& task) {
  MemoryFelt felt{.share = task.share};
  const NodeId here = machine.cpu(task.cpu).node;
  int64_t slowdown = latency(machine, task, here, false) / near_ns_;
  if (caches_known_ && task.footprint_kib > 0) {
    const Cache& cache = caches_[task.llc.index()];
    if (cache.contention > 0) {
      const int64_t alone = std::min(task.footprint_kib, machine.memory().llc_kib[task.llc.index()]);
      slowdown =
          slowdown * misses(held_kib(machine, task, cache), task.footprint_kib) / misses(alone, task.footprint_kib);
    }
  }
  felt.slowdown = static_cast<uint32_t>(std::min<int64_t>(slowdown, INT32_MAX));
  int64_t least = kScale;
  each_use(machine, task, [&](size_t number, int64_t mbs) {
    const int64_t bound = pools_[number].bound;
    // Of what it reads, this goes here; it gets on no faster than that does.
    if (mbs > bound) least = std::max(least, mbs * kScale / bound);
  });
  felt.least = static_cast<uint32_t>(std::min<int64_t>(least, INT32_MAX));
  return felt;
}

// Whether tasks feel it otherwise than before.
bool Memory::refresh(const Machine& machine, size_t number) {
  Pool& pool = pools_[number];
  const size_t node = number % machine.nr_nodes();
  const std::vector<int64_t>& limits =
      number < machine.nr_nodes() ? machine.memory().node_mbs : machine.memory().link_mbs;
  if (limits.empty()) return false;
  const int64_t limit = limits[node];
  // An eighth more or less than before does not count, but when it is idle.
  const auto before = static_cast<size_t>(std::lower_bound(kLoadedLatency.begin(), kLoadedLatency.end(), pool.latency) -
                                          kLoadedLatency.begin());
  size_t level = std::min(kLevels, static_cast<size_t>(pool.demand * 16 / limit));
  if (level > 0 && level + 2 >= before && level <= before + 2) level = before;
  const uint32_t latency = kLoadedLatency[level];
  int64_t bound = kNoBound;
  if (level >= kScarce) {
    // Max-min: who wants less than an equal share of what is left has it.
    int64_t left = limit, users = 0;
    for (uint32_t count : pool.count) users += count;
    for (size_t i = 0; i < kSizes; ++i) {
      if (pool.of_size[i] * users > left * pool.count[i]) break;
      left -= pool.of_size[i];
      users -= pool.count[i];
    }
    bound = std::max<int64_t>(1, left / std::max<int64_t>(1, users));
    if (pool.bound != kNoBound && about(bound, pool.bound, 16)) bound = pool.bound;
  }
  if (latency == pool.latency && bound == pool.bound) return false;
  pool.latency = latency;
  pool.bound = bound;
  return true;
}

bool Memory::refresh(const Machine& machine, LlcId llc) {
  Cache& cache = caches_[llc.index()];
  const bool fits = cache.footprint_kib <= machine.memory().llc_kib[llc.index()];
  const int64_t before = cache.contention;
  if (fits || before == 0 || !about(cache.demand, before, 4)) cache.contention = fits ? 0 : cache.demand;
  return cache.contention != before;
}

void Memory::felt_by(const Machine& machine, const CpuSet& users) {
  for (CpuId cpu : users) {
    OfCpu& runs = cpus_[cpu.index()];
    const MemoryFelt felt = feel(machine, tasks_[static_cast<size_t>(runs.task)]);
    if (felt == runs.felt) continue;
    runs.felt = felt;
    changed_.push_back(cpu);
  }
}

const std::vector<CpuId>& Memory::take_changed(const Machine& machine) {
  // All are brought up to date before anybody looks at any.
  size_t pools = 0, caches = 0;
  for (size_t number : stale_pools_) {
    pools_[number].stale = false;
    if (refresh(machine, number)) stale_pools_[pools++] = number;
  }
  for (LlcId llc : stale_caches_) {
    caches_[llc.index()].stale = false;
    if (refresh(machine, llc)) stale_caches_[caches++] = llc;
  }
  for (size_t i = 0; i < pools; ++i) felt_by(machine, pools_[stale_pools_[i]].users);
  for (size_t i = 0; i < caches; ++i) felt_by(machine, caches_[stale_caches_[i].index()].users);
  stale_pools_.clear();
  stale_caches_.clear();
  taken_.swap(changed_);
  changed_.clear();
  return taken_;
}

// Where the pages of its memory lie is about to change, for all of those that run on it.
template <class Change>
void Memory::change_pages(const Machine& machine, TaskMemory& task, Change&& change) {
  Region& region = region_of(task);
  CpuSet cpus;
  auto all = [&](int sign) {
    if (region.tasks == 1) {
      if (task.cpu.valid()) use(machine, task, sign);
    } else {
      for (uint32_t number : region.running) use(machine, tasks_[number], sign);
    }
  };
  all(-1);
  change(region);
  all(1);
  if (region.tasks == 1 && task.cpu.valid()) cpus.add(task.cpu);
  for (uint32_t number : region.running) cpus.add(tasks_[number].cpu);
  felt_by(machine, cpus);
}

// Pages are used for the first time. To who uses a memory alone they were near before.
void Memory::touch(const Machine& machine, TaskMemory& task, int64_t count) {
  auto change = [&](Region& region) {
    region.untouched -= count;
    pages_[region.first + machine.cpu(task.cpu).node.index()] += count;
  };
  if (region_of(task).running.size() < 2)
    change(region_of(task));
  else
    change_pages(machine, task, change);
}

int64_t Memory::move_pages(const Machine& machine, TaskId id, NodeId from, NodeId to, int64_t count) {
  TaskMemory& task = of(id);
  count = std::min(count, pages_of(region_of(task), from));
  if (count <= 0) return 0;
  change_pages(machine, task, [&](Region& region) {
    pages_[region.first + from.index()] -= count;
    pages_[region.first + to.index()] += count;
  });
  counts_.pages_moved += count;
  return count;
}

// Who shares a memory leaves it to the others, and is then as before (the model has no second memory for it).
void Memory::forget(const Machine& machine, TaskId id) {
  if (!models(id)) return;
  TaskMemory& task = of(id);
  task.cached_kib = 0;
  if (region_of(task).tasks > 1) return;
  change_pages(machine, task, [&](Region& region) {
    std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(region.first), machine.nr_nodes(), 0);
    region.untouched = region.pages;
  });
}

CoreAndMemory with_memory(uint32_t core, uint32_t frequency, const MemoryFelt& felt) {
  // Times, of 2^20: with this core alone, at that frequency, and with memory.
  const uint64_t waits = uint64_t{felt.share} << 10, computes = (uint64_t{1} << 20) - waits;
  const uint64_t on_core = computes * 1024 / core + waits;
  const uint64_t at_frequency = computes * 1024 * 1024 / (uint64_t{core} * frequency) + waits;
  const uint64_t whole = std::max(at_frequency - waits + (waits * felt.slowdown >> 10), uint64_t{felt.least} << 10);
  auto factor = [](uint64_t part, uint64_t of) {
    return static_cast<uint32_t>(std::clamp<uint64_t>(part * 1024 / of, 1, 1024));
  };
  return {factor(uint64_t{1} << 20, on_core), factor(on_core, at_frequency),
          factor(at_frequency, std::max(whole, at_frequency))};
}

}  // namespace simsched
