/* SPDX-License-Identifier: GPL-2.0-only
 * rusty_ml: options, maps, and what is known of tasks. Part of rusty_ml.bpf.c.
 */

/* ---- Set by user space before the start ----------------------------------------------------------------------- */
const volatile u32 gate_kind = GATE_OFF;
const volatile u32 sites = 0;                /* 1 << SITE_WAKE, 1 << SITE_STEAL: where it is asked */
const volatile bool ask_own = false;         /* ... also for tasks of the own domain's queue */
const volatile u32 deny_permille = 500;
const volatile u64 warm_ns = 5000000;
const volatile u64 nest_ns = 5000000;
const volatile u32 max_waiting = 4;
const volatile u64 wait_limit_ns = 2000000;  /* of one of several in a queue, beside an idle CPU */
const volatile u64 wait_alone_ns = 5000000;  /* ... of a lone one */
const volatile u64 wait_max_ns = 20000000;   /* of anyone */
const volatile u64 residency_ns = 200000;
const volatile u64 token_ns = 1000000;
const volatile u32 token_burst = 10;
const volatile bool tolls = false;           /* ml_tolls is kept */
const volatile struct rusty_ml_cpu cpu_place[RUSTY_MAX_CPUS];
const volatile u32 dom_cpus[RUSTY_MAX_DOMS]; /* how many */
const volatile u8 node_distance[RUSTY_MAX_NODES * RUSTY_MAX_NODES];
const volatile u16 move_cost[8];             /* by relation, as FEATURE_COST has it */

/* Queues of tasks that stay: one of each CPU, beside those of the domains. */
#define STAY_DSQ 1024

/* Tasks that are looked at in one queue. */
enum { ML_LOOK = 4 };

/* ---- Ours ----------------------------------------------------------------------------------------------------- */
static u64 held_at;                        /* when the last task was made to wait */
static u64 scanned_at;                     /* ... when it was looked whether any waits too long */
static u64 rescue_queue[RUSTY_MAX_CPUS];   /* where this CPU shall take a task from, + 1 */
static u64 cpu_left_at[RUSTY_MAX_CPUS];    /* when a task last stopped running there */

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, RUSTY_MAX_TASKS);
  __type(key, u32);
  __type(value, struct rusty_ml_task);
} ml_tasks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct rusty_ml_stats);
} ml_stats SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct rusty_ml_toll);
} ml_tolls SEC(".maps");

/* Sets of CPUs: one of each CPU to compute with, and the nest. */
enum { MASK_NEST = RUSTY_MAX_CPUS, NR_ML_MASKS };
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, NR_ML_MASKS);
  __type(key, u32);
  __type(value, struct mask_slot);
} ml_masks SEC(".maps");

/* What would be too much for a stack of 512 bytes, by CPU: used where interrupts are off. */
struct ml_scratch {
  u64 inputs[DECISION_INPUTS];
  u64 answers[CHOICES];
  s32 cpus[CHOICES];
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct ml_scratch);
} ml_scratches SEC(".maps");

struct ml_timer {
  struct bpf_timer timer;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct ml_timer);
} ml_timers SEC(".maps");

/* ---- Access --------------------------------------------------------------------------------------------------- */
#define ML_COUNT(member)                                              \
  ({                                                                  \
    u32 ___zero = 0;                                                  \
    struct rusty_ml_stats *___stats = bpf_map_lookup_elem(&ml_stats, &___zero); \
    if (___stats) ___stats->member++;                                 \
  })

static __always_inline struct ml_scratch *ml_scratch_get(void) {
  u32 zero = 0;

  return bpf_map_lookup_elem(&ml_scratches, &zero);
}

static __always_inline struct bpf_cpumask *ml_mask_get(u32 index) {
  struct mask_slot *slot = bpf_map_lookup_elem(&ml_masks, &index);

  return slot ? slot->mask : NULL;
}

/* Null when its pid has passed to another one. */
static __always_inline struct rusty_ml_task *ml_task_of(struct task_struct *p, struct task_ctx *taskc) {
  u32 pid = p->pid;
  struct rusty_ml_task *task = bpf_map_lookup_elem(&ml_tasks, &pid);

  return task && task->id == taskc->id ? task : NULL;
}

