/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: where a waking task goes, and what the tuner's decisions mean for it. Part of rusty.bpf.c.
 */

/* ---- Tuner ---------------------------------------------------------------------------------------------------- */
static __always_inline void mask_put_cpu(u32 index, u32 cpu, bool in)
{
	struct bpf_cpumask *mask = mask_get(index);

	if (!mask)
		return;
	if (in)
		bpf_cpumask_set_cpu(cpu, mask);
	else
		bpf_cpumask_clear_cpu(cpu, mask);
}

/* A function of its own to the verifier, which looks at it once. */
__noinline int take_over_tune(void)
{
	u32 cpu, dom;
	bool greedy, kick;

	tune_gen = tune.gen;
	slice_ns = tune.slice_ns;
	bpf_for(cpu, 0, nr_cpu_ids) {
		dom = dom_of_cpu(cpu);
		if (dom >= RUSTY_MAX_DOMS)
			continue;
		greedy = tune.direct_greedy[(cpu / 64) & (RUSTY_CPU_WORDS - 1)] >> (cpu & 63) & 1;
		kick = tune.kick_greedy[(cpu / 64) & (RUSTY_CPU_WORDS - 1)] >> (cpu & 63) & 1;
		mask_put_cpu(MASK_DIRECT_GREEDY, cpu, greedy);
		mask_put_cpu(MASK_DOM_GREEDY + dom, cpu, greedy);
		mask_put_cpu(MASK_NODE_GREEDY + (node_of_dom(dom) & (RUSTY_MAX_NODES - 1)), cpu, greedy);
		mask_put_cpu(MASK_KICK_GREEDY, cpu, kick);
	}
	return 0;
}

/* ---- Idle CPUs ------------------------------------------------------------------------------------------------ */
/* A synchronous waker is about to sleep: its CPU, or the task's previous one when that is idle and in the same
 * domain. Which domain the task belongs to does not matter. Negative: neither. */
static __always_inline s32 pick_wake_sync(struct task_struct *p, s32 prev_cpu)
{
	s32 waker_cpu = bpf_get_smp_processor_id();
	u32 dom = dom_of_cpu(waker_cpu);
	struct task_struct *waker = (void *)bpf_get_current_task_btf();
	struct bpf_cpumask *dom_mask;
	const struct cpumask *idle;
	bool any_idle;

	if (dom >= RUSTY_MAX_DOMS)
		return -1;
	dom_mask = mask_get(MASK_DOM + dom);
	if (!dom_mask)
		return -1;
	if (bpf_cpumask_test_cpu(prev_cpu, cast_mask(dom_mask)) && scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
		stat_inc(RUSTY_STAT_SYNC_PREV_IDLE);
		return prev_cpu;
	}
	idle = scx_bpf_get_idle_cpumask();
	any_idle = bpf_cpumask_intersects(cast_mask(dom_mask), idle);
	scx_bpf_put_idle_cpumask(idle);
	if (any_idle && bpf_cpumask_test_cpu(waker_cpu, p->cpus_ptr) && !(waker->flags & PF_EXITING) &&
	    !scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | waker_cpu)) {
		stat_inc(RUSTY_STAT_WAKE_SYNC);
		return waker_cpu;
	}
	return -1;
}

/* What RUSTY_PLACE decides from. */
static __always_inline u64 place_facts(struct task_struct *p, struct task_ctx *taskc, s32 prev_cpu, bool domestic,
				       const struct cpumask *idle_smt)
{
	struct bpf_cpumask *greedy = mask_get(MASK_DIRECT_GREEDY);
	u64 facts = domestic ? PLACE_DOMESTIC : 0;

	if (bpf_cpumask_test_cpu(prev_cpu, idle_smt))
		facts |= PLACE_PREV_CORE;
	if (!bpf_cpumask_empty(idle_smt))
		facts |= PLACE_CORES;
	if (taskc->all_cpus)
		facts |= PLACE_ANYWHERE;
	if (!greedy || bpf_cpumask_empty(cast_mask(greedy)))
		return facts;
	facts |= PLACE_GREEDY;
	if (bpf_cpumask_test_cpu(prev_cpu, cast_mask(greedy)) && bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr))
		facts |= PLACE_PREV_ROOM;
	return facts;
}

