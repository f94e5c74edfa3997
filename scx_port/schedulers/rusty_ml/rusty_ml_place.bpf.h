/* SPDX-License-Identifier: GPL-2.0-only
 * rusty_ml: where a waking task goes. Part of rusty_ml.bpf.c.
 */

/* The CPU of a synchronous waker, where scx_rusty would put the task; negative: none. */
static __always_inline s32 waker_candidate(struct task_struct *p, u64 wake_flags) {
  struct task_struct *waker = (void *)bpf_get_current_task_btf();
  s32 cpu = bpf_get_smp_processor_id();

  if (!(wake_flags & SCX_WAKE_SYNC) || dom_of_cpu(cpu) >= RUSTY_MAX_DOMS || (waker->flags & PF_EXITING)) return -1;
  if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr) || scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu)) return -1;
  return cpu;
}

/* An idle CPU that this attempt of scx_rusty's would find, not claimed; negative: none. */
static __always_inline s32 idle_candidate(u32 attempt, struct bpf_cpumask *own, s32 prev_cpu,
                                          const struct cpumask *idle, const struct cpumask *idle_smt) {
  bool core = attempt == TRY_OWN_CORE || attempt == TRY_NEAR_CORE || attempt == TRY_FAR_CORE;
  struct bpf_cpumask *mask = own;
  s32 cpu;

  if (attempt >= TRY_NEAR_CORE) mask = greedy_mask(prev_cpu, attempt == TRY_NEAR_CORE || attempt == TRY_NEAR);
  if (!mask) return -1;
  if (core)
    cpu = bpf_cpumask_any_and_distribute(cast_mask(mask), idle_smt);
  else
    cpu = bpf_cpumask_any_and_distribute(cast_mask(mask), idle);
  return is_cpu(cpu) ? cpu : -1;
}

/* It stays at its CPU: runs there at once, or waits for it. False: it must not wait there. */
static __noinline bool stay(struct task_struct *p, struct task_ctx *taskc, struct rusty_ml_task *task,
                                 s32 prev_cpu) {
  bool allowed = bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) && dom_of_cpu(prev_cpu) < RUSTY_MAX_DOMS;

  if (allowed && scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
    taskc->dispatch_local = true;
  } else if (DECIDE(rusty_ml_decide, ML_ROOM, allowed, waiting_in(STAY_DSQ + prev_cpu), max_waiting)) {
    task->stays_on = prev_cpu + 1;
  } else {
    ML_COUNT(crowded);
    return false;
  }
  ML_COUNT(stay);
  ML_COUNT(wake_stay);
  return true;
}

static __always_inline bool move(struct task_ctx *taskc, struct rusty_ml_task *task, s32 cpu, bool is_waker, u64 now) {
  if (!take_token(task, now)) return false;
  /* Somebody was faster: nobody else's CPU is taken for it. */
  if (!is_waker && !scx_bpf_test_and_clear_cpu_idle(cpu)) return false;
  taskc->dispatch_local = true;
  ML_COUNT(move);
  ML_COUNT(wake_move);
  return true;
}

static __noinline s32 place_by_answers(struct task_struct *p, struct task_ctx *taskc, struct rusty_ml_task *task,
                                       s32 prev_cpu, u64 wake_flags) {
  s32 waker = waker_candidate(p, wake_flags), sync = waker, cpu;
  struct ml_scratch *scratch = ml_scratch_get();
  struct bpf_cpumask *own = taskc->cpumask;
  const struct cpumask *idle, *idle_smt;
  u64 plan, choice;
  u32 i, attempt;
  struct ml_way way;
  bool core = false, asked = false; /* a count would be another state for the verifier in each round */

  if (!own || !scratch) return -1;
  __builtin_memset(scratch->answers, 0, sizeof(scratch->answers));
  way = way_from(p, taskc, prev_cpu, wake_flags & SCX_WAKE_FORK ? SITE_FORK : SITE_WAKE);
  idle_smt = scx_bpf_get_idle_smtmask();
  idle = scx_bpf_get_idle_cpumask();
  plan = plan_of(place_facts(p, taskc, prev_cpu, bpf_cpumask_test_cpu(prev_cpu, cast_mask(own)), idle_smt));
  bpf_for(i, 0, CHOICES) {
    attempt = plan & 15;
    plan >>= 4;
    cpu = -1;
    if (attempt <= TRY_PREV_FOREIGN) {
      /* To stay is not a candidate, so that there is room for the waker's CPU. */
      if (sync < 0 && !attempt) break;
      cpu = sync;
      sync = -1;
    } else {
      bool wants_core = attempt == TRY_OWN_CORE || attempt == TRY_NEAR_CORE || attempt == TRY_FAR_CORE;

      /* Where there are idle cores, a thread beside a busy one is not looked at. */
      if (wants_core || !core) cpu = idle_candidate(attempt, own, prev_cpu, idle, idle_smt);
      if (wants_core && cpu >= 0) core = true;
    }
    if (cpu < 0 || cpu == prev_cpu) continue;
    scratch->answers[i & (CHOICES - 1)] = ask(p, task, &way, cpu);
    scratch->cpus[i & (CHOICES - 1)] = cpu;
    asked = true;
  }
  scx_bpf_put_idle_cpumask(idle);
  scx_bpf_put_idle_cpumask(idle_smt);
  if (!asked) return -1;

  task->decisions++;
  ML_COUNT(decided);
  choice = DECIDE_FROM(rusty_ml_decide, ML_CHOOSE, scratch->answers);
  if (choice < CHOICES) {
    cpu = scratch->cpus[choice & (CHOICES - 1)];
    if (move(taskc, task, cpu, cpu == waker, way.now)) return cpu;
  }
  if (choice == CHOOSE_STAY && stay(p, taskc, task, prev_cpu)) return prev_cpu;
  ML_COUNT(fallback);
  return -1;
}

