/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Watches the running kernel's scheduler decide: where a task is placed when it wakes, forks or execs, whether a
 * balancing CPU may take it, and, for the outcomes, who runs where from when on. Nothing is changed and nothing waits:
 * a full ring buffer loses the record and counts it.
 *
 * Which of these programs are attached depends on the kernel: hooks.cc.
 * A decision is read when its function returns, when its inputs are still as they were: fexit has the arguments and the
 * result together. Where fexit is not to be had, a kprobe keeps the arguments for a kretprobe. Where
 * neither is, tracepoints show those decisions that changed something. Follows Linux 6.2 to 7.3, kernel/sched/core.c and fair.c.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

char _license[] SEC("license") = "GPL";

const volatile s32 self_tgid = 0;  /* the recorder: not observed */
const volatile u32 sample = 1;     /* one of so many tasks */
/* Written by user space when all is attached. */
u32 recording;
u32 wakeups_are_decisions; /* select_task_rq_*() cannot be hooked */
u32 moves_are_decisions;   /* can_migrate_task() cannot be hooked */

/* Linux names them WF_*, LBF_* by #define, which BTF does not know. */
enum { WAKE_EXEC = 0x02, WAKE_FORK = 0x04, WAKE_SYNC = 0x10 };
enum { ON_RQ_MIGRATING = 2 };
enum { LOAD_SHIFT = 10 }; /* weights are kept with so many more bits than nice levels have */

enum cpu_idle_type___c { CPU_NEWLY_IDLE___c = 2, CPU_IDLE___c = 1 }; /* values differ; see idle_trigger() */
enum migration_type___c { migrate_load___c };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#ifdef __TARGET_ARCH_arm64
struct user_pt_regs {
	u64 regs[31];
};
#else
struct pt_regs {
	unsigned long di, si, ax; /* x86: two arguments and the result */
};
#endif
struct rq___c;
struct cfs_rq___c {
	struct sched_avg avg;
	struct rq___c *rq;
};
struct rq___c {
	unsigned int nr_running;
	unsigned long cpu_capacity;
	u64 clock_task;
	struct cfs_rq___c cfs;
};
struct task_group___c {
	struct cfs_rq___c **cfs_rq;
};
struct sched_domain___c {
	unsigned int cache_nice_tries, nr_balance_failed, span_weight;
};
struct lb_env___c {
	struct sched_domain___c *sd;
	struct rq___c *src_rq, *dst_rq;
	int src_cpu, dst_cpu;
	enum cpu_idle_type___c idle;
	long imbalance;
	unsigned int flags;
	enum migration_type___c migration_type;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct collect_counters);
} counters SEC(".maps");

/* Arguments of a can_migrate_task() that has not returned. It runs with interrupts off: one per CPU. */
struct entered {
	u64 task, env;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct entered);
} entered SEC(".maps");

/* Tasks between sched_waking and sched_wakeup, by pid. */
struct waking {
	s32 cpu, waker_cpu, waker_pid;
	struct collect_rq rq;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, s32);
	__type(value, struct waking);
} waking SEC(".maps");

