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

/* Idle CPUs of domains with room, for a task that may run anywhere: those near its previous CPU first, whole cores
 * first. */
static __always_inline s32 pick_direct_greedy(s32 prev_cpu, bool idle_cores)
{
	u32 prev_dom = dom_of_cpu(prev_cpu);
	struct bpf_cpumask *near = NULL, *far = mask_get(MASK_DIRECT_GREEDY);
	s32 cpu;

	if (!far || bpf_cpumask_empty(cast_mask(far)))
		return -1;
	if (prev_dom < RUSTY_MAX_DOMS) {
		near = mask_get(MASK_DOM_GREEDY + prev_dom);
		if (!direct_greedy_numa)
			far = mask_get(MASK_NODE_GREEDY + (node_of_dom(prev_dom) & (RUSTY_MAX_NODES - 1)));
	}
	if (idle_cores) {
		if (near) {
			cpu = scx_bpf_pick_idle_cpu(cast_mask(near), SCX_PICK_IDLE_CORE);
			if (cpu >= 0) {
				stat_inc(RUSTY_STAT_DIRECT_GREEDY);
				return cpu;
			}
		}
		if (far) {
			cpu = scx_bpf_pick_idle_cpu(cast_mask(far), SCX_PICK_IDLE_CORE);
			if (cpu >= 0) {
				stat_inc(RUSTY_STAT_DIRECT_GREEDY_FAR);
				return cpu;
			}
		}
	}
	if (near) {
		cpu = scx_bpf_pick_idle_cpu(cast_mask(near), 0);
		if (cpu >= 0) {
			stat_inc(RUSTY_STAT_DIRECT_GREEDY);
			return cpu;
		}
	}
	if (far) {
		cpu = scx_bpf_pick_idle_cpu(cast_mask(far), 0);
		if (cpu >= 0) {
			stat_inc(RUSTY_STAT_DIRECT_GREEDY_FAR);
			return cpu;
		}
	}
	return -1;
}

/* An idle CPU for the task, claimed; negative: none. */
static __always_inline s32 pick_idle(struct task_struct *p, struct task_ctx *taskc, struct bpf_cpumask *own,
				     s32 prev_cpu, bool domestic, const struct cpumask *idle_smt)
{
	bool idle_cores = !bpf_cpumask_empty(idle_smt);
	struct bpf_cpumask *greedy;
	s32 cpu;

	/* The previous CPU, when all of its core is idle; a foreign one only while its domain has room. */
	if (bpf_cpumask_test_cpu(prev_cpu, idle_smt)) {
		if (domestic) {
			if (scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
				stat_inc(RUSTY_STAT_PREV_IDLE);
				return prev_cpu;
			}
		} else {
			greedy = mask_get(MASK_DIRECT_GREEDY);
			if (greedy && bpf_cpumask_test_cpu(prev_cpu, cast_mask(greedy)) &&
			    bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) && scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
				stat_inc(RUSTY_STAT_GREEDY_IDLE);
				return prev_cpu;
			}
		}
	}
	/* Any whole core of the domain. */
	if (idle_cores) {
		cpu = scx_bpf_pick_idle_cpu(cast_mask(own), SCX_PICK_IDLE_CORE);
		if (cpu >= 0) {
			stat_inc(RUSTY_STAT_DIRECT);
			return cpu;
		}
	}
	/* The previous CPU although its sibling is busy, then any CPU of the domain. */
	if (domestic && scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
		stat_inc(RUSTY_STAT_PREV_IDLE);
		return prev_cpu;
	}
	cpu = scx_bpf_pick_idle_cpu(cast_mask(own), 0);
	if (cpu >= 0) {
		stat_inc(RUSTY_STAT_DIRECT);
		return cpu;
	}
	return taskc->all_cpus ? pick_direct_greedy(prev_cpu, idle_cores) : -1;
}

/* ---- Stealing ------------------------------------------------------------------------------------------------- */
/* Takes a task from the queue of another domain, on this node or on another one. */
static __always_inline bool steal(s32 cpu, u32 dom, bool other_node)
{
	u32 node = node_of_dom(dom), tries, from;

	bpf_for(tries, 1, nr_doms) {
		from = next_round(cpu) % nr_doms;
		if (from == dom || (node_of_dom(from) != node) != other_node)
			continue;
		/* Upstream's help text has it the other way round; this is what its code does. */
		if (other_node && scx_bpf_dsq_nr_queued(from) >= (s32)greedy_threshold_x_numa)
			continue;
		if (scx_bpf_dsq_move_to_local(from)) {
			stat_inc(other_node ? RUSTY_STAT_GREEDY_XNUMA : RUSTY_STAT_GREEDY_LOCAL);
			return true;
		}
	}
	return false;
}