/* The control: an idle CPU that ran something a short time ago, the task's last one rather than another. CPUs that
 * have idled for long leave the nest; others join it when scx_rusty puts something there, as none of it was idle. */
static __always_inline s32 place_in_nest(struct task_struct *p, struct task_ctx *taskc, struct bpf_cpumask *own,
                                         s32 prev_cpu) {
  struct bpf_cpumask *scratch = ml_mask_get(bpf_get_smp_processor_id() & (RUSTY_MAX_CPUS - 1));
  struct bpf_cpumask *nest = ml_mask_get(MASK_NEST);
  const struct cpumask *idle;
  s32 cpu, found = -1;
  u32 i;

  if (!scratch || !nest) return -1;
  ML_COUNT(decided);
  idle = scx_bpf_get_idle_cpumask();
  bpf_cpumask_and(scratch, idle, cast_mask(nest));
  scx_bpf_put_idle_cpumask(idle);
  bpf_for(i, 0, ML_LOOK) {
    cpu = bpf_cpumask_test_cpu(prev_cpu, cast_mask(own)) && bpf_cpumask_test_cpu(prev_cpu, cast_mask(scratch))
              ? prev_cpu
              : (s32)bpf_cpumask_any_and_distribute(cast_mask(own), cast_mask(scratch));
    if (!is_cpu(cpu)) break;
    bpf_cpumask_clear_cpu(cpu, scratch);
    if (bpf_ktime_get_ns() - cpu_left_at[cpu & (RUSTY_MAX_CPUS - 1)] > nest_ns) {
      bpf_cpumask_clear_cpu(cpu, nest);
      continue;
    }
    if (!scx_bpf_test_and_clear_cpu_idle(cpu)) continue;
    found = cpu;
    break;
  }
  if (found < 0) {
    ML_COUNT(fallback);
    return -1;
  }
  if (found == prev_cpu) {
    ML_COUNT(stay);
    ML_COUNT(wake_stay);
  } else {
    ML_COUNT(move);
    ML_COUNT(wake_move);
  }
  taskc->dispatch_local = true;
  return found;
}

static __always_inline s32 hook_place(struct task_struct *p, struct task_ctx *taskc, struct bpf_cpumask *own,
                                      s32 prev_cpu, u64 wake_flags) {
  struct rusty_ml_task *task;

  if (gate_kind == GATE_OFF || !(sites & 1 << SITE_WAKE)) return -1;
  task = ml_task_of(p, taskc);
  if (!task) return -1;
  task->stays_on = 0;
  if (gate_kind == GATE_MODEL && !model_ready()) return -1;
  if (gate_kind == GATE_NEST) return place_in_nest(p, taskc, own, prev_cpu);
  return place_by_answers(p, taskc, task, prev_cpu, wake_flags);
}

/* A task that stays waits in its CPU's queue. */
static __always_inline u64 hook_queue(struct task_struct *p, struct task_ctx *taskc) {
  struct rusty_ml_task *task = ml_task_of(p, taskc);
  u32 cpu;

  if (gate_kind == GATE_OFF || !task) return taskc->dom_id;
  task->queued_at = bpf_ktime_get_ns();
  task->held = 0;
  if (!task->stays_on) return taskc->dom_id;
  cpu = task->stays_on - 1;
  task->stays_on = 0;
  hold(task, task->queued_at);
  return STAY_DSQ + cpu;
}
