/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: the callbacks. Part of rusty.bpf.c, and of other policies that are made of it: they decide otherwise in
 * their hooks, which rusty_hooks.bpf.h names.
 */
s32 BPF_STRUCT_OPS(rusty_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *taskc;
	struct bpf_cpumask *own;
	const struct cpumask *idle_smt;
	bool domestic;
	s32 cpu;

	if (tune_gen != tune.gen)
		take_over_tune();
	taskc = task_ctx_get(p);
	if (!taskc || !(own = taskc->cpumask))
		return prev_cpu;

	if (p->nr_cpus_allowed == 1) {
		stat_inc(kthreads_local && (p->flags & PF_KTHREAD) ? RUSTY_STAT_DIRECT : RUSTY_STAT_PINNED);
		taskc->dispatch_local = true;
		return prev_cpu;
	}
	cpu = hook_place(p, taskc, own, prev_cpu, wake_flags);
	if (cpu >= 0)
		return cpu;
	if (wake_flags & SCX_WAKE_SYNC) {
		cpu = pick_wake_sync(p, prev_cpu);
		if (cpu >= 0) {
			taskc->dispatch_local = true;
			return cpu;
		}
	}
	domestic = bpf_cpumask_test_cpu(prev_cpu, cast_mask(own));
	idle_smt = scx_bpf_get_idle_smtmask();
	cpu = pick_idle(p, taskc, own, prev_cpu, domestic, idle_smt);
	scx_bpf_put_idle_cpumask(idle_smt);
	if (cpu >= 0) {
		taskc->dispatch_local = true;
		return cpu;
	}
	if (domestic)
		return prev_cpu;
	cpu = bpf_cpumask_any_distribute(cast_mask(own));
	return is_cpu(cpu) ? cpu : prev_cpu;
}

/* The balancer wants the task elsewhere. True: acted upon. */
static __always_inline bool follow_request(struct task_struct *p, struct task_ctx *taskc)
{
	u32 pid = p->pid, target;
	struct rusty_request *request;
	u64 id;

	if (balancer == RUSTY_LB_OFF)
		return false;
	request = bpf_map_lookup_elem(&lb_requests, &pid);
	if (!request)
		return false;
	id = request->id;
	target = request->target_dom;
	bpf_map_delete_elem(&lb_requests, &pid);
	target = DECIDE(rusty_decide, RUSTY_FOLLOW, id, target, taskc->id, taskc->dom_id, nr_doms, balancer);
	return target != RUSTY_NO_DOM && task_set_domain(p, taskc, taskc->dom_id, target);
}

static __always_inline void kick_domestic(struct bpf_cpumask *own)
{
	s32 cpu = bpf_cpumask_any_distribute(cast_mask(own));

	if (is_cpu(cpu))
		scx_bpf_kick_cpu(cpu, 0);
}

