/* SPDX-License-Identifier: GPL-2.0-only
 * upf_ml: packet processing by class. What a scheduler knows of packets is who works on them: a worker's class is told
 * by how its name begins, and a class has a delay budget. Packets themselves, their flows and queues are not seen.
 *
 * Tasks wait in two queues, of urgent classes and of all others, each in the order of deadlines: a class's budget after
 * they were queued, by weight for what has nothing to do with packets. A CPU takes the earlier of the two first tasks.
 * Some CPUs are kept for the urgent (`reserved`); these take others only when their deadline has passed, so that nobody
 * starves, and go idle otherwise. A waking task goes to the idle CPU of the highest score; when there is none, and what
 * runs at the best one can wait much longer, it takes that.
 *
 * Three scores (upf_ml.h): the talk's four objectives, the weighted score with constraints of session placement
 * (wsc_cbs), and none, with the reservation alone (upf_reserve).
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>

#include "upf_ml.h"

char _license[] SEC("license") = "GPL";

const volatile u32 mode = UPF_SCORE;
const volatile u32 nr_cpu_ids = 1;
const volatile u32 first_reserved = UPF_MAX_CPUS; /* this CPU and all after it */
const volatile struct upf_class classes[UPF_CLASSES];
const volatile u64 urgent_ns = 1000000;  /* classes of at most this budget */
const volatile u64 other_ns = 20000000;  /* budget of tasks that have nothing to do with packets */
const volatile u64 tight_ns = 500000;    /* remaining budget below which latency is nearly all that counts */
const volatile u32 long_queue = 8;       /* tasks that wait; the talk has 1,000 packets */
const volatile u32 busy_limit = 230;     /* wsc_cbs: of 256 */
const volatile u64 slice_ns = 2000000;
const volatile u32 stay = 0;             /* of 256: so much better has another idle CPU to be than the last one */
const volatile u64 memory_ns = 8000000;  /* of shares */
const volatile u64 warm_ns = 200000;     /* so long after it ran something, a CPU has not gone far to sleep */

enum { URGENT_DSQ, OTHER_DSQ };

static struct upf_cpu cpus[UPF_MAX_CPUS];
static u64 waits[UPF_KINDS]; /* how long tasks of a kind wait, decaying */
static u64 all_sessions;
UEI_DEFINE(uei);

struct upf_task {
  u64 queued_at;
  u32 kind, cpu; /* cpu: where it ran last, + 1 */
};
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct upf_task);
} tasks SEC(".maps");

struct upf_stats {
  u64 placed;    /* on an idle CPU */
  u64 queued;
  u64 preempted; /* CPUs taken from a task that can wait */
  u64 spilled;   /* tasks that a reserved CPU took as their deadline had passed */
  u64 tight, crowded, even; /* scores by which weights */
  u64 fallback;  /* wsc_cbs: no CPU was within its bounds, and one beyond them is taken */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct upf_stats);
} stats SEC(".maps");

#define COUNT(member)                                                       \
  ({                                                                        \
    u32 ___zero = 0;                                                        \
    struct upf_stats *___stats = bpf_map_lookup_elem(&stats, &___zero);     \
    if (___stats) ___stats->member++;                                       \
  })

/* ---- Decisions -------------------------------------------------------------------------------------------------- */
enum {
  UPF_KIND,     /* the task's name, in two words -> kind */
  UPF_WEIGH,    /* remaining budget, tasks that wait, two limits -> weights */
  UPF_DEADLINE, /* now, budget, weight -> deadline */
  UPF_FIRST,    /* deadlines of the first tasks of the two queues -> is the urgent one's not the later one */
  UPF_SPILL,    /* now, deadline -> take it on a reserved CPU */
  UPF_PREEMPT,  /* budget, budget of what runs -> take its CPU */
};

static __always_inline bool begins_with(u64 low, u64 high, const volatile char *name) {
  u32 at;

  for (at = 0; at < UPF_NAME; at++) {
    char want = name[at];

    if (!want) return at > 0;
    if ((char)((at < 8 ? low : high) >> (at & 7) * 8) != want) return false;
  }
  return true;
}

