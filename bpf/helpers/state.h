// HelperState: what helpers remember between calls, beside guest memory.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "bpf/fields.h"

namespace simsched::bpf {

struct Timer {
  uint32_t map = 0;       // index of the map in whose value it lies
  uint64_t callback = 0;  // function pointer; 0: not set
  bool armed = false;
  bool running = false;  // its callback is under way
};

struct HelperState {
  std::map<uint64_t, Timer> timers;          // by guest address
  std::vector<uint64_t> spin_locks;          // held, by address, in the order of taking
  std::vector<uint64_t> res_locks;           // the same of bpf_res_spin_lock()
  uint32_t rcu = 0, preempt = 0, irq = 0;    // sections entered and not left
  std::vector<uint32_t> distribute_prev;     // by CPU: the last answer of cpumask_any_distribute()
  uint64_t dropped_events = 0;               // bpf_perf_event_output()
  std::map<uint32_t, Fields> object_fields;  // of types of bpf_obj_new(), found once

  // Something that has to be given back before the callback returns.
  bool holding() const { return !spin_locks.empty() || !res_locks.empty() || rcu != 0 || preempt != 0 || irq != 0; }
  const char* held() const {
    if (!spin_locks.empty()) return "a spin lock held";
    if (!res_locks.empty()) return "a resilient spin lock held";
    if (rcu != 0) return "the RCU read lock held";
    return preempt != 0 ? "preemption disabled" : "interrupts disabled";
  }
};

}  // namespace simsched::bpf