static __always_inline struct collect_counters *my_counters(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline bool wanted(const struct task_struct *p)
{
	u32 pid = p->pid;

	if (!pid || p->tgid == self_tgid)
		return false;
	return sample <= 1 || ((pid * 2654435761U) >> 8) % sample == 0;
}

static __always_inline void absent_rq(struct collect_rq *out)
{
	out->nr_running = out->load = out->util = out->runnable = out->capacity = COLLECT_ABSENT;
}

static __always_inline void read_rq(struct collect_rq *out, const struct rq___c *rq)
{
	out->nr_running = rq->nr_running;
	out->load = rq->cfs.avg.load_avg;
	out->util = rq->cfs.avg.util_avg;
	out->runnable = bpf_core_field_exists(rq->cfs.avg.runnable_avg) ? (s32)rq->cfs.avg.runnable_avg : COLLECT_ABSENT;
	out->capacity = rq->cpu_capacity;
}

/* The run queue of a CPU. The per-CPU symbol is hidden from BPF in kernels without CONFIG_KALLSYMS_ALL; a task's group
 * has a queue on each CPU, which knows it, too. */
static __always_inline void read_rq_of(struct collect_rq *out, const struct task_struct *p, s32 cpu)
{
	const struct task_group___c *group = (void *)p->sched_task_group;
	struct cfs_rq___c *queue = 0;

	absent_rq(out);
	if (cpu < 0 || !bpf_core_field_exists(group->cfs_rq) || !bpf_core_field_exists(queue->rq))
		return;
	if (bpf_probe_read_kernel(&queue, sizeof(queue), group->cfs_rq + cpu))
		return;
	queue = bpf_core_cast(queue, struct cfs_rq___c);
	read_rq(out, bpf_core_cast(queue->rq, struct rq___c));
}

static __always_inline void read_task(struct collect_decision *d, const struct task_struct *p)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();

	d->kind = COLLECT_DECISION;
	d->pid = p->pid;
	d->tgid = p->tgid;
	d->time = bpf_ktime_get_ns();
	d->waker_pid = (s32)pid_tgid;
	d->waker_cpu = bpf_get_smp_processor_id();
	d->running = p->on_cpu != 0;
	d->weight = p->se.load.weight >> LOAD_SHIFT;
	d->nice = p->static_prio - 120;
	d->policy = p->policy;
	d->task_load = p->se.avg.load_avg;
	d->task_util = p->se.avg.util_avg;
	d->allowed_cpus = p->nr_cpus_allowed;
	d->numa_node = bpf_core_field_exists(p->numa_preferred_nid) ? p->numa_preferred_nid : COLLECT_ABSENT;
	d->sum_exec = p->se.sum_exec_runtime;
	d->vlag = bpf_core_field_exists(p->se.vlag) ? p->se.vlag : 0;
	__builtin_memcpy(d->comm, p->comm, sizeof(d->comm));

	d->migration_type = d->failed_balances = d->cache_nice_tries = d->domain_cpus = COLLECT_ABSENT;
	d->cold = COLLECT_ABSENT;
	d->imbalance = 0;
	d->lb_flags = 0;
}

/* Room for a decision about p, or none: not wanted, or lost. */
static __always_inline struct collect_decision *begin_decision(const struct task_struct *p)
{
	struct collect_counters *c = my_counters();
	struct collect_decision *d;

	if (!recording || !c || !wanted(p))
		return 0;
	c->decisions++;
	d = bpf_ringbuf_reserve(&ring, sizeof(*d), 0);
	if (!d) {
		c->lost_decisions++;
		return 0;
	}
	c->records++;
	read_task(d, p);
	return d;
}

/* User space looks by itself: a wake-up from inside the scheduler would change what is recorded. */
#define SUBMIT(record) bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP)

/* ---- placement ---- */

static __always_inline int placed(const struct task_struct *p, s32 prev_cpu, s32 wake_flags, s32 chosen)
{
	struct collect_decision *d = begin_decision(p);

	if (!d)
		return 0;
	d->trigger = wake_flags & WAKE_EXEC ? COLLECT_EXEC : wake_flags & WAKE_FORK ? COLLECT_FORK :
		     wake_flags & WAKE_SYNC ? COLLECT_WAKE_SYNC : COLLECT_WAKE;
	d->src = prev_cpu;
	d->dst = chosen;
	d->result = chosen != prev_cpu;
	read_rq_of(&d->src_rq, p, prev_cpu);
	if (chosen == prev_cpu)
		d->dst_rq = d->src_rq;
	else
		read_rq_of(&d->dst_rq, p, chosen);
	SUBMIT(d);
	return 0;
}

