// The parts of ExtClass that change while a simulation runs, by subject. They are values: a snapshot copies them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/units.h"
#include "policies/ext/constants.h"
#include "policies/ext/ops.h"

namespace simsched::ext {

enum class OpsState : uint8_t { kNone, kQueueing, kQueued };

// A task, as the class knows it (struct sched_ext_entity).
struct Entity {
  TaskFields fields;  // where the scheduler keeps them; of one that is alive
  Nanos exec_start, runnable_at;
  uint64_t ddsp_dsq_id = kDsqInvalid, ddsp_enq_flags = 0;
  uint64_t ops_qseq = 0;
  int8_t nice = 0;  // these two as set_weight() was last told of them
  SchedPolicy policy = SchedPolicy::kNormal;
  TaskId runnable_prev, runnable_next;  // of the CPU's runnable list
  CpuId runnable_on;                    // whose list; none: on none
  CpuId selected_cpu, sticky_cpu;
  OpsState ops_state = OpsState::kNone;
  bool alive = false;         // between init_task() and exit_task()
  bool enabled = false;       // between enable() and disable()
  bool cpu_selected = false;  // select_cpu() was asked for the wake-up in progress
  bool deferred = false;
};

// A CPU, as the class knows it (struct scx_rq).
struct CpuState {
  TaskId runnable_first, runnable_last;
  uint64_t ops_qseq = 0;
  uint32_t perf_target = kCpuPerfOne;  // scx_bpf_cpuperf_set()
  bool released = false;  // told that a higher class has it
  bool in_balance = false;
  bool in_put_prev = false;
  bool reenq_pending = false, in_reenq = false;
  bool reenq_any = false;     // the pending one is of all tasks, not just of those that were to run at once
  uint32_t reenq_repeat = 0;  // re-enqueues in a row that each asked for the next
  std::vector<TaskId> deferred;  // direct dispatches to other CPUs' local queues
  std::vector<CpuId> waiters;    // CPUs that wait for this one to reschedule (SCX_KICK_WAIT)
  uint64_t kick_flags = 0;
  bool kicked = false, kicked_if_idle = false;
};

// The callback in progress.
struct Callback {
  // What it may do (enum scx_kf_mask).
  enum KfMask : uint32_t {
    kUnlocked = 0,
    kCpuRelease = 1,
    kDispatch = 2,
    kEnqueue = 4,
    kSelectCpu = 8,
    kRest = 16,
  };
  uint32_t kf_mask = kUnlocked;
  int depth = 0;
  TaskId direct_task;        // whose select_cpu() or enqueue() runs: it may be dispatched directly
  bool direct_done = false;  // and has been
  bool direct_open = false;
  // How many there were at this instant: time that stands still while a scheduler calls itself would never end.
  Nanos instant;
  uint64_t at_instant = 0;
};

// The ops.dispatch() in progress.
struct Dispatch {
  struct Entry {
    TaskId task;
    uint64_t qseq, dsq, enq_flags;
  };
  std::vector<Entry> buffer;
  CpuId cpu;
  uint32_t dispatched = 0;  // tasks
};

// The kicks that callbacks asked for: they follow when the outermost one is over.
struct Kicks {
  std::vector<CpuId> cpus;
  bool pending = false;
};

// A timer of the scheduler's.
struct UserTimer {
  uint64_t key;
  Nanos at;
  CpuId cpu;
  bool armed;
};

// How the scheduler was loaded and how it ended.
struct Life {
  enum class State : uint8_t { kOff, kEnabling, kEnabled, kDisabling };
  OpsInfo info;
  State state = State::kOff;
  bool switch_all = false, bypass = false, builtin_idle = true, loading = false;
  bool known = false;  // the scheduler has been let in as far as init(), so it hears of its exit
  ExitInfo exit;
  int exit_status = 0;
  std::string exit_site;  // the line of the policy that the kernel rejects
  std::string first_error;
  int64_t restarts = 0;
  uint64_t generation = 0;  // of watchdog timers
  Nanos bypass_since;
  uint64_t hotplug_seq = 0;
  std::vector<std::pair<std::string, int64_t>> last_counters;  // of a scheduler that is gone
};

// How often it happened.
struct Counts {
  std::array<uint64_t, kNrOps> calls{};
  // The kernel's events, SCX_EV_*.
  int64_t select_cpu_fallback = 0, dispatch_local_dsq_offline = 0, dispatch_keep_last = 0, enq_skip_exiting = 0,
          enq_skip_migration_disabled = 0, refill_slice_dfl = 0, bypass_duration = 0, bypass_dispatch = 0,
          bypass_activate = 0, insert_not_owned = 0, reenq_immed = 0;
};

}  // namespace simsched::ext
