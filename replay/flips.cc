// How often a kernel thread had woken another task than the last time when the recording began (wakee_flips, halved a
// second at its next wake only): it lives on since the boot, and decides whether wake_wide() lets a waker pull the
// thread to its CPU. Where load decides, about as many are pulled as not; so where next to none is, from some number
// of flips of the waker on, that was wake_wide(): which tells those of the thread.
#include <algorithm>
#include <unordered_map>

#include "replay/parts.h"

namespace simsched::replay {
namespace {

constexpr uint32_t kMostFlips = 64;
constexpr int kPulledCosts = 20;   // wakes that were not pulled, to make up for one that was
constexpr int kLeastScore = 64;    // less may be chance
constexpr Nanos kPlaced = 15_us;   // from the waking to the migration that it decided
constexpr Nanos kDecay = 1000_ms;  // HZ

struct Waker {
  Pid last_wakee;
  uint32_t flips = 0, halvings = 0;  // since the recording began
  Nanos decayed{0};
};

struct Wake {
  uint32_t waker_flips, flips, halvings;  // of who wakes; of the thread, since the recording began
  bool pulled;
};

bool wide(uint32_t a, uint32_t b, uint32_t factor) {
  const auto [slave, master] = std::minmax(a, b);
  return slave >= factor && master >= slave * factor;
}

// The number that tells those pulled from those not; 0: none does.
uint32_t most_likely(const std::vector<Wake>& wakes, uint32_t factor) {
  uint32_t best = 0;
  int best_score = kLeastScore - 1;
  for (uint32_t flips = 1; flips <= kMostFlips; ++flips) {
    int score = 0;
    for (const Wake& wake : wakes)
      if (wide(wake.waker_flips, (flips >> std::min(wake.halvings, 31u)) + wake.flips, factor))
        score += wake.pulled ? -kPulledCosts : 1;
    if (score <= best_score) continue;
    best_score = score;
    best = flips;
  }
  return best;
}

}  // namespace

std::vector<std::pair<Pid, uint32_t>> wakee_flips(const SchedTrace& trace, const Machine& machine) {
  std::vector<bool> bound, kthread, idle(trace.nr_cpus, false);
  const NameFacts names(trace);
  for (size_t name = 0; name < trace.names.size(); ++name) {
    kthread.push_back(names.kthread(static_cast<uint32_t>(name)));
    bound.push_back(kthread[name] && bound_to(trace.names[name]).valid());
  }
  std::unordered_map<int32_t, Waker> wakers;
  std::unordered_map<int32_t, std::vector<Wake>> wakes;
  std::unordered_map<int32_t, TraceEvent> undecided;  // by who was woken: the waking
  for (const TraceEvent& event : trace.events) {
    if (!event.cpu.valid() || event.cpu.index() >= std::min(idle.size(), machine.nr_cpus())) continue;
    if (event.kind == TraceKind::kSwitch) idle[event.cpu.index()] = event.pid.value() == 0;
    if (event.kind == TraceKind::kFork) wakers[event.pid.value()] = Waker(wakers[event.current.value()]);
    if (event.kind == TraceKind::kMigrate) {
      auto waking = undecided.find(event.pid.value());
      if (waking != undecided.end() && event.dest_cpu == waking->second.cpu &&
          event.time - waking->second.time < kPlaced)
        wakes[event.pid.value()].back().pulled = true;
      undecided.erase(event.pid.value());
    }
    if (event.kind != TraceKind::kWaking || event.current.value() <= 0 || bound[event.name]) continue;
    Waker& waker = wakers[event.current.value()];
    if (event.time > waker.decayed + kDecay) {
      waker.flips >>= 1;
      ++waker.halvings;
      waker.decayed = event.time;
    }
    if (waker.last_wakee != event.pid) ++waker.flips;
    waker.last_wakee = event.pid;
    undecided.erase(event.pid.value());
    const CpuId last = event.other_cpu;
    if (!kthread[event.name] || !last.valid() || last == event.cpu || last.index() >= idle.size() || idle[last.index()])
      continue;
    const uint32_t flips_of_waker = waker.flips;
    const Waker& thread = wakers[event.pid.value()];
    wakes[event.pid.value()].push_back({flips_of_waker, thread.flips, thread.halvings, false});
    undecided[event.pid.value()] = event;
  }
  const auto factor = static_cast<uint32_t>(machine.llc_cpus(machine.cpu(CpuId(0)).llc).size());
  std::vector<std::pair<Pid, uint32_t>> found;
  for (const auto& [pid, its_wakes] : wakes)
    if (uint32_t flips = most_likely(its_wakes, factor)) found.emplace_back(Pid(pid), flips);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace simsched::replay