SEC("fexit/select_task_rq_fair")
int BPF_PROG(select_fair, struct task_struct *p, int prev_cpu, int wake_flags, int chosen)
{
	return placed(p, prev_cpu, wake_flags, chosen);
}

SEC("fexit/select_task_rq_scx")
int BPF_PROG(select_scx, struct task_struct *p, int prev_cpu, int wake_flags, int chosen)
{
	return placed(p, prev_cpu, wake_flags, chosen);
}

/* Without them, what is before and after a wake-up. The queue that was chosen is seen with the task in it already: it is
 * not counted, but is in the loads. */
SEC("tp_btf/sched_waking")
int BPF_PROG(select_begin, struct task_struct *p)
{
	struct waking w = {};
	s32 pid = p->pid;

	if (!recording || !wanted(p) || p->on_rq) /* nothing to decide: it has not left its queue */
		return 0;
	w.cpu = p->thread_info.cpu;
	w.waker_cpu = bpf_get_smp_processor_id();
	w.waker_pid = (s32)bpf_get_current_pid_tgid();
	read_rq_of(&w.rq, p, w.cpu);
	bpf_map_update_elem(&waking, &pid, &w, BPF_ANY);
	return 0;
}

static __always_inline void placed_after(const struct task_struct *p, u32 trigger, const struct waking *w)
{
	struct collect_decision *d = begin_decision(p);

	if (!d)
		return;
	d->trigger = trigger;
	d->src = w->cpu;
	d->dst = p->thread_info.cpu;
	d->result = d->dst != d->src;
	d->waker_cpu = w->waker_cpu;
	d->waker_pid = w->waker_pid;
	d->src_rq = d->dst_rq = w->rq;
	if (d->result) {
		read_rq_of(&d->dst_rq, p, d->dst);
		if (d->dst_rq.nr_running > 0)
			d->dst_rq.nr_running--;
	}
	SUBMIT(d);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(task_wakeup, struct task_struct *p)
{
	struct collect_counters *c = my_counters();
	s32 pid = p->pid;
	struct waking *w;

	if (!recording || !c)
		return 0;
	c->wakeups++;
	if (!wakeups_are_decisions)
		return 0;
	w = bpf_map_lookup_elem(&waking, &pid);
	if (!w)
		return 0;
	placed_after(p, COLLECT_WAKE, w);
	bpf_map_delete_elem(&waking, &pid);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(new_task_wakeup, struct task_struct *p)
{
	struct collect_counters *c = my_counters();
	struct waking w = {};

	if (!recording || !c)
		return 0;
	c->new_tasks++;
	if (!wakeups_are_decisions || !wanted(p))
		return 0;
	w.cpu = w.waker_cpu = bpf_get_smp_processor_id(); /* a new task comes from where its parent runs */
	w.waker_pid = (s32)bpf_get_current_pid_tgid();
	read_rq_of(&w.rq, p, w.cpu);
	if (w.cpu == (s32)p->thread_info.cpu && w.rq.nr_running > 0)
		w.rq.nr_running--;
	placed_after(p, COLLECT_FORK, &w);
	return 0;
}

/* ---- balancing ---- */

/* Linux 6.9 renumbered them. */
static __always_inline u32 idle_trigger(u32 idle)
{
	if (idle == bpf_core_enum_value(enum cpu_idle_type___c, CPU_NEWLY_IDLE___c))
		return COLLECT_BALANCE_NEWLY_IDLE;
	if (idle == bpf_core_enum_value(enum cpu_idle_type___c, CPU_IDLE___c))
		return COLLECT_BALANCE_IDLE;
	return COLLECT_BALANCE_BUSY;
}

static __always_inline int balanced(const struct task_struct *p, const struct lb_env___c *env, s32 may_go)
{
	struct collect_decision *d = begin_decision(p);

	if (!d)
		return 0;
	d->trigger = idle_trigger(env->idle);
	d->src = env->src_cpu;
	d->dst = env->dst_cpu;
	d->result = may_go != 0;
	read_rq(&d->src_rq, env->src_rq);
	read_rq(&d->dst_rq, env->dst_rq);
	d->cold = env->src_rq->clock_task - p->se.exec_start;
	d->imbalance = env->imbalance;
	d->lb_flags = env->flags;
	d->migration_type = env->migration_type;
	d->failed_balances = env->sd->nr_balance_failed;
	d->cache_nice_tries = env->sd->cache_nice_tries;
	d->domain_cpus = env->sd->span_weight;
	SUBMIT(d);
	return 0;
}

SEC("fexit/can_migrate_task")
int BPF_PROG(balance_exit, struct task_struct *p, struct lb_env___c *env, int may_go)
{
	return balanced(p, env, may_go);
}

SEC("kprobe/can_migrate_task")
int BPF_KPROBE(balance_begin, struct task_struct *p, struct lb_env___c *env)
{
	u32 zero = 0;
	struct entered *e = bpf_map_lookup_elem(&entered, &zero);

	if (!recording || !e)
		return 0;
	e->task = (u64)p;
	e->env = (u64)env;
	return 0;
}

SEC("kretprobe/can_migrate_task")
int BPF_KRETPROBE(balance_end, int may_go)
{
	u32 zero = 0;
	struct entered *e = bpf_map_lookup_elem(&entered, &zero);
	struct collect_counters *c = my_counters();
	u64 task;

	if (!recording || !e || !c)
		return 0;
	task = e->task;
	e->task = 0;
	if (!task) {
		c->unpaired++;
		return 0;
	}
	return balanced(bpf_core_cast((void *)task, struct task_struct),
			bpf_core_cast((void *)e->env, struct lb_env___c), may_go);
}

/* ---- what became of it ---- */

SEC("tp_btf/sched_switch")
int BPF_PROG(task_switch, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state)
{
	struct collect_counters *c = my_counters();
	struct collect_switch *r;
	bool of_prev, of_next;

	if (!recording || !c)
		return 0;
	c->switches++;
	of_prev = wanted(prev);
	of_next = wanted(next);
	if (!of_prev && !of_next)
		return 0;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		c->lost_switches++;
		return 0;
	}
	c->records++;
	r->kind = COLLECT_SWITCH;
	r->cpu = bpf_get_smp_processor_id();
	r->time = bpf_ktime_get_ns();
	r->prev = of_prev ? prev->pid : 0;
	r->next = of_next ? next->pid : 0;
	r->prev_state = preempt ? 0 : prev_state;
	r->pad = 0;
	SUBMIT(r);
	return 0;
}

static __always_inline void moved_decision(const struct task_struct *p, s32 src, s32 dst)
{
	struct collect_decision *d = begin_decision(p);

	if (!d)
		return;
	d->trigger = COLLECT_MOVED;
	d->src = src;
	d->dst = dst;
	d->result = 1;
	read_rq_of(&d->src_rq, p, src);
	if (d->src_rq.nr_running >= 0)
		d->src_rq.nr_running++; /* it has just left */
	read_rq_of(&d->dst_rq, p, dst);
	SUBMIT(d);
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(task_move, struct task_struct *p, int dst)
{
	struct collect_counters *c = my_counters();
	struct collect_move *r;
	s32 src = p->thread_info.cpu;
	bool queued = p->on_rq == ON_RQ_MIGRATING;

	if (!recording || !c)
		return 0;
	c->moves++;
	if (!wanted(p))
		return 0;
	if (queued && moves_are_decisions)
		moved_decision(p, src, dst);
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		c->lost_moves++;
		return 0;
	}
	c->records++;
	r->kind = COLLECT_MOVE;
	r->pid = p->pid;
	r->time = bpf_ktime_get_ns();
	r->src = src;
	r->dst = dst;
	r->queued = queued;
	r->pad = 0;
	SUBMIT(r);
	return 0;
}