static __noinline u64 upf_decide(u32 kind, const u64 *in) {
  u32 i;

  switch (kind) {
    case UPF_KIND:
      for (i = 0; i < UPF_CLASSES; i++)
        if (classes[i].budget && begins_with(in[0], in[1], classes[i].name)) return i;
      /* "ksoftirq", "napi/" */
      if (in[0] == 0x71726974666f736bULL || (in[0] & 0xffffffffffULL) == 0x2f6970616eULL) return UPF_POLL;
      return UPF_OTHER;
    case UPF_WEIGH:
      return upf_weights(in[0], in[1], in[2], in[3]);
    case UPF_DEADLINE:
      return upf_deadline(in[0], in[1], in[2]);
    case UPF_FIRST:
      return !time_after(in[0], in[1]);
    case UPF_SPILL:
      return upf_spill(in[0], in[1]);
    case UPF_PREEMPT:
      return upf_preempts(in[0], in[1]);
  }
  return 0;
}
DECISIONS(upf_decide)

/* ---- Tasks and CPUs --------------------------------------------------------------------------------------------- */
static __always_inline struct upf_task *task_of(struct task_struct *p) { return bpf_task_storage_get(&tasks, p, 0, 0); }

static __always_inline u64 budget_of(u32 kind) {
  if (kind < UPF_CLASSES) return classes[kind & (UPF_CLASSES - 1)].budget;
  return kind == UPF_POLL ? urgent_ns : other_ns;
}

static __always_inline bool is_urgent(u32 kind) { return budget_of(kind) <= urgent_ns; }
static __always_inline bool is_reserved(u32 cpu) { return cpu >= first_reserved; }
static __always_inline u64 waiting(void) {
  return (u64)scx_bpf_dsq_nr_queued(URGENT_DSQ) + (u64)scx_bpf_dsq_nr_queued(OTHER_DSQ);
}

/* Who may use nothing but reserved CPUs counts as one of theirs. */
static __noinline u32 kind_of(struct task_struct *p) {
  u64 comm[UPF_NAME / 8] = {};
  u32 kind;

  bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
  kind = DECIDE(upf_decide, UPF_KIND, comm[0], comm[1]);
  return kind == UPF_POLL || bpf_cpumask_first(p->cpus_ptr) < first_reserved ? kind : UPF_POLL;
}

/* The CPU begins to run something of that kind, + 1, or to idle. */
static __always_inline void cpu_runs(u32 cpu, u32 runs, u64 now) {
  struct upf_cpu *c = &cpus[cpu & (UPF_MAX_CPUS - 1)];
  u64 passed = now - c->changed_at;

  c->busy = upf_share(c->busy, c->runs, passed, memory_ns);
  c->packets = upf_share(c->packets, c->runs && c->runs != UPF_OTHER + 1, passed, memory_ns);
  c->changed_at = now;
  c->runs = runs;
}

/* What the CPU is worth to a task of that kind; 0: nothing. A global function: the verifier looks at it once. */
__noinline u64 worth_of(u32 cpu, u32 kind, u32 is_idle, u64 weights, u64 now) {
  struct upf_cpu *c = &cpus[cpu & (UPF_MAX_CPUS - 1)];
  bool on = c->runs, reserved = is_reserved(cpu), urgent = is_urgent(kind);
  u64 busy = upf_share(c->busy, on, now - c->changed_at, memory_ns);

  if (reserved && !urgent) return 0;
  if (mode == UPF_WSC) return upf_wsc(busy, c->packets, c->sessions, all_sessions, busy_limit);
  return 1 + upf_score(weights, is_idle ? 256 : 0, 256 - busy, on || now - c->changed_at < warm_ns ? 256 : 0,
                       upf_qos(reserved, urgent));
}

/* The weights for a task of that kind now. */
static __noinline u64 weights_for(u32 kind) {
  u64 budget = budget_of(kind), wait = waits[kind < UPF_KINDS ? kind : UPF_OTHER], weights;

  weights = DECIDE(upf_decide, UPF_WEIGH, budget > wait ? budget - wait : 0, waiting(), tight_ns, long_queue);
  if (weights == UPF_WEIGHTS(10, 10, 10, 10))
    COUNT(even);
  else if ((weights & 255) == 28)
    COUNT(tight);
  else
    COUNT(crowded);
  return weights;
}

