#include "replay/ticks.h"

#include <algorithm>
#include <optional>
#include <span>

namespace simsched::replay {
namespace {

constexpr int64_t kTicksInWindow = 250;
constexpr size_t kFewest = 16;    // events in a window that may tell its phase
constexpr Nanos kSpread{60'000};  // most ticks come within that
constexpr int kMost = 60;         // percent

// The phase at which most of `phases` lie, those of a window: they are its own to sort. The ones at the end of the
// period are near those at its beginning.
std::optional<Nanos> common_phase(std::vector<Nanos>& phases, Nanos period) {
  const size_t n = phases.size();
  std::sort(phases.begin(), phases.end());
  for (size_t i = 0; i < n; ++i) phases.push_back(phases[i] + period);
  size_t best = 0, most = 0;
  for (size_t from = 0, to = 0; from < n; ++from) {
    while (to < from + n && phases[to] - phases[from] <= kSpread) ++to;
    if (to - from <= most) continue;
    best = from;
    most = to - from;
  }
  if (most * 100 < n * kMost) return std::nullopt;
  return phases[best + most / 20];  // nearly the first: those are not late
}

}  // namespace

Ticks::Ticks(const SchedTrace& trace, int hz) : period_(Nanos(1'000'000'000) / hz), window_(period_ * kTicksInWindow) {
  std::vector<std::vector<Nanos>> events;
  for (const TraceEvent& event : trace.events) {
    if (event.kind != TraceKind::kStatRuntime || event.context != kHardIrq) continue;
    size_t window = static_cast<size_t>(event.time / window_);
    if (events.size() <= window) events.resize(window + 1);
    events[window].push_back(event.time % period_);
  }
  std::vector<std::optional<Nanos>> found(events.size());
  size_t asked = 0, answered = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].size() < kFewest) continue;
    ++asked;
    found[i] = common_phase(events[i], period_);
    answered += found[i].has_value();
  }
  if (answered == 0 || answered * 2 < asked) return;
  // A window without is like the one before it; the phase drifts by less than half a period from one to the next.
  Nanos last =
      **std::find_if(found.begin(), found.end(), [](const auto& phase) { return phase.has_value(); }) - period_;
  for (const std::optional<Nanos>& phase : found) {
    if (phase) {
      Nanos ahead = (*phase - last + period_) % period_;
      if (ahead < Nanos(0)) ahead += period_;
      last += ahead > period_ / 2 ? ahead - period_ : ahead;
    }
    phases_.push_back(last);
  }
}

}  // namespace simsched::replay
