/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: the start. Part of rusty.bpf.c.
 */

/* Makes a set and fills it with the CPUs of the domain; none: with nothing; all: with those of all. */
__noinline int make_mask(u32 index, u32 dom)
{
	struct bpf_cpumask *mask;
	struct mask_slot *slot;
	u32 cpu;

	mask = bpf_cpumask_create();
	if (!mask)
		return -ENOMEM;
	bpf_for(cpu, 0, nr_cpu_ids) {
		if (dom_of_cpu(cpu) == dom || (index == MASK_ALL && dom_of_cpu(cpu) < RUSTY_MAX_DOMS))
			bpf_cpumask_set_cpu(cpu, mask);
	}
	slot = bpf_map_lookup_elem(&masks, &index);
	if (slot)
		mask = bpf_kptr_xchg(&slot->mask, mask);
	if (mask)
		bpf_cpumask_release(mask);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(rusty_init)
{
	u32 i;
	s32 err;

	bpf_for(i, 0, 3) {
		err = make_mask(i, RUSTY_NO_DOM - 1);
		if (err)
			return err;
	}
	bpf_for(i, 0, nr_nodes) {
		err = make_mask(MASK_NODE_GREEDY + i, RUSTY_NO_DOM - 1);
		if (err)
			return err;
	}
	bpf_for(i, 0, nr_doms) {
		err = make_mask(MASK_DOM + i, i);
		if (err)
			return err;
		err = make_mask(MASK_DOM_GREEDY + i, RUSTY_NO_DOM - 1);
		if (err)
			return err;
		err = scx_bpf_create_dsq(i, node_of_dom(i));
		if (err)
			return err;
	}
	bpf_for(i, 0, nr_cpu_ids) {
		pcpu_ctxs[i & (RUSTY_MAX_CPUS - 1)].dom_rr = i;
		if (perf)
			scx_bpf_cpuperf_set(i, perf < 1024 ? perf : 1024);
	}
	return hook_init();
}
