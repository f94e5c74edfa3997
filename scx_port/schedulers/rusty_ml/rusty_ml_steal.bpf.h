/* SPDX-License-Identifier: GPL-2.0-only
 * rusty_ml: what a free CPU takes, and who sees to it that nobody waits too long. Part of rusty_ml.bpf.c.
 *
 * Where the model says "stay", a task waits although a CPU is free for it. It does not wait long: for wait_max_ns at
 * most while CPUs are busy, and while one idles, for wait_limit_ns as one of several in its queue, wait_alone_ns as the
 * only one. Then it is taken unasked; a timer looks for such tasks, and sends a CPU for each.
 */
static __always_inline bool runs_on(struct task_struct *p, s32 cpu) {
  return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && (scx_bpf_task_cpu(p) == cpu || !is_migration_disabled(p));
}

static __noinline bool is_overdue(u64 waited, u64 waiting) {
  return DECIDE(rusty_ml_decide, ML_OVERDUE, waited, waiting, wait_limit_ns, wait_alone_ns);
}

/* Whether this CPU, which has nothing better, takes a task that waits in a queue. */
static __always_inline bool takes(struct task_struct *p, s32 cpu) {
  struct task_ctx *taskc = task_ctx_try(p);
  struct rusty_ml_task *task;
  struct ml_way way;
  u32 verdict;

  if (!taskc) return true;
  task = ml_task_of(p, taskc);
  if (!task || scx_bpf_task_cpu(p) == cpu) return true;
  if (bpf_ktime_get_ns() - task->queued_at > wait_max_ns) {
    ML_COUNT(overdue);
    return true;
  }
  way = way_from(p, taskc, scx_bpf_task_cpu(p), SITE_STEAL);
  verdict = answer_verdict(ask(p, task, &way, cpu));
  task->decisions++;
  ML_COUNT(decided);
  if (verdict == MLP_UNSURE) {
    ML_COUNT(fallback);
    return true;
  }
  if (verdict == MLP_MOVE && take_token(task, way.now)) {
    ML_COUNT(move);
    return true;
  }
  ML_COUNT(stay);
  hold(task, way.now);
  return false;
}

/* The first few that may run here are asked about. True: one was taken. */
static __noinline bool take_asked(s32 cpu, u64 queue) {
  struct task_struct *p;
  u32 refused = 0;

  if (!waiting_in(queue)) return false;
  bpf_for_each(scx_dsq, p, queue, 0) {
    if (!runs_on(p, cpu)) continue;
    if (takes(p, cpu)) {
      if (scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | cpu, 0)) return true;
    } else if (++refused >= ML_LOOK) {
      break;
    }
  }
  return false;
}

/* Of those that were made to wait, one that has waited too long for a CPU that idles. */
static __noinline bool take_overdue(s32 cpu, u64 queue) {
  u64 waiting = waiting_in(queue), now = bpf_ktime_get_ns();
  struct rusty_ml_task *task;
  struct task_ctx *taskc;
  struct task_struct *p;
  u32 looked = 0;

  if (!waiting) return false;
  bpf_for_each(scx_dsq, p, queue, 0) {
    if (++looked > ML_LOOK) break;
    taskc = task_ctx_try(p);
    if (!taskc || !runs_on(p, cpu)) continue;
    task = ml_task_of(p, taskc);
    if (!task || !task->held || !is_overdue(now - task->queued_at, waiting)) continue;
    if (!scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | cpu, 0)) continue;
    ML_COUNT(overdue);
    return true;
  }
  return false;
}

/* Whether the CPU would idle if it took nothing. */
static __always_inline bool would_idle(struct task_struct *prev) {
  return !prev || !(prev->scx.flags & SCX_TASK_QUEUED);
}

static __always_inline bool take_from(s32 cpu, u64 queue, struct task_struct *prev) {
  return take_asked(cpu, queue) || (would_idle(prev) && take_overdue(cpu, queue));
}

/* What was sent for; see look_after(). */
static __always_inline bool take_rescued(s32 cpu) {
  u64 *slot = &rescue_queue[cpu & (RUSTY_MAX_CPUS - 1)], queue = *slot;

  if (!queue) return false;
  *slot = 0;
  if (!take_overdue(cpu, queue - 1)) return false;
  ML_COUNT(rescued);
  return true;
}

/* Whether the next task is one that waits for this CPU: that of the earlier deadline. */
static __noinline bool stays_first(u64 stays, u64 queue) {
  struct task_struct *p;
  u64 mine = 0, other = 0;
  bool any = false;

  bpf_for_each(scx_dsq, p, stays, 0) {
    mine = p->scx.dsq_vtime;
    break;
  }
  bpf_for_each(scx_dsq, p, queue, 0) {
    other = p->scx.dsq_vtime;
    any = true;
    break;
  }
  return !any || DECIDE(rusty_ml_decide, ML_EARLIER, mine, other);
}

