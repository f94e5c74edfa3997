/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Watches the running kernel's scheduler decide: where a task is placed when it wakes, forks or execs, whether a
 * balancing CPU may take it, and, for the outcomes, who runs where from when on. Nothing is changed and nothing waits:
 * a full ring buffer loses the record and counts it.
 *
 * A decision is read when its function returns, when its inputs are still as they were: fexit has the arguments and the
 * result together. Where it is not to be had, a kprobe keeps the arguments for a kretprobe; where neither is, tracepoints
 * show the decisions that changed something. hooks.cc attaches what the kernel allows. Follows Linux 6.2 to 7.3,
 * kernel/sched/core.c and fair.c.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "decision_file/record.h"
#include "inputs.bpf.h"

char _license[] SEC("license") = "GPL";

const volatile s32 self_tgid = 0;  /* the recorder: not observed */
const volatile u32 sample = 1;     /* one of so many tasks */
/* Written by user space when all is attached. */
u32 recording;
u32 wakeups_are_decisions; /* select_task_rq_*() cannot be hooked */
u32 moves_are_decisions;   /* can_migrate_task() cannot be hooked */

/* Linux names them WF_*, TASK_ON_RQ_* by #define, which BTF does not know. */
enum { WAKE_EXEC = 0x02, WAKE_FORK = 0x04, WAKE_SYNC = 0x10 };
enum { ON_RQ_MIGRATING = 2 };

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
