/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: options, globals, maps and how they are read. Part of rusty.bpf.c.
 */

/* ---- Set by user space before the start ----------------------------------------------------------------------- */
const volatile u32 nr_cpu_ids = 1;
const volatile u32 nr_doms = 1;
const volatile u32 nr_nodes = 1;                  /* highest node + 1 */
const volatile u32 cpu_dom[RUSTY_MAX_CPUS];       /* RUSTY_NO_DOM: in none */
const volatile u32 dom_node[RUSTY_MAX_DOMS];

const volatile u32 greedy_threshold = 1;          /* 0: no stealing from other domains at all */
const volatile u32 greedy_threshold_x_numa = 0;   /* 0: none from other nodes */
const volatile u64 load_half_life = 1000000000;
const volatile u32 perf = 0;                      /* fixed performance level of all CPUs; 0: leave it */
const volatile u32 balancer = RUSTY_LB_AS_DESIGNED;
const volatile bool direct_greedy_numa = false;   /* direct greedy placement may leave the node */
const volatile bool kthreads_local = false;
const volatile bool fifo_sched = false;
const volatile bool mempolicy_affinity = false;

/* ---- Shared with user space while running --------------------------------------------------------------------- */
struct rusty_tune tune = { .slice_ns = SCX_SLICE_DFL };
struct rusty_active active[RUSTY_MAX_DOMS];

/* ---- Ours ----------------------------------------------------------------------------------------------------- */
UEI_DEFINE(uei);

static u64 tune_gen;
static u64 slice_ns = SCX_SLICE_DFL;
static u64 dom_min_vruntime[RUSTY_MAX_DOMS];
static u64 next_task_id;

/* By CPU; a cache line each. */
struct pcpu_ctx {
	u32 dom_rr; /* where the next round over the domains starts */
	u32 pad[15];
};
static struct pcpu_ctx pcpu_ctxs[RUSTY_MAX_CPUS];

static const u32 prio_to_weight[64] = RUSTY_PRIO_TO_WEIGHT;

struct task_ctx {
	u64 id;
	u64 dom_mask;           /* domains where it may run */
	u64 preferred_dom_mask; /* ... where its memory is bound to */
	u64 deadline;
	u64 sum_runtime;        /* since it last woke up */
	u64 avg_runtime;
	u64 last_run_at;
	u64 last_woke_at;       /* when it last woke another task */
	u64 last_blocked_at;
	u64 waker_freq;
	u64 blocked_freq;
	u64 active_gen;         /* of `active` of its domain, when it was noted there */
	u32 dom_id;
	u32 weight;
	bool all_cpus;          /* it may run on every CPU */
	bool dispatch_local;    /* select_cpu() has found a CPU for it */
	struct bpf_cpumask __kptr *cpumask; /* CPUs of its domain where it may run: its domestic CPUs */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RUSTY_MAX_TASKS);
	__type(key, u32);
	__type(value, struct rusty_task_load);
} task_loads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RUSTY_MAX_DOMS * RUSTY_MAX_ACTIVE);
	__type(key, u32);
	__type(value, struct rusty_request);
} lb_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUSTY_MAX_DOMS * RUSTY_BUCKETS);
	__type(key, u32);
	__type(value, struct rusty_bucket);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RUSTY_NR_STATS);
	__type(key, u32);
	__type(value, u64);
} stats SEC(".maps");

/* All sets of CPUs that belong to no task. */
struct mask_slot {
	struct bpf_cpumask __kptr *mask;
};

enum {
	MASK_ALL,           /* every CPU of a domain */
	MASK_DIRECT_GREEDY, /* CPUs that take in foreign tasks when idle */
	MASK_KICK_GREEDY,
	MASK_DOM = 4,                                        /* by domain: its CPUs */
	MASK_DOM_GREEDY = MASK_DOM + RUSTY_MAX_DOMS,         /* by domain: direct greedy CPUs in it */
	MASK_NODE_GREEDY = MASK_DOM_GREEDY + RUSTY_MAX_DOMS, /* by node: direct greedy CPUs on it */
	NR_MASKS = MASK_NODE_GREEDY + RUSTY_MAX_NODES,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_MASKS);
	__type(key, u32);
	__type(value, struct mask_slot);
} masks SEC(".maps");

/* ---- Access --------------------------------------------------------------------------------------------------- */
static __always_inline void stat_inc(u32 stat)
{
	u64 *count = bpf_map_lookup_elem(&stats, &stat);

	if (count)
		(*count)++;
}

/* Null only before init(). The caller is a program that does not sleep, so the mask stays. */
static __always_inline struct bpf_cpumask *mask_get(u32 index)
{
	struct mask_slot *slot = bpf_map_lookup_elem(&masks, &index);

	return slot ? slot->mask : NULL;
}

static __always_inline struct task_ctx *task_ctx_try(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, 0, 0);
}

static __always_inline struct task_ctx *task_ctx_get(struct task_struct *p)
{
	struct task_ctx *taskc = task_ctx_try(p);

	if (!taskc)
		stat_inc(RUSTY_STAT_TASK_ERROR);
	return taskc;
}

static __always_inline bool is_cpu(s32 cpu)
{
	return cpu >= 0 && (u32)cpu < nr_cpu_ids;
}

static __always_inline u32 dom_of_cpu(s32 cpu)
{
	u32 index = cpu;

	return cpu_dom[index & (RUSTY_MAX_CPUS - 1)];
}

static __always_inline u32 node_of_dom(u32 dom)
{
	return dom_node[dom & (RUSTY_MAX_DOMS - 1)];
}

static __always_inline u64 *min_vruntime_of(u32 dom)
{
	return &dom_min_vruntime[dom & (RUSTY_MAX_DOMS - 1)];
}

/* Where this CPU starts its next round over the domains. */
static __always_inline u32 next_round(s32 cpu)
{
	u32 index = cpu;

	return pcpu_ctxs[index & (RUSTY_MAX_CPUS - 1)].dom_rr++;
}
