/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the BPF programs of decisions.bpf.c tell user space, through a ring buffer and a per-CPU array. Times are the
 * kernel's monotonic clock in ns. A number that the running kernel does not have is COLLECT_ABSENT.
 */
#ifndef SIMSCHED_COLLECT_RECORD_H
#define SIMSCHED_COLLECT_RECORD_H

#include "../../../base/shared_types.h"

#ifdef __cplusplus
namespace simsched::collect {
#endif

enum { COLLECT_ABSENT = -1 };

enum collect_kind {
	COLLECT_DECISION = 1,
	COLLECT_SWITCH,
	COLLECT_MOVE,
};

enum collect_trigger {
	COLLECT_WAKE,
	COLLECT_WAKE_SYNC,           /* the waker is about to sleep */
	COLLECT_FORK,
	COLLECT_EXEC,
	COLLECT_BALANCE_BUSY,        /* the CPU that balances has tasks */
	COLLECT_BALANCE_IDLE,
	COLLECT_BALANCE_NEWLY_IDLE,
	COLLECT_MOVED,               /* can_migrate_task() could not be hooked: a queued task changed its CPU */
	COLLECT_NR_TRIGGERS,
};

/* prev_state of a task that will not run again: TASK_DEAD. */
enum { COLLECT_STATE_DEAD = 0x80 };

/* A CPU's run queue at the decision. Loads in the kernel's PELT units: 1024 is one CPU, or one task of nice 0. */
struct collect_rq {
	s32 nr_running;
	s32 load;
	s32 util;
	s32 runnable;
	s32 capacity; /* left for fair tasks */
};

struct collect_decision {
	u32 kind;
	s32 pid;
	u64 time;
	s32 tgid;
	u32 trigger;
	s32 src, dst;  /* placement: previous and chosen CPU; balancing: from where to where */
	s32 result;    /* placement: another CPU was chosen; balancing: what can_migrate_task() returned */
	s32 waker_pid; /* who runs on the CPU that decides, and that CPU */
	s32 waker_cpu;
	s32 running;   /* the task is on its CPU right now */
	struct collect_rq src_rq, dst_rq;
	s32 weight; /* of nice 0: 1024 */
	s32 nice;
	s32 policy;
	s32 task_load;
	s32 task_util;
	s32 allowed_cpus;
	s32 numa_node; /* where the task had better be */
	s32 migration_type;
	s64 sum_exec; /* ns of CPU time since it was made */
	s64 vlag;
	s64 cold; /* balancing: ns since the task was last charged for running, by its queue's clock */
	s64 imbalance;
	s32 lb_flags;
	s32 failed_balances;
	s32 cache_nice_tries;
	s32 domain_cpus;
	char comm[16];
};

struct collect_switch {
	u32 kind;
	s32 cpu;
	u64 time;
	s32 prev, next; /* 0: idle, or not to be recorded */
	u32 prev_state; /* 0: still runnable */
	u32 pad;
};

struct collect_move {
	u32 kind;
	s32 pid;
	u64 time;
	s32 src, dst;
	s32 queued; /* it was waiting in a queue, not being woken */
	u32 pad;
};

/* One per CPU. Events are all there were while recording, whosever and sampled or not. */
struct collect_counters {
	u64 switches, wakeups, new_tasks, moves;
	u64 decisions;    /* ... that met the sample */
	u64 records;      /* in the ring */
	u64 lost_decisions, lost_switches, lost_moves; /* the ring was full */
	u64 unpaired;     /* a function's return, or a wake-up, without its beginning */
};

#ifdef __cplusplus
}  // namespace simsched::collect
#endif
#endif