/* The idle CPU that is worth most, claimed; negative: none. The last one's caches are warm: it is worth `stay` more. */
static __noinline s32 best_idle(struct task_struct *p, s32 prev_cpu, u32 kind) {
  u64 weights = mode == UPF_SCORE ? weights_for(kind) : 0, best = 0, worth, now = scx_bpf_now();
  const struct cpumask *idle = scx_bpf_get_idle_cpumask();
  s32 cpu, found = -1, any = -1;

  bpf_for(cpu, 0, nr_cpu_ids) {
    if (!bpf_cpumask_test_cpu(cpu, idle) || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) continue;
    if (!is_reserved(cpu) || is_urgent(kind)) any = cpu;
    worth = worth_of(cpu, kind, true, weights, now);
    if (cpu == prev_cpu) worth += worth * stay >> 8;
    if (worth <= best) continue;
    best = worth;
    found = cpu;
  }
  scx_bpf_put_idle_cpumask(idle);
  if (found < 0 && any >= 0) {
    COUNT(fallback);
    found = any;
  }
  return found >= 0 && scx_bpf_test_and_clear_cpu_idle(found) ? found : -1;
}

/* The CPU whose task can wait, worth most; negative: none. */
static __noinline s32 best_victim(struct task_struct *p, u32 kind) {
  u64 weights = UPF_WEIGHTS(0, 20, 0, 20), best = 0, worth, now = scx_bpf_now(), budget = budget_of(kind);
  s32 cpu, found = -1, any = -1;
  u32 runs;

  bpf_for(cpu, 0, nr_cpu_ids) {
    runs = cpus[cpu & (UPF_MAX_CPUS - 1)].runs;
    if (!runs || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) continue;
    if (!upf_preempts(budget, budget_of(runs - 1))) continue;
    if (!is_reserved(cpu) || is_urgent(kind)) any = cpu;
    worth = worth_of(cpu, kind, false, weights, now);
    if (worth <= best) continue;
    best = worth;
    found = cpu;
  }
  if (found < 0 && any >= 0) {
    COUNT(fallback);
    found = any;
  }
  return found;
}

/* ---- Callbacks -------------------------------------------------------------------------------------------------- */
s32 BPF_STRUCT_OPS(upf_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  u32 kind = kind_of(p);
  s32 cpu;

  if (mode == UPF_RESERVE && scx_bpf_test_and_clear_cpu_idle(prev_cpu)) {
    cpu = prev_cpu;
    if (is_reserved(cpu) && !is_urgent(kind)) cpu = best_idle(p, prev_cpu, kind);
  } else {
    cpu = best_idle(p, prev_cpu, kind);
  }
  if (cpu < 0) return prev_cpu;
  COUNT(placed);
  scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
  return cpu;
}

void BPF_STRUCT_OPS(upf_enqueue, struct task_struct *p, u64 enq_flags) {
  struct upf_task *task = task_of(p);
  u32 kind = kind_of(p);
  u64 now = scx_bpf_now(), deadline;
  s32 cpu;

  COUNT(queued);
  if (task) task->queued_at = now;
  /* Who has no choice waits for nobody else's deadline. */
  if (p->nr_cpus_allowed == 1) {
    scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags);
    return;
  }
  deadline = DECIDE(upf_decide, UPF_DEADLINE, now, budget_of(kind), p->scx.weight);
  scx_bpf_dsq_insert_vtime(p, is_urgent(kind) ? URGENT_DSQ : OTHER_DSQ, slice_ns, deadline, enq_flags);
  cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
  if (cpu >= 0 && (!is_reserved(cpu) || is_urgent(kind))) {
    scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
    return;
  }
  if (kind == UPF_OTHER) return;
  cpu = best_victim(p, kind);
  if (cpu < 0) return;
  COUNT(preempted);
  scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* Deadlines of the first tasks; false: there is none. */
