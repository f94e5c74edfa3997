// bpf_timer: an opaque field of a map value (kernel/bpf/helpers.c, 6.18). What it is set to is kept in HelperState.
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kTimerSize = 16;
constexpr uint64_t kAbsolute = 1, kPinned = 2;  // BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN

// The timer, when it was initialized; null: it was not, or after a trap.
Timer* timer_at(Vm& vm, uint64_t timer) {
  if (vm.checked(timer, VM_READ | VM_WRITE, kTimerSize) == nullptr) return nullptr;
  auto& timers = vm.state().timers;
  const auto it = timers.find(timer);
  return it != timers.end() ? &it->second : nullptr;
}

uint64_t timer_init(Vm& vm, uint64_t timer, uint64_t handle, uint64_t flags, uint64_t, uint64_t) {
  Map* const map = vm.map_at(handle);
  if (map == nullptr || vm.checked(timer, VM_READ | VM_WRITE, kTimerSize) == nullptr) return 0;
  // CLOCK_REALTIME, MONOTONIC or BOOTTIME: all the same here.
  if (flags != 0 && flags != 1 && flags != 7) return fail(EINVAL);
  uint64_t value = 0;
  if (map->key_of(timer, kTimerSize, &value).empty()) {
    return vm.refuse("passes a timer to bpf_timer_init() that is not in a value of map " + map->spec().name);
  }
  auto& timers = vm.state().timers;
  const auto above = timers.lower_bound(timer);
  if (above != timers.end() && above->first == timer) return fail(EBUSY);
  if ((above != timers.end() && above->first < timer + kTimerSize) ||
      (above != timers.begin() && std::prev(above)->first + kTimerSize > timer)) {
    return vm.refuse("passes a timer to bpf_timer_init() that overlaps another");
  }
  timers.emplace(timer, Timer{.map = map->index()});
  return 0;
}

uint64_t timer_set_callback(Vm& vm, uint64_t timer, uint64_t callback, uint64_t, uint64_t, uint64_t) {
  Timer* const t = timer_at(vm, timer);
  if (t == nullptr) return fail(EINVAL);
  t->callback = callback;
  return 0;
}

uint64_t timer_start(Vm& vm, uint64_t timer, uint64_t nanos, uint64_t flags, uint64_t, uint64_t) {
  Timer* const t = timer_at(vm, timer);
  if ((flags & ~(kAbsolute | kPinned)) != 0 || t == nullptr || t->callback == 0) return fail(EINVAL);
  // As the kernel's ktime_add_safe(): what is too far away is never.
  const uint64_t now = static_cast<uint64_t>(vm.host().now().count()), never = INT64_MAX;
  const uint64_t from = (flags & kAbsolute) != 0 ? 0 : now;
  const uint64_t at = nanos > never - from ? never : from + nanos;
  t->armed = true;
  vm.host().arm_timer(timer, Nanos(static_cast<int64_t>(std::max(at, now))));
  return 0;
}

uint64_t timer_cancel(Vm& vm, uint64_t timer, uint64_t, uint64_t, uint64_t, uint64_t) {
  Timer* const t = timer_at(vm, timer);
  if (t == nullptr) return fail(EINVAL);
  if (t->running) return fail(EDEADLK);
  const bool was_armed = t->armed;
  if (was_armed) vm.host().cancel_timer(timer);
  t->armed = false;
  t->callback = 0;  // has to be set again, as in the kernel
  return was_armed ? 1 : 0;
}

}  // namespace

void Vm::fire_timer(uint64_t timer) {
  auto it = state_->timers.find(timer);
  if (trap != VM_TRAP_NONE || it == state_->timers.end() || !it->second.armed) return;
  Timer& t = it->second;
  t.armed = false;
  Map& map = *maps_[t.map];
  uint64_t value = 0;
  const std::vector<std::byte> key = map.key_of(timer, kTimerSize, &value);
  const uint64_t copy = key.empty() ? 0 : allocate(key.size(), VM_READ);
  if (copy == 0) return;
  std::memcpy(at(copy), key.data(), key.size());
  t.running = true;
  call_back(t.callback, {map.spec().address, copy, value});
  // The callback may have deleted the element, and the timer with it.
  if (it = state_->timers.find(timer); it != state_->timers.end()) it->second.running = false;
  release(copy, key.size());
}

std::span<const VmExport> timer_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_timer_init, timer_init},
      {nullptr, BPF_FUNC_timer_set_callback, timer_set_callback},
      {nullptr, BPF_FUNC_timer_start, timer_start},
      {nullptr, BPF_FUNC_timer_cancel, timer_cancel},
  };
  return kExports;
}

}  // namespace simsched::bpf
