/* SPDX-License-Identifier: GPL-2.0-only
 * rusty_ml: a question and its answer: shall this task go from one CPU to another? Part of rusty_ml.bpf.c.
 */

/* Of a CPU: how many tasks wait in its queue, a CPU of that queue, and the share of its cache's CPUs that idle; the
 * second 16 bits higher. */
__noinline u32 load_of_cpu(u32 cpu) {
  struct bpf_cpumask *scratch = ml_mask_get(bpf_get_smp_processor_id() & (RUSTY_MAX_CPUS - 1));
  u32 dom = dom_of_cpu(cpu), cpus, idlers;
  const struct cpumask *idle;
  struct bpf_cpumask *mask;
  u64 waiting;

  if (dom >= RUSTY_MAX_DOMS) return 0;
  cpus = dom_cpus[dom];
  waiting = waiting_in(dom) + (waiting_in(STAY_DSQ + cpu) + waiting_in(SCX_DSQ_LOCAL_ON | cpu)) * cpus;
  mask = mask_get(MASK_DOM + dom);
  if (!scratch || !mask) return 0;
  idle = scx_bpf_get_idle_cpumask();
  bpf_cpumask_and(scratch, idle, cast_mask(mask));
  scx_bpf_put_idle_cpumask(idle);
  idlers = bpf_cpumask_weight(cast_mask(scratch));
  return feature_queue(waiting, cpus) | (u32)feature_share(idlers, cpus) << 16;
}

/* A question: when, from where, by which occasion. */
struct ml_way {
  u64 now, lag;
  u32 src, site;
  u32 src_load; /* load_of_cpu() */
};

static __always_inline struct ml_way way_from(struct task_struct *p, struct task_ctx *taskc, u32 src, u32 site) {
  return (struct ml_way){
      .now = bpf_ktime_get_ns(),
      .lag = time_delta(*min_vruntime_of(taskc->dom_id), p->scx.dsq_vtime),
      .src = src,
      .site = site,
      .src_load = gate_kind == GATE_MODEL ? load_of_cpu(src) : 0,
  };
}

/* Of the task with this pid; `way` is src, dst and site, 16 bits each. A global function, as load_of_cpu() is: the
 * verifier looks at it once, and not again for each state in which it is called. */
__noinline u64 ask_model(u32 pid, u64 way, u64 now, u64 lag, u32 src_load) {
  u32 src_cpu = way & (RUSTY_MAX_CPUS - 1), dst_cpu = way >> 16 & (RUSTY_MAX_CPUS - 1), relation;
  struct rusty_ml_task *task = bpf_map_lookup_elem(&ml_tasks, &pid);
  struct rusty_ml_cpu src = cpu_place[src_cpu], dst = cpu_place[dst_cpu];
  u32 dst_load = load_of_cpu(dst_cpu);
  struct ml_scratch *scratch = ml_scratch_get();
  u16 *in;

  if (!task || !scratch) return answer_of(MLP_UNSURE, 0);
  in = (u16 *)scratch->inputs; /* the rest of it stays 0 */
  describe_task(task, now, in);
  in[FEATURE_LAG] = log_of(lag);
  in[FEATURE_SRC_QUEUE] = src_load;
  in[FEATURE_DST_QUEUE] = dst_load;
  in[FEATURE_SRC_IDLE] = src_load >> 16;
  in[FEATURE_DST_IDLE] = dst_load >> 16;
  relation = relation_of(&src, &dst, src_cpu == dst_cpu, dom_of_cpu(src_cpu) == dom_of_cpu(dst_cpu));
  in[FEATURE_RELATION] = relation;
  in[FEATURE_DISTANCE] = feature_distance(
      node_distance[(src.node & (RUSTY_MAX_NODES - 1)) * RUSTY_MAX_NODES + (dst.node & (RUSTY_MAX_NODES - 1))]);
  in[FEATURE_CAPACITY] = feature_capacity(dst.capacity, src.capacity);
  in[FEATURE_HOME] = home_of(task->home, src.node, dst.node);
  in[FEATURE_COST] = move_cost[relation & 7];
  in[FEATURE_SITE] = way >> 32;
  in[MLP_INPUTS] = model_active;
  return DECIDE_FROM(rusty_ml_decide, ML_ASK, scratch->inputs);
}

static __noinline u64 ask_control(const struct rusty_ml_task *task, u64 now) {
  if (gate_kind == GATE_DENY) return DECIDE(rusty_ml_decide, ML_DENY, task->id, task->decisions, deny_permille);
  return DECIDE(rusty_ml_decide, ML_WARM, task->stopped_at ? now - task->stopped_at : ~0ULL, warm_ns);
}

/* May it go to that CPU? What the model, or the control in its place, answers. */
static __always_inline u64 ask(struct task_struct *p, const struct rusty_ml_task *task, const struct ml_way *way,
                               u32 dst) {
  if (gate_kind != GATE_MODEL) return ask_control(task, way->now);
  return ask_model(p->pid, way->src | (u64)dst << 16 | (u64)way->site << 32, way->now, way->lag, way->src_load);
}

/* Takes a token of the task's for a move; false: it has moved too much. */
static __noinline bool take_token(struct rusty_ml_task *task, u64 now) {
  if (!DECIDE(rusty_ml_decide, ML_TOKENS, now, task->moved_at, residency_ns, task->tokens_at, token_ns, token_burst)) {
    ML_COUNT(tokens);
    return false;
  }
  task->moved_at = now;
  task->tokens_at = after_move(now, task->tokens_at, token_ns);
  return true;
}

/* It waits by the model's will; somebody shall see that it does not wait too long. */
static __always_inline void hold(struct rusty_ml_task *task, u64 now) {
  task->held = 1;
  held_at = now;
}