/* Tells an idle CPU of any domain that there is a task to steal. */
static __always_inline void kick_greedy(void)
{
	struct bpf_cpumask *greedy = mask_get(MASK_KICK_GREEDY);
	const struct cpumask *idle;
	s32 cpu;

	if (!greedy)
		return;
	idle = scx_bpf_get_idle_cpumask();
	cpu = bpf_cpumask_any_and_distribute(cast_mask(greedy), idle);
	scx_bpf_put_idle_cpumask(idle);
	if (is_cpu(cpu)) {
		stat_inc(RUSTY_STAT_KICK_GREEDY);
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
}

void BPF_STRUCT_OPS(rusty_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *taskc = task_ctx_get(p);
	struct bpf_cpumask *own;
	u64 vtime, queue;

	if (!taskc || !(own = taskc->cpumask)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice_ns, enq_flags);
		return;
	}
	queue = hook_queue(p, taskc);
	if (follow_request(p, taskc)) {
		stat_inc(RUSTY_STAT_LOAD_BALANCE);
		taskc->dispatch_local = false;
		queue = taskc->dom_id;
		kick_domestic(own);
	} else if (taskc->dispatch_local) {
		taskc->dispatch_local = false;
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags);
		return;
	} else if (!bpf_cpumask_test_cpu(scx_bpf_task_cpu(p), cast_mask(own))) {
		/* Its slice on a foreign CPU has ended; somebody at home should know that it is back. */
		stat_inc(RUSTY_STAT_REPATRIATE);
		kick_domestic(own);
	}

	if (fifo_sched) {
		scx_bpf_dsq_insert(p, queue, slice_ns, enq_flags);
	} else {
		vtime = DECIDE(rusty_decide, RUSTY_CLAMP, p->scx.dsq_vtime, *min_vruntime_of(taskc->dom_id), slice_ns);
		if (vtime != p->scx.dsq_vtime) {
			stat_inc(RUSTY_STAT_DL_CLAMP);
			scx_bpf_task_set_dsq_vtime(p, vtime);
			taskc->deadline = vtime + deadline_of(taskc);
		} else {
			stat_inc(RUSTY_STAT_DL_PRESET);
		}
		scx_bpf_dsq_insert_vtime(p, queue, slice_ns, taskc->deadline, enq_flags);
	}
	if (taskc->all_cpus && queue == taskc->dom_id)
		kick_greedy();
}

void BPF_STRUCT_OPS(rusty_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 dom = dom_of_cpu(cpu);

	if (dom >= RUSTY_MAX_DOMS)
		return;
	if (hook_take(cpu, dom, prev)) {
		stat_inc(RUSTY_STAT_DSQ);
		return;
	}
	if (!greedy_threshold || steal(cpu, dom, prev, false))
		return;
	if (greedy_threshold_x_numa && nr_nodes > 1)
		steal(cpu, dom, prev, true);
}

void BPF_STRUCT_OPS(rusty_runnable, struct task_struct *p, u64 enq_flags)
{
	struct task_struct *waker = (void *)bpf_get_current_task_btf();
	struct task_ctx *taskc = task_ctx_get(p), *wakerc;
	u64 now = bpf_ktime_get_ns();

	if (!taskc)
		return;
	taskc->sum_runtime = 0;
	hook_runnable(p, taskc, now);
	load_adjust(p, taskc, now, true);

	wakerc = task_ctx_try(waker);
	if (!wakerc)
		return;
	wakerc->waker_freq = DECIDE(rusty_decide, RUSTY_FREQ, wakerc->waker_freq,
				    sub_or_zero(now, wakerc->last_woke_at));
	wakerc->last_woke_at = now;
}