static __always_inline s32 pick_from(struct bpf_cpumask *mask, u64 flags)
{
	return mask ? scx_bpf_pick_idle_cpu(cast_mask(mask), flags) : -1;
}

/* CPUs with room for foreign tasks, in the domain of the previous CPU or beyond it. */
static __always_inline struct bpf_cpumask *greedy_mask(s32 prev_cpu, bool near)
{
	u32 dom = dom_of_cpu(prev_cpu);

	if (near)
		return dom < RUSTY_MAX_DOMS ? mask_get(MASK_DOM_GREEDY + dom) : NULL;
	if (dom < RUSTY_MAX_DOMS && !direct_greedy_numa)
		return mask_get(MASK_NODE_GREEDY + (node_of_dom(dom) & (RUSTY_MAX_NODES - 1)));
	return mask_get(MASK_DIRECT_GREEDY);
}

/* An idle CPU by this attempt, claimed; negative: none. */
static __always_inline s32 try_idle(u32 attempt, struct bpf_cpumask *own, s32 prev_cpu, u32 *stat)
{
	switch (attempt) {
	case TRY_PREV:
	case TRY_PREV_FOREIGN:
		*stat = attempt == TRY_PREV ? RUSTY_STAT_PREV_IDLE : RUSTY_STAT_GREEDY_IDLE;
		return scx_bpf_test_and_clear_cpu_idle(prev_cpu) ? prev_cpu : -1;
	case TRY_OWN_CORE:
	case TRY_OWN:
		*stat = RUSTY_STAT_DIRECT;
		return pick_from(own, attempt == TRY_OWN ? 0 : SCX_PICK_IDLE_CORE);
	case TRY_NEAR_CORE:
	case TRY_NEAR:
		*stat = RUSTY_STAT_DIRECT_GREEDY;
		return pick_from(greedy_mask(prev_cpu, true), attempt == TRY_NEAR ? 0 : SCX_PICK_IDLE_CORE);
	case TRY_FAR_CORE:
	case TRY_FAR:
		*stat = RUSTY_STAT_DIRECT_GREEDY_FAR;
		return pick_from(greedy_mask(prev_cpu, false), attempt == TRY_FAR ? 0 : SCX_PICK_IDLE_CORE);
	}
	return -1;
}

/* A global function: the verifier is not to know which plans there are, or it would follow each. */
__noinline u64 plan_of(u64 facts)
{
	return DECIDE(rusty_decide, RUSTY_PLACE, facts);
}

/* An idle CPU for the task, claimed; negative: none. */
static __always_inline s32 pick_idle(struct task_struct *p, struct task_ctx *taskc, struct bpf_cpumask *own,
				     s32 prev_cpu, bool domestic, const struct cpumask *idle_smt)
{
	u64 plan = plan_of(place_facts(p, taskc, prev_cpu, domestic, idle_smt));
	u32 i, stat = 0;
	s32 cpu;

	bpf_for(i, 0, MAX_TRIES) {
		if (!(plan & 15))
			break;
		cpu = try_idle(plan & 15, own, prev_cpu, &stat);
		if (cpu >= 0) {
			stat_inc(stat);
			return cpu;
		}
		plan >>= 4;
	}
	return -1;
}

/* ---- Stealing ------------------------------------------------------------------------------------------------- */
/* Takes a task from the queue of another domain, on this node or on another one. */
static __always_inline bool steal(s32 cpu, u32 dom, struct task_struct *prev, bool other_node)
{
	u32 node = node_of_dom(dom), tries, from;

	bpf_for(tries, 1, nr_doms) {
		from = next_round(cpu) % nr_doms;
		if (!DECIDE(rusty_decide, RUSTY_STEAL, dom, node, from, node_of_dom(from), other_node,
			    other_node ? scx_bpf_dsq_nr_queued(from) : 0, greedy_threshold_x_numa))
			continue;
		if (hook_steal(cpu, from, prev)) {
			stat_inc(other_node ? RUSTY_STAT_GREEDY_XNUMA : RUSTY_STAT_GREEDY_LOCAL);
			return true;
		}
	}
	return false;
}
