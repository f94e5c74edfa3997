/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What decisions are made from: the kernel's types as far as they are read, and the reading. A member that the running
 * kernel lacks is COLLECT_ABSENT. Included by decisions.bpf.c only.
 */
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

/* Linux 6.9 renumbered them. */
static __always_inline u32 idle_trigger(u32 idle)
{
	if (idle == bpf_core_enum_value(enum cpu_idle_type___c, CPU_NEWLY_IDLE___c))
		return COLLECT_BALANCE_NEWLY_IDLE;
	if (idle == bpf_core_enum_value(enum cpu_idle_type___c, CPU_IDLE___c))
		return COLLECT_BALANCE_IDLE;
	return COLLECT_BALANCE_BUSY;
}
