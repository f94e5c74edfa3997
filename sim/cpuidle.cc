#include "sim/cpuidle.h"

#include <algorithm>
#include <functional>

#include "sim/kernel.h"

namespace simsched {
namespace {

constexpr Nanos kResidencyThreshold = 15_us;  // shorter sleeps are not worth asking for the next timer
constexpr Nanos kMaxInteresting = 50_ms;
constexpr Nanos kTickWakeup = kMaxInteresting * 9 / 10;  // what a sleep that only the tick ended counts as
constexpr uint32_t kPulse = 1024;
constexpr int kDecayShift = 3;

// With the tick on, no state that the next event would cut short.
size_t fit_tick(const std::vector<IdleState>& states, size_t state, Nanos next_tick) {
  while (state > 0 && states[state].target_residency > next_tick) --state;
  return state;
}

}  // namespace

size_t MenuGovernor::bucket_of(Nanos length) {
  size_t bucket = 0;
  for (Nanos limit = 10_us; bucket + 1 < kBuckets && length >= limit; limit = limit * 10) ++bucket;
  return bucket;
}

// The mean of the last intervals, if they vary little; without the longest ones, if that helps. INT64_MAX: no pattern.
int64_t MenuGovernor::typical_interval_us() const {
  for (int64_t threshold = INT64_MAX;;) {
    int64_t longest = 0, sum = 0, nr = 0;
    for (int64_t interval : intervals_us_) {
      if (interval > threshold) continue;
      sum += interval;
      ++nr;
      longest = std::max(longest, interval);
    }
    if (longest == 0) return INT64_MAX;
    const int64_t mean = sum / nr;
    int64_t variance = 0;
    for (int64_t interval : intervals_us_)
      if (interval <= threshold) variance += (interval - mean) * (interval - mean);
    variance /= nr;
    const bool most = nr * 4 >= static_cast<int64_t>(kIntervals) * 3;
    if ((most && mean * mean > variance * 36) || variance <= 400) return mean;
    if (nr * 4 <= static_cast<int64_t>(kIntervals) * 3) return INT64_MAX;
    threshold = longest - 1;
  }
}

IdleChoice MenuGovernor::select(const std::vector<IdleState>& states, const IdleOutlook& outlook) {
  const int64_t typical = typical_interval_us();
  Nanos predicted = typical > Nanos::max().count() / 1000 ? Nanos::max() : Nanos(typical * 1000);
  Nanos next_tick = outlook.next_tick;
  if (predicted > kResidencyThreshold || outlook.tick_stopped) {
    next_timer_ = outlook.sleep_length;
    bucket_ = bucket_of(next_timer_);
    // Rounded to the microsecond.
    const int64_t unit = kUnity * 1000, expected = (unit / 2 + next_timer_.count() * correction_[bucket_]) / unit;
    predicted = std::min(predicted, Nanos(expected * 1000));
  } else {
    next_timer_ = Nanos::max();
    next_tick = outlook.tick / 2;
    bucket_ = kBuckets - 1;
  }
  if (states.size() < 2 || next_timer_ < states[1].target_residency) return {0, !states[0].polls};
  if (outlook.tick_stopped && predicted < outlook.tick) predicted = next_timer_;
  size_t state = 0;
  for (size_t i = 1; i < states.size(); ++i) {
    const Nanos residency = states[i].target_residency;
    if (residency <= predicted) {
      state = i;
      continue;
    }
    // Rather than to poll it sleeps, if the timer lets it.
    if (states[state].polls && residency < kResidencyThreshold && residency <= next_timer_) {
      predicted = residency;
      state = i;
      break;
    }
    if (predicted < outlook.tick) break;
    if (!outlook.tick_stopped) {  // it is not worth stopping the tick for so shallow a state
      predicted = states[state].target_residency;
      break;
    }
    if (states[state].target_residency < outlook.tick && residency <= next_tick) state = i;
    return {state, true};
  }
  if (outlook.tick_stopped || (!states[state].polls && predicted >= outlook.tick)) return {state, true};
  return {fit_tick(states, state, next_tick), false};
}

// menu_update()
void MenuGovernor::reflect(const std::vector<IdleState>& states, size_t state, const IdleOutlook& outlook,
                           const IdleEnd& end) {
  Nanos measured = end.residency;
  const Nanos latency = states[state].exit_latency;
  if (end.by_tick && next_timer_ > outlook.tick)
    measured = kTickWakeup;
  else
    measured = measured > latency * 2 ? measured - latency : measured / 2;
  measured = std::min(measured, next_timer_);
  int64_t& factor = correction_[bucket_];
  factor -= factor / kDecay;
  if (next_timer_ > Nanos(0) && measured < kMaxInteresting)
    factor += kResolution * measured.count() / next_timer_.count();
  else
    factor += kResolution;
  if (factor == 0) factor = 1;
  intervals_us_[next_interval_++ % kIntervals] = measured.count() / 1000;
}

IdleChoice TeoGovernor::select(const std::vector<IdleState>& states, const IdleOutlook& outlook) {
  sleep_length_ = outlook.sleep_length;
  size_t state = 0;
  bool stop_tick = true;
  if (states.size() > 1) {
    // The deepest, unless shorter sleeps than it is worth have mostly ended before their timer.
    uint32_t intercepts = 0, hits = 0;
    for (size_t i = 0; i + 1 < states.size(); ++i) {
      intercepts += bins_[i].intercepts;
      hits += bins_[i].hits;
    }
    state = states.size() - 1;
    if (2 * intercepts > total_ - hits) {
      uint32_t above = 0;
      while (state > 0) {
        above += bins_[--state].intercepts;
        if (2 * above > intercepts) break;
      }
      while (outlook.tick_stopped && state + 1 < states.size() && states[state].target_residency < outlook.tick)
        ++state;
    }
    // So shallow a state needs no look at the timers.
    if (states[0].polls && states[state].target_residency < kResidencyThreshold) return {state, outlook.tick_stopped};
    while (state > 0 && states[state].target_residency > outlook.sleep_length) --state;
    // Mostly something comes before the tick would: it is not worth stopping for so shallow a state.
    uint32_t before_tick = 0;
    for (size_t i = 0; i < states.size(); ++i)
      if (states[i].target_residency < outlook.tick) before_tick += bins_[i].intercepts;
    if (states[state].target_residency < outlook.tick && before_tick > total_ / 2 + total_ / 8) stop_tick = false;
  }
  if (states[state].polls || outlook.sleep_length < outlook.tick) stop_tick = false;
  if (outlook.tick_stopped) stop_tick = true;
  return {stop_tick ? state : fit_tick(states, state, outlook.next_tick), stop_tick};
}

// teo_update()
void TeoGovernor::reflect(const std::vector<IdleState>& states, size_t state, const IdleEnd& end) {
  total_ = 0;
  for (size_t i = 0; i < states.size(); ++i) {
    bins_[i].hits -= bins_[i].hits >> kDecayShift;
    bins_[i].intercepts -= bins_[i].intercepts >> kDecayShift;
    total_ += bins_[i].hits + bins_[i].intercepts;
  }
  const Nanos latency = states[state].exit_latency;
  Nanos measured = end.residency >= latency ? end.residency - latency / 2 : end.residency / 2;
  if (end.by_tick || end.residency >= sleep_length_) measured = Nanos::max();
  size_t timer = 0, duration = 0;
  for (size_t i = 1; i < states.size(); ++i) {
    if (states[i].target_residency > sleep_length_) break;
    timer = i;
    if (states[i].target_residency <= measured) duration = i;
  }
  (timer == duration ? bins_[timer].hits : bins_[duration].intercepts) += kPulse;
  total_ += kPulse;
}

// At the start all CPUs have been idle.
void Kernel::start_sleeps() {
  if (params_.idle_governor != IdleGovernor::kHaltpoll &&
      std::any_of(machine_.spec().core_types.begin(), machine_.spec().core_types.end(),
                  [](const CoreType& type) { return !type.idle_states.empty(); }))
    sleeps_.resize(machine_.nr_cpus());
  for (CpuId cpu : machine_.cpus()) enter_idle(cpu);
}

void Kernel::add_sleep_timer(CpuId cpu, Nanos at) {
  if (sleeps_.empty()) return;
  std::vector<Nanos>& timers = sleeps_[cpu.index()].timers;
  timers.push_back(at);
  std::push_heap(timers.begin(), timers.end(), std::greater<>());
}

// When the next timer of a sleeping task fires there: tick_nohz_get_sleep_length(). Of one that is no more, it is known
// only when its time has come.
Nanos Kernel::sleep_length(CpuId cpu) {
  constexpr Nanos kLongest = 3600_s;
  std::vector<Nanos>& timers = sleeps_[cpu.index()].timers;
  while (!timers.empty() && timers.front() <= now_) {
    std::pop_heap(timers.begin(), timers.end(), std::greater<>());
    timers.pop_back();
  }
  return timers.empty() ? kLongest : std::min(kLongest, timers.front() - now_);
}

// do_idle(): the CPU has nothing to run.
void Kernel::enter_idle(CpuId cpu) {
  if (!cpu_frequencies_.empty()) ++cpu_frequencies_[cpu.index()].idle_calls;
  const CoreType& type = machine_.core_type(cpu);
  if (sleeps_.empty() || type.idle_states.empty()) return energy_.set_depth(machine_, cpu, shallow_depth(type), now_);
  CpuSleep& sleep = sleeps_[cpu.index()];
  IdleOutlook& outlook = sleep.outlook;
  outlook.sleep_length = sleep_length(cpu);
  outlook.tick = params_.tick();
  outlook.next_tick = std::min(outlook.sleep_length, next_grid_tick() - now_);
  outlook.tick_stopped = sleep.tick_stopped;
  const bool menu = params_.idle_governor == IdleGovernor::kMenu;
  IdleChoice choice = menu ? sleep.menu.select(type.idle_states, outlook) : sleep.teo.select(type.idle_states, outlook);
  // Where nothing is deeper, the tick would find out nothing.
  if (type.idle_states.size() == 1) choice.stop_tick = true;
  sleep.tick_stopped = choice.stop_tick;
  sleep.state = choice.state;
  sleep.entered = now_;
  sleep.sleeps = true;
  ++sleep.entries[choice.state];
  if (choice.stop_tick)
    agenda_.cancel(cpu, EventKind::kTick);
  else
    agenda_.plan(cpu, EventKind::kTick, next_grid_tick());
  energy_.set_depth(machine_, cpu, static_cast<IdleDepth>(choice.state + 1), now_);
  if (recorder_) recorder_->idle(now_, cpu, static_cast<int64_t>(choice.state));
}

void Kernel::end_sleep(CpuId cpu, bool by_tick) {
  CpuSleep& sleep = sleeps_[cpu.index()];
  if (!sleep.sleeps) return;
  sleep.sleeps = false;
  const std::vector<IdleState>& states = machine_.core_type(cpu).idle_states;
  const IdleEnd end{now_ - sleep.entered, by_tick};
  sleep.time[sleep.state] += end.residency;
  if (params_.idle_governor == IdleGovernor::kMenu)
    sleep.menu.reflect(states, sleep.state, sleep.outlook, end);
  else
    sleep.teo.reflect(states, sleep.state, end);
}

// An interrupt has come to an idle CPU and brought it nothing to do: it looks for a state anew.
void Kernel::interrupt_idle(CpuId cpu, bool by_tick) {
  if (sleeps_.empty() || !sleeps_[cpu.index()].sleeps || curr(cpu).valid() || rqs_[cpu.index()].need_resched) return;
  end_sleep(cpu, by_tick);
  enter_idle(cpu);
}

void Kernel::leave_idle(CpuId cpu) {
  if (!sleeps_.empty()) {
    end_sleep(cpu, false);
    sleeps_[cpu.index()].tick_stopped = false;
    if (recorder_) recorder_->idle(now_, cpu, CounterTrack::kNotIdle);
  }
  energy_.set_depth(machine_, cpu, kRuns, now_);
}

Nanos Kernel::exit_latency_of(CpuId cpu) const {
  const CpuSleep& sleep = sleeps_[cpu.index()];
  return sleep.sleeps ? machine_.core_type(cpu).idle_states[sleep.state].exit_latency : Nanos(0);
}

// For how long, and how often, the CPUs of each core type slept in each state.
NamedValues Kernel::idle_counters() const {
  NamedValues counters;
  if (sleeps_.empty()) return counters;
  const auto& types = machine_.spec().core_types;
  for (size_t t = 0; t < types.size(); ++t) {
    for (size_t state = 0; state < types[t].idle_states.size(); ++state) {
      Nanos time;
      uint64_t entries = 0;
      for (CpuId cpu : machine_.cpus()) {
        const CpuSleep& sleep = sleeps_[cpu.index()];
        if (machine_.cpu(cpu).type != CoreTypeId(t)) continue;
        time += sleep.time[state] + (sleep.sleeps && sleep.state == state ? now_ - sleep.entered : Nanos(0));
        entries += sleep.entries[state];
      }
      const std::string name = types[t].name + "_" + types[t].idle_states[state].name;
      counters.emplace_back(name + "_ns", time.count());
      counters.emplace_back(name + "_entries", static_cast<int64_t>(entries));
    }
  }
  return counters;
}

}  // namespace simsched
