/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the two halves of rusty_ml agree on beside what those of scx_rusty do (rusty.h): layouts and names. Included by
 * rusty_ml.bpf.c and by C++.
 */
#ifndef SIMSCHED_RUSTY_ML_H
#define SIMSCHED_RUSTY_ML_H

#include "../../../ml/model/features.h"
#include "../rusty/rusty.h"

#ifdef __cplusplus
namespace simsched::rusty_ml {
using rusty::RUSTY_MAX_CPUS, rusty::RUSTY_MAX_DOMS, rusty::RUSTY_MAX_NODES;
#endif

/* Who decides. The others are controls: they stand where the model does, so that only the decision differs. */
enum rusty_ml_gate {
  GATE_OFF,       /* nobody: scx_rusty */
  GATE_MODEL,
  GATE_DENY,      /* a share of all moves is denied, whatever they are */
  GATE_WARM_STAY, /* a task stays where it ran a short time ago */
  GATE_NEST,      /* tasks are kept on CPUs that ran something a short time ago */
};

/* By CPU. The cache is the domain's. */
struct rusty_ml_cpu {
  u16 core, cluster, node;
  u16 capacity; /* as the kernel takes it, of 1024 */
};

/* Value of `ml_tasks`, by pid: what is known of a task beside what scx_rusty knows. Times in ns. */
struct rusty_ml_task {
  u64 id;         /* scx_rusty's */
  u64 run;        /* how long it ran since it woke up */
  u64 avg_run;    /* ... until it blocked, on average */
  u64 changed_at; /* since when it is awake or blocked */
  u64 avg_awake, avg_blocked;
  u64 running_at, stopped_at; /* when it was last put on a CPU, and taken off; 0: never */
  u64 queued_at;
  u64 moved_at, tokens_at; /* its last move by the model's will; when its bucket is full again */
  u64 decisions;
  u32 home;     /* the node where it ran first */
  u32 cpu;      /* where it ran last */
  u32 stays_on; /* select_cpu() has decided that it waits for this CPU, + 1 */
  u32 held;     /* it waits because it was decided so */
  u32 weight;
  u32 pad;
};
enum { RUSTY_ML_NOWHERE = 0xffff };

/* Value of `ml_stats`, of each CPU. */
struct rusty_ml_stats {
  u64 decided;     /* the sum of the next three */
  u64 stay, move;  /* as the model, or the control, has it */
  u64 fallback;    /* scx_rusty decided */
  u64 wake_stay, wake_move; /* of these: of tasks that woke up */
  /* The safety envelope: */
  u64 outside;  /* no decision: two or more inputs outside of what the model knows */
  u64 crowded;  /* ... it would have waited behind too many */
  u64 tokens;   /* a move that was not made: the task had moved too often, or just now */
  u64 overdue;  /* taken without asking, or against the decision: it had waited too long */
  u64 rescued;  /* of these: by an idle CPU that was sent for it */
};

/* Value of `ml_tolls`, of each CPU: what tasks pay for how they are scheduled. Times in ns. */
enum { TOLL_RELATIONS = 8, TOLL_WAITS = 256 };
struct rusty_ml_toll {
  u64 ran, waited;
  u64 moved[TOLL_RELATIONS]; /* times on a CPU that was not the last one, by relation */
  u64 waits[TOLL_WAITS];     /* by feature_log() of the wait */
};

#ifdef __cplusplus
}  // namespace simsched::rusty_ml
#endif
#endif