static __always_inline bool hook_take(s32 cpu, u32 dom, struct task_struct *prev) {
  u64 stays = STAY_DSQ + cpu;
  bool any;

  if (gate_kind == GATE_OFF || gate_kind == GATE_NEST) return scx_bpf_dsq_move_to_local(dom);
  if (take_rescued(cpu)) return true;
  any = waiting_in(stays);
  if (any && stays_first(stays, dom) && scx_bpf_dsq_move_to_local(stays)) return true;
  if (ask_own ? take_from(cpu, dom, prev) : scx_bpf_dsq_move_to_local(dom)) return true;
  return any && scx_bpf_dsq_move_to_local(stays);
}

static __always_inline bool hook_steal(s32 cpu, u32 from, struct task_struct *prev) {
  if (gate_kind == GATE_OFF || gate_kind == GATE_NEST || !(sites & 1 << SITE_STEAL)) return scx_bpf_dsq_move_to_local(from);
  return take_from(cpu, from, prev);
}

/* ---- Rescue ---------------------------------------------------------------------------------------------------- */
/* Sends a CPU for the first task of a queue that was made to wait and waits too long, one of its own domain rather than
 * another. True: there are such that wait. */
static __always_inline u32 look_at_tasks(u64 queue) {
  u64 waiting = waiting_in(queue), now = bpf_ktime_get_ns(), waited;
  const struct cpumask *idle;
  struct rusty_ml_task *task;
  struct bpf_cpumask *own;
  struct task_ctx *taskc;
  struct task_struct *p;
  u32 looked = 0, held = 0;
  s32 cpu;

  if (!waiting) return 0;
  bpf_for_each(scx_dsq, p, queue, 0) {
    if (++looked > ML_LOOK) break;
    taskc = task_ctx_try(p);
    if (!taskc) continue;
    task = ml_task_of(p, taskc);
    if (!task || !task->held) continue;
    held = 1;
    waited = now - task->queued_at;
    if (!is_overdue(waited, waiting)) continue;
    own = taskc->cpumask;
    idle = scx_bpf_get_idle_cpumask();
    cpu = own ? bpf_cpumask_any_and_distribute(cast_mask(own), idle) : nr_cpu_ids;
    if (!is_cpu(cpu)) cpu = bpf_cpumask_any_and_distribute(p->cpus_ptr, idle);
    scx_bpf_put_idle_cpumask(idle);
    if (is_cpu(cpu)) {
      rescue_queue[cpu & (RUSTY_MAX_CPUS - 1)] = queue + 1;
      scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
    } else if (waited > wait_max_ns) {
      /* Its CPU may be another class's for good: whoever has a slice's end next. */
      cpu = bpf_cpumask_any_distribute(p->cpus_ptr);
      if (is_cpu(cpu)) rescue_queue[cpu & (RUSTY_MAX_CPUS - 1)] = queue + 1;
    }
    break;
  }
  return held;
}

/* The timer is set by init(), which may sleep, so that the verifier takes its callback for one that may, too. */
__noinline u32 look_at_queue(u64 queue) {
  u32 held;

  bpf_rcu_read_lock();
  held = look_at_tasks(queue);
  bpf_rcu_read_unlock();
  return held;
}

static u64 look_period(void) { return wait_limit_ns / 2 + 1; }

static int look_after(void *map, int *key, struct bpf_timer *timer) {
  u64 now = bpf_ktime_get_ns(), since = scanned_at;
  u32 i, held = 0;

  if (held_at >= since) {
    bpf_for(i, 0, nr_doms) held |= look_at_queue(i);
    bpf_for(i, 0, nr_cpu_ids) held |= look_at_queue(STAY_DSQ + i);
    /* While some wait, they are looked at again. */
    if (!held) scanned_at = now;
  }
  bpf_timer_start(timer, look_period(), 0);
  return 0;
}

static __always_inline s32 ml_mask_make(u32 index) {
  struct mask_slot *slot = bpf_map_lookup_elem(&ml_masks, &index);
  struct bpf_cpumask *mask;

  if (!slot) return 0;
  mask = bpf_cpumask_create();
  if (!mask) return -ENOMEM;
  mask = bpf_kptr_xchg(&slot->mask, mask);
  if (mask) bpf_cpumask_release(mask);
  return 0;
}

static __always_inline s32 hook_init(void) {
  struct ml_timer *timer;
  u32 i, zero = 0;
  s32 err;

  if (gate_kind == GATE_OFF) return 0;
  err = ml_mask_make(MASK_NEST);
  if (err) return err;
  bpf_for(i, 0, nr_cpu_ids) {
    err = ml_mask_make(i);
    if (err) return err;
    err = scx_bpf_create_dsq(STAY_DSQ + i, NUMA_NO_NODE);
    if (err) return err;
  }
  timer = bpf_map_lookup_elem(&ml_timers, &zero);
  if (gate_kind == GATE_NEST || !timer) return 0;
  bpf_timer_init(&timer->timer, &ml_timers, CLOCK_MONOTONIC);
  bpf_timer_set_callback(&timer->timer, look_after);
  return bpf_timer_start(&timer->timer, look_period(), 0);
}
