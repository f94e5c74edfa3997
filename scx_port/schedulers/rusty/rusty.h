/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the two halves of scx_rusty agree on: limits, the layout of globals and map values, the names of statistics.
 * Included by rusty.bpf.c and by the user-space half (rusty_user.h), which is C++.
 */
#ifndef SIMSCHED_RUSTY_H
#define SIMSCHED_RUSTY_H

#include "../../../base/shared_types.h"

#ifdef __cplusplus
namespace simsched::rusty {
#endif

enum {
	RUSTY_MAX_CPUS = 512,
	RUSTY_CPU_WORDS = RUSTY_MAX_CPUS / 64,
	RUSTY_MAX_DOMS = 64,       /* a set of domains is one u64 */
	RUSTY_MAX_NODES = 64,      /* no node without a domain */
	RUSTY_NO_DOM = 0xffff,     /* of a CPU in no domain: it is offline */
	RUSTY_MAX_ACTIVE = 1024,   /* tasks remembered for each domain */
	RUSTY_BUCKETS = 100,       /* weights fall into buckets of 100 */
	RUSTY_MAX_WEIGHT = 10000,
	RUSTY_MAX_TASKS = 1 << 20, /* map entries; made as tasks come */
};

/* The balancer: who decides is user space, what the program does with the decision is this. */
enum rusty_balancer {
	RUSTY_LB_OFF,
	RUSTY_LB_AS_DESIGNED, /* a task that was given a new domain joins it when it is next queued */
	RUSTY_LB_AS_CODED,    /* ... is sent to the domain it is in, which cancels the request but counts; so upstream since 2025-01 */
	RUSTY_LB_PHANTOM,     /* as designed here; the difference is in user space */
};

/* Statistics, an index into the per-CPU array `stats`. The first eleven are the ways a task comes onto a CPU's queue;
 * their sum is the number of dispatches. */
enum rusty_stat {
	RUSTY_STAT_WAKE_SYNC,         /* onto the CPU of its synchronous waker */
	RUSTY_STAT_SYNC_PREV_IDLE,    /* ... or rather its previous one, idle and in the waker's domain */
	RUSTY_STAT_PREV_IDLE,         /* its previous CPU was idle */
	RUSTY_STAT_GREEDY_IDLE,       /* ... and in another domain, where it may linger */
	RUSTY_STAT_PINNED,            /* it may use one CPU only */
	RUSTY_STAT_DIRECT,            /* onto an idle CPU of its domain */
	RUSTY_STAT_DIRECT_GREEDY,     /* onto an idle CPU of the domain of its previous CPU, another one */
	RUSTY_STAT_DIRECT_GREEDY_FAR, /* ... of any domain with room */
	RUSTY_STAT_DSQ,               /* from the queue of the CPU's domain */
	RUSTY_STAT_GREEDY_LOCAL,      /* from that of another domain of the node */
	RUSTY_STAT_GREEDY_XNUMA,      /* ... of another node */
	RUSTY_STAT_REPATRIATE,        /* a task came back from a foreign CPU */
	RUSTY_STAT_KICK_GREEDY,       /* an idle CPU anywhere was told of a queued task */
	RUSTY_STAT_LOAD_BALANCE,      /* the balancer's requests acted upon */
	RUSTY_STAT_DL_CLAMP,          /* queued with a vtime brought up to the domain's */
	RUSTY_STAT_DL_PRESET,         /* ... with the deadline it had */
	RUSTY_STAT_TASK_ERROR,        /* a task without context: must stay 0 */
	RUSTY_NR_STATS,
};

/* A decaying average of a value over time; see rusty_math.h. */
struct rusty_ravg {
	u64 val;    /* now */
	u64 val_at; /* since when */
	u64 old;    /* average up to the current window, in 2^-20 */
	u64 cur;    /* sum of the current window so far, in 2^-20 */
};

/* Value of `buckets`, by domain * RUSTY_BUCKETS + bucket: the number of runnable tasks. */
struct rusty_bucket {
#ifdef __cplusplus
	u32 lock;
#else
	struct bpf_spin_lock lock;
#endif
	u32 pad;
	struct rusty_ravg load;
};

/* Value of `task_loads`, by pid: what user space has to know of a task. `id` is never used again, as a pid is. */
struct rusty_task_load {
	struct rusty_ravg duty; /* 1 while runnable */
	u64 id;
	u64 dom_mask;           /* domains where it may run */
	u64 preferred_dom_mask; /* ... where its memory is bound to; 0: no preference */
	u32 dom_id;
	u32 weight;
	u32 is_kworker;
	u32 pad;
};

/* Value of `lb_requests`, by pid: user space wants the task in that domain. */
struct rusty_request {
	u64 id;
	u32 target_dom;
	u32 pad;
};

/* Global `active`, by domain: pids of the tasks that ran there, each once for each value of `gen`. User space reads
 * pids[read_idx % size] up to write_idx, then moves read_idx up and counts `gen` on. */
struct rusty_active {
	u64 gen;
	u64 read_idx;
	u64 write_idx;
	s32 pids[RUSTY_MAX_ACTIVE];
};

/* Global `tune`: what the tuner decided; taken over when `gen` has changed. */
struct rusty_tune {
	u64 gen;
	u64 slice_ns;
	u64 direct_greedy[RUSTY_CPU_WORDS]; /* CPUs that take in foreign tasks when idle */
	u64 kick_greedy[RUSTY_CPU_WORDS];   /* CPUs that are told of tasks queued elsewhere */
};

#ifdef __cplusplus
}  // namespace simsched::rusty
#endif
#endif
