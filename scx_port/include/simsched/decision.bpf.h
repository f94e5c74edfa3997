/* SPDX-License-Identifier: GPL-2.0-only
 * Decisions that can be checked: pure functions of their inputs, u64 NAME(u32 kind, const u64 *in), that a policy
 * calls through DECIDE(). A loader may have them logged; whoever has the log and the same source can decide each again
 * and compare. Include it once, after scx/common.bpf.h.
 *
 *   static __always_inline u64 my_decide(u32 kind, const u64 *in) { switch (kind) { ... } }
 *   DECISIONS(my_decide)
 *   ...
 *   vtime = DECIDE(my_decide, MY_CLAMP, vtime, now);
 */
#ifndef SIMSCHED_DECISION_BPF_H
#define SIMSCHED_DECISION_BPF_H

#include "decision.h"

const volatile bool decisions_logged = false;
u64 decisions_lost; /* the ring was full */

/* A page: a loader that wants the log makes it larger before loading. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} decisions SEC(".maps");

static __always_inline void decision_log(u32 kind, const u64 *in, u64 out) {
  struct decision *d;
  u32 i;

  if (!decisions_logged) return;
  d = bpf_ringbuf_reserve(&decisions, sizeof(*d), 0);
  if (!d) {
    __sync_fetch_and_add(&decisions_lost, 1);
    return;
  }
  d->at = bpf_ktime_get_ns();
  d->cpu = bpf_get_smp_processor_id();
  d->kind = kind;
#pragma unroll
  for (i = 0; i < DECISION_INPUTS; i++) d->in[i] = in[i];
  d->out = out;
  /* The reader looks by itself: waking it would be another decision, and so on. */
  bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
}

/* ... of inputs that lie somewhere already, all DECISION_INPUTS of them. */
#define DECIDE_FROM(decide, kind, in)               \
  ({                                                \
    u64 ___out = decide(kind, in);                  \
    decision_log(kind, in, ___out);                 \
    ___out;                                         \
  })

#define DECIDE(decide, kind, inputs...)             \
  ({                                                \
    const u64 ___in[DECISION_INPUTS] = {inputs};    \
    DECIDE_FROM(decide, kind, ___in);               \
  })

/* The program that decides a logged decision again. */
#define DECISIONS(decide)                                             \
  SEC("syscall") int decide_again(struct decision *d) {               \
    u64 ___in[DECISION_INPUTS];                                       \
    u32 ___i;                                                         \
    _Pragma("unroll") for (___i = 0; ___i < DECISION_INPUTS; ___i++) ___in[___i] = d->in[___i]; \
    d->out = decide(d->kind, ___in);                                  \
    return 0;                                                         \
  }

#endif
