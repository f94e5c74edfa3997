/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: load of tasks and domains, deadlines, which domain a task belongs to. Part of rusty.bpf.c.
 */

/* ---- Load ----------------------------------------------------------------------------------------------------- */
static __always_inline struct rusty_bucket *bucket_get(u32 dom, u32 weight)
{
	u32 index = dom * RUSTY_BUCKETS + bucket_of(weight);

	return bpf_map_lookup_elem(&buckets, &index);
}

/* What user space sees of the task; null when its pid has passed to another one. */
static __always_inline struct rusty_task_load *task_load_get(struct task_struct *p, struct task_ctx *taskc)
{
	u32 pid = p->pid;
	struct rusty_task_load *load = bpf_map_lookup_elem(&task_loads, &pid);

	return load && load->id == taskc->id ? load : NULL;
}

/* The task becomes runnable or stops being so. */
static __always_inline void load_adjust(struct task_struct *p, struct task_ctx *taskc, u64 now, bool runnable)
{
	struct rusty_bucket *bucket = bucket_get(taskc->dom_id, taskc->weight);
	struct rusty_task_load *load = task_load_get(p, taskc);

	if (bucket) {
		bpf_spin_lock(&bucket->lock);
		ravg_accumulate(&bucket->load, runnable ? bucket->load.val + 1 : sub_or_zero(bucket->load.val, 1), now,
				load_half_life);
		bpf_spin_unlock(&bucket->lock);
	}
	if (load)
		ravg_accumulate(&load->duty, runnable, now, load_half_life);
}

/* The task's load, past and present, moves with it. */
static __always_inline void load_transfer(struct rusty_task_load *load, u32 weight, u32 from, u32 to, u64 now)
{
	struct rusty_bucket *bucket;
	struct rusty_ravg part;

	ravg_accumulate(&load->duty, load->duty.val, now, load_half_life);
	part = load->duty;
	bucket = bucket_get(from, weight);
	if (bucket) {
		bpf_spin_lock(&bucket->lock);
		ravg_leave(&bucket->load, &part, now, load_half_life);
		bpf_spin_unlock(&bucket->lock);
	}
	bucket = bucket_get(to, weight);
	if (bucket) {
		bpf_spin_lock(&bucket->lock);
		ravg_join(&bucket->load, &part, now, load_half_life);
		bpf_spin_unlock(&bucket->lock);
	}
}

/* Notes for user space that the task ran in its domain, once in each of the balancer's rounds. */
static __always_inline void note_active(struct task_struct *p, struct task_ctx *taskc)
{
	struct rusty_active *list = &active[taskc->dom_id & (RUSTY_MAX_DOMS - 1)];
	u64 gen = list->gen, at;

	if (taskc->active_gen == gen)
		return;
	at = __sync_fetch_and_add(&list->write_idx, 1);
	list->pids[at & (RUSTY_MAX_ACTIVE - 1)] = p->pid;
	taskc->active_gen = gen;
}

/* ---- Deadline ------------------------------------------------------------------------------------------------- */
static __always_inline u64 deadline_of(struct task_ctx *taskc)
{
	return DECIDE(rusty_decide, RUSTY_LENGTH, taskc->avg_runtime, taskc->waker_freq, taskc->blocked_freq,
		      taskc->weight);
}

/* ---- Domain --------------------------------------------------------------------------------------------------- */
/* Makes `dom` the domain of the task; `from` is the one it leaves, or RUSTY_NO_DOM. Refuses when the task may run
 * nowhere in it: its affinity may have changed since that was decided. */
static __always_inline bool task_set_domain(struct task_struct *p, struct task_ctx *taskc, u32 from, u32 dom)
{
	struct bpf_cpumask *dom_mask = mask_get(MASK_DOM + (dom & (RUSTY_MAX_DOMS - 1)));
	struct bpf_cpumask *own = taskc->cpumask;
	struct rusty_task_load *load;
	u64 vtime;

	if (!dom_mask || !own || !bpf_cpumask_intersects(cast_mask(dom_mask), p->cpus_ptr))
		return false;
	load = task_load_get(p, taskc);
	if (load) {
		if (from != RUSTY_NO_DOM && from != dom)
			load_transfer(load, taskc->weight, from, dom, bpf_ktime_get_ns());
		load->dom_id = dom;
	}
	vtime = *min_vruntime_of(dom);
	scx_bpf_task_set_dsq_vtime(p, vtime);
	taskc->deadline = vtime + scale_inverse(taskc->avg_runtime, taskc->weight);
	taskc->dom_id = dom;
	bpf_cpumask_and(own, cast_mask(dom_mask), p->cpus_ptr);
	return true;
}

/* Of include/uapi/linux/mempolicy.h. */
enum { RUSTY_MPOL_PREFERRED = 1, RUSTY_MPOL_BIND = 2, RUSTY_MPOL_PREFERRED_MANY = 5 };

/* Domains on the nodes that the task's memory is bound to; 0: no preference. */
static __always_inline u64 preferred_doms(struct task_struct *p)
{
	struct mempolicy *policy = p->mempolicy;
	u64 nodes, found = 0;
	u32 dom, mode;

	if (!mempolicy_affinity || !policy)
		return 0;
	mode = BPF_CORE_READ(policy, mode);
	if (mode != RUSTY_MPOL_PREFERRED && mode != RUSTY_MPOL_BIND && mode != RUSTY_MPOL_PREFERRED_MANY)
		return 0;
	nodes = BPF_CORE_READ(policy, nodes.bits[0]);
	bpf_for(dom, 0, nr_doms)
		if (nodes >> (node_of_dom(dom) & 63) & 1)
			found |= 1ULL << (dom & 63);
	return found;
}

/* Finds the domains where the task may run and puts it into one: the first one from where this CPU's round has come
 * to, those first that its memory is bound to. Leaves it alone when it may run in none: its CPUs are all offline. */
static __always_inline void task_pick_domain(struct task_struct *p, struct task_ctx *taskc, u32 from)
{
	u32 start = next_round(bpf_get_smp_processor_id()), i, dom;
	u64 preferred = preferred_doms(p), may = 0;
	struct rusty_task_load *load;
	struct bpf_cpumask *mask;

	bpf_for(i, 0, nr_doms) {
		mask = mask_get(MASK_DOM + (i & (RUSTY_MAX_DOMS - 1)));
		if (mask && bpf_cpumask_intersects(cast_mask(mask), p->cpus_ptr))
			may |= 1ULL << (i & 63);
	}
	taskc->dom_mask = may;
	taskc->preferred_dom_mask = preferred & may;
	dom = DECIDE(rusty_decide, RUSTY_DOMAIN, may, preferred, start % nr_doms);
	if (dom != RUSTY_NO_DOM)
		task_set_domain(p, taskc, from, dom);
	load = task_load_get(p, taskc);
	if (load) {
		load->dom_mask = taskc->dom_mask;
		load->preferred_dom_mask = taskc->preferred_dom_mask;
	}
}

static __always_inline void task_note_affinity(struct task_struct *p, struct task_ctx *taskc)
{
	struct bpf_cpumask *all = mask_get(MASK_ALL);

	taskc->all_cpus = all && bpf_cpumask_subset(cast_mask(all), p->cpus_ptr);
}
