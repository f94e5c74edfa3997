/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: the places where a policy that is made of it decides otherwise, or takes note of something. These are
 * scx_rusty's own: they do what it does. Part of rusty.bpf.c.
 */

/* Where a waking task goes, its way there prepared (task_ctx::dispatch_local); negative: as scx_rusty places it. */
static __always_inline s32 hook_place(struct task_struct *p, struct task_ctx *taskc, struct bpf_cpumask *own,
				      s32 prev_cpu, u64 wake_flags)
{
	return -1;
}

/* The queue for a task that has no CPU: that of its domain, or another one. */
static __always_inline u64 hook_queue(struct task_struct *p, struct task_ctx *taskc)
{
	return taskc->dom_id;
}

/* Moves a task to this CPU that is its own, or one of its domain. True: one has moved. */
static __always_inline bool hook_take(s32 cpu, u32 dom, struct task_struct *prev)
{
	return scx_bpf_dsq_move_to_local(dom);
}

/* ... one of the domain `from`, from which scx_rusty would take. */
static __always_inline bool hook_steal(s32 cpu, u32 from, struct task_struct *prev)
{
	return scx_bpf_dsq_move_to_local(from);
}

static __always_inline s32 hook_init(void)
{
	return 0;
}

static __always_inline s32 hook_init_task(struct task_struct *p, struct task_ctx *taskc, u64 now)
{
	return 0;
}

static __always_inline void hook_exit_task(struct task_struct *p) {}
static __always_inline void hook_runnable(struct task_struct *p, struct task_ctx *taskc, u64 now) {}
static __always_inline void hook_running(struct task_struct *p, struct task_ctx *taskc) {}
static __always_inline void hook_stopping(struct task_struct *p, struct task_ctx *taskc, u64 now) {}
static __always_inline void hook_quiescent(struct task_struct *p, struct task_ctx *taskc, u64 now) {}