static __noinline bool first_deadline(u64 queue, u64 *deadline) {
  struct task_struct *p;
  bool any = false;

  bpf_for_each(scx_dsq, p, queue, 0) {
    *deadline = p->scx.dsq_vtime;
    any = true;
    break;
  }
  return any;
}

void BPF_STRUCT_OPS(upf_dispatch, s32 cpu, struct task_struct *prev) {
  u64 urgent = 0, other = 0;
  bool any_urgent = first_deadline(URGENT_DSQ, &urgent), any_other = first_deadline(OTHER_DSQ, &other);

  if (is_reserved(cpu)) {
    if (any_urgent && scx_bpf_dsq_move_to_local(URGENT_DSQ)) return;
    if (any_other && DECIDE(upf_decide, UPF_SPILL, scx_bpf_now(), other) && scx_bpf_dsq_move_to_local(OTHER_DSQ))
      COUNT(spilled);
    return;
  }
  /* Nobody else would tell a reserved CPU that somebody waits too long. */
  if (any_other && first_reserved < nr_cpu_ids && DECIDE(upf_decide, UPF_SPILL, scx_bpf_now(), other))
    scx_bpf_kick_cpu(nr_cpu_ids - 1, SCX_KICK_IDLE);
  if (any_urgent && (!any_other || DECIDE(upf_decide, UPF_FIRST, urgent, other)) &&
      scx_bpf_dsq_move_to_local(URGENT_DSQ))
    return;
  if (any_other && scx_bpf_dsq_move_to_local(OTHER_DSQ)) return;
  if (any_urgent) scx_bpf_dsq_move_to_local(URGENT_DSQ);
}

void BPF_STRUCT_OPS(upf_running, struct task_struct *p) {
  struct upf_task *task = task_of(p);
  u32 cpu = scx_bpf_task_cpu(p), kind = kind_of(p);
  u64 now = scx_bpf_now(), *wait = &waits[kind < UPF_KINDS ? kind : UPF_OTHER];

  cpu_runs(cpu, kind + 1, now);
  if (!task) return;
  if (task->queued_at) *wait = *wait - (*wait >> 3) + ((now - task->queued_at) >> 3);
  task->queued_at = 0;
  if (kind == UPF_OTHER || task->cpu == cpu + 1) return;
  if (task->cpu)
    __sync_fetch_and_add(&cpus[(task->cpu - 1) & (UPF_MAX_CPUS - 1)].sessions, -1);
  else
    __sync_fetch_and_add(&all_sessions, 1);
  __sync_fetch_and_add(&cpus[cpu & (UPF_MAX_CPUS - 1)].sessions, 1);
  task->cpu = cpu + 1;
}

void BPF_STRUCT_OPS(upf_stopping, struct task_struct *p, bool runnable) {
  cpu_runs(scx_bpf_task_cpu(p), 0, scx_bpf_now());
}

s32 BPF_STRUCT_OPS(upf_init_task, struct task_struct *p, struct scx_init_task_args *args) {
  return bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -ENOMEM;
}

void BPF_STRUCT_OPS(upf_exit_task, struct task_struct *p, struct scx_exit_task_args *args) {
  struct upf_task *task = task_of(p);

  if (!task || !task->cpu) return;
  __sync_fetch_and_add(&cpus[(task->cpu - 1) & (UPF_MAX_CPUS - 1)].sessions, -1);
  __sync_fetch_and_add(&all_sessions, -1);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(upf_init) {
  s32 error = scx_bpf_create_dsq(URGENT_DSQ, NUMA_NO_NODE);

  return error ?: scx_bpf_create_dsq(OTHER_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(upf_exit, struct scx_exit_info *ei) { UEI_RECORD(uei, ei); }

SCX_OPS_DEFINE(upf_ops,
               .select_cpu = (void *)upf_select_cpu,
               .enqueue = (void *)upf_enqueue,
               .dispatch = (void *)upf_dispatch,
               .running = (void *)upf_running,
               .stopping = (void *)upf_stopping,
               .init_task = (void *)upf_init_task,
               .exit_task = (void *)upf_exit_task,
               .init = (void *)upf_init,
               .exit = (void *)upf_exit,
               .name = "upf_ml")