void BPF_STRUCT_OPS(rusty_running, struct task_struct *p)
{
	struct task_ctx *taskc = task_ctx_get(p);
	u64 *min_vruntime;

	if (!taskc)
		return;
	taskc->last_run_at = bpf_ktime_get_ns();
	hook_running(p, taskc);
	note_active(p, taskc);
	if (fifo_sched)
		return;
	/* Not exact when two CPUs do it at once, which the original does not mind either. */
	min_vruntime = min_vruntime_of(taskc->dom_id);
	*min_vruntime = DECIDE(rusty_decide, RUSTY_CLOCK, *min_vruntime, p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(rusty_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *taskc = task_ctx_get(p);
	u64 now = bpf_ktime_get_ns(), delta;

	if (!taskc)
		return;
	delta = sub_or_zero(now, taskc->last_run_at);
	hook_stopping(p, taskc, now);
	if (fifo_sched)
		return;
	taskc->sum_runtime += delta;
	taskc->avg_runtime = DECIDE(rusty_decide, RUSTY_AVERAGE, taskc->avg_runtime, taskc->sum_runtime);
	scx_bpf_task_set_dsq_vtime(p, DECIDE(rusty_decide, RUSTY_USED, p->scx.dsq_vtime, delta, taskc->weight));
	taskc->deadline = p->scx.dsq_vtime + deadline_of(taskc);
}

void BPF_STRUCT_OPS(rusty_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct task_ctx *taskc = task_ctx_get(p);
	u64 now = bpf_ktime_get_ns();

	if (!taskc)
		return;
	hook_quiescent(p, taskc, now);
	load_adjust(p, taskc, now, false);
	taskc->blocked_freq = DECIDE(rusty_decide, RUSTY_FREQ, taskc->blocked_freq,
				     sub_or_zero(now, taskc->last_blocked_at));
	taskc->last_blocked_at = now;
}

void BPF_STRUCT_OPS(rusty_set_weight, struct task_struct *p, u32 weight)
{
	struct task_ctx *taskc = task_ctx_get(p);
	struct rusty_task_load *load;

	if (!taskc)
		return;
	taskc->weight = weight;
	load = task_load_get(p, taskc);
	if (load)
		load->weight = weight;
}

void BPF_STRUCT_OPS(rusty_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	struct task_ctx *taskc = task_ctx_get(p);

	if (!taskc)
		return;
	task_pick_domain(p, taskc, taskc->dom_id);
	task_note_affinity(p, taskc);
}

s32 BPF_STRUCT_OPS(rusty_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	u64 now = bpf_ktime_get_ns();
	struct rusty_task_load load = {};
	struct bpf_cpumask *mask;
	struct task_ctx *taskc;
	u32 pid = p->pid;
	s32 err;

	taskc = bpf_task_storage_get(&task_ctxs, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!taskc)
		return -ENOMEM;
	mask = bpf_cpumask_create();
	if (!mask)
		return -ENOMEM;
	mask = bpf_kptr_xchg(&taskc->cpumask, mask);
	if (mask)
		bpf_cpumask_release(mask);

	taskc->id = __sync_fetch_and_add(&next_task_id, 1) + 1;
	taskc->weight = p->scx.weight;
	taskc->last_blocked_at = taskc->last_woke_at = now;
	taskc->active_gen = ~0ULL;

	load.id = taskc->id;
	load.weight = taskc->weight;
	load.is_kworker = !!(p->flags & PF_WQ_WORKER);
	load.duty.val_at = now;
	err = bpf_map_update_elem(&task_loads, &pid, &load, BPF_ANY);
	if (err)
		return err;
	err = hook_init_task(p, taskc, now);
	if (err)
		return err;

	task_pick_domain(p, taskc, RUSTY_NO_DOM);
	task_note_affinity(p, taskc);
	return 0;
}

void BPF_STRUCT_OPS(rusty_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct task_ctx *taskc = task_ctx_try(p);
	u32 pid = p->pid;

	/* The pid may be another task's by now. */
	if (!taskc || !task_load_get(p, taskc))
		return;
	hook_exit_task(p);
	bpf_map_delete_elem(&task_loads, &pid);
	bpf_map_delete_elem(&lb_requests, &pid);
}

void BPF_STRUCT_OPS(rusty_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

#define RUSTY_OPS_DEFINE(variable, text) \
	SCX_OPS_DEFINE(variable, \
	       .select_cpu	= (void *)rusty_select_cpu, \
	       .enqueue		= (void *)rusty_enqueue, \
	       .dispatch	= (void *)rusty_dispatch, \
	       .runnable	= (void *)rusty_runnable, \
	       .running		= (void *)rusty_running, \
	       .stopping	= (void *)rusty_stopping, \
	       .quiescent	= (void *)rusty_quiescent, \
	       .set_weight	= (void *)rusty_set_weight, \
	       .set_cpumask	= (void *)rusty_set_cpumask, \
	       .init_task	= (void *)rusty_init_task, \
	       .exit_task	= (void *)rusty_exit_task, \
	       .init		= (void *)rusty_init, \
	       .exit		= (void *)rusty_exit, \
	       .timeout_ms	= 10000U, \
	       .name		= text)