/* Tasks in a queue; negative: there is none. */
static __always_inline u64 waiting_in(u64 queue) {
  s32 waiting = scx_bpf_dsq_nr_queued(queue);

  return waiting > 0 ? waiting : 0;
}

/* ---- Taking note ---------------------------------------------------------------------------------------------- */
static __always_inline s32 hook_init_task(struct task_struct *p, struct task_ctx *taskc, u64 now) {
  struct rusty_ml_task task = {.id = taskc->id, .changed_at = now, .home = RUSTY_ML_NOWHERE};
  u32 pid = p->pid;

  return bpf_map_update_elem(&ml_tasks, &pid, &task, BPF_ANY);
}

static __always_inline void hook_exit_task(struct task_struct *p) {
  u32 pid = p->pid;

  bpf_map_delete_elem(&ml_tasks, &pid);
}

static __always_inline void hook_runnable(struct task_struct *p, struct task_ctx *taskc, u64 now) {
  struct rusty_ml_task *task = ml_task_of(p, taskc);

  if (!task) return;
  task->avg_blocked = average(task->avg_blocked, now - task->changed_at);
  task->changed_at = now;
  task->run = 0;
  task->weight = taskc->weight;
}

static __always_inline void hook_quiescent(struct task_struct *p, struct task_ctx *taskc, u64 now) {
  struct rusty_ml_task *task = ml_task_of(p, taskc);

  if (!task) return;
  task->avg_awake = average(task->avg_awake, now - task->changed_at);
  task->avg_run = average(task->avg_run, task->run);
  task->changed_at = now;
}

/* What coming to this CPU cost it: the wait since it woke up or was taken off one, and the caches that it left. */
static __noinline void pay(const struct rusty_ml_task *task, u32 cpu, u64 now) {
  u64 since = task->changed_at > task->stopped_at ? task->changed_at : task->stopped_at;
  u64 waited = now > since ? now - since : 0;
  u32 zero = 0, step = log_of(waited), relation;
  struct rusty_ml_toll *toll = bpf_map_lookup_elem(&ml_tolls, &zero);
  struct rusty_ml_cpu from = cpu_place[task->cpu & (RUSTY_MAX_CPUS - 1)], to = cpu_place[cpu & (RUSTY_MAX_CPUS - 1)];

  if (!toll) return;
  toll->waited += waited;
  toll->waits[step < TOLL_WAITS ? step : TOLL_WAITS - 1]++;
  if (!task->stopped_at || task->cpu == cpu) return;
  relation = relation_of(&from, &to, false, dom_of_cpu(task->cpu) == dom_of_cpu(cpu));
  toll->moved[relation & (TOLL_RELATIONS - 1)]++;
}

static __always_inline void hook_running(struct task_struct *p, struct task_ctx *taskc) {
  struct rusty_ml_task *task = ml_task_of(p, taskc);
  u32 cpu = scx_bpf_task_cpu(p);
  struct bpf_cpumask *nest;

  if (!task) return;
  if (tolls) pay(task, cpu, taskc->last_run_at);
  task->running_at = taskc->last_run_at;
  task->cpu = cpu;
  task->held = 0;
  if (task->home == RUSTY_ML_NOWHERE) task->home = cpu_place[cpu & (RUSTY_MAX_CPUS - 1)].node;
  if (gate_kind != GATE_NEST) return;
  nest = ml_mask_get(MASK_NEST);
  if (nest) bpf_cpumask_set_cpu(cpu, nest);
}

static __always_inline void hook_stopping(struct task_struct *p, struct task_ctx *taskc, u64 now) {
  struct rusty_ml_task *task = ml_task_of(p, taskc);
  struct rusty_ml_toll *toll;
  u32 zero = 0;

  cpu_left_at[scx_bpf_task_cpu(p) & (RUSTY_MAX_CPUS - 1)] = now;
  if (!task) return;
  if (tolls && (toll = bpf_map_lookup_elem(&ml_tolls, &zero))) toll->ran += now - task->running_at;
  task->run += now - task->running_at;
  task->stopped_at = now;
}
