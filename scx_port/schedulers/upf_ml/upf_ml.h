/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the two halves of upf_ml agree on, and its rules: how urgent a task is, what a CPU is worth to it. Pure functions,
 * included by upf_ml.bpf.c and by C++.
 */
#ifndef SIMSCHED_UPF_ML_H
#define SIMSCHED_UPF_ML_H

#include "../../../base/shared_types.h"

#ifdef __cplusplus
namespace simsched::upf_ml {
#endif

#define UPF_INLINE static inline __attribute__((always_inline))

enum {
  UPF_MAX_CPUS = 512,
  UPF_CLASSES = 8, /* of packets; the last ones may have no name */
  UPF_NAME = 16,
  UPF_POLL = UPF_CLASSES, /* ksoftirqd and threads that poll: as urgent as the most urgent class */
  UPF_OTHER,              /* tasks that have nothing to do with packets */
  UPF_KINDS,
};

enum upf_mode {
  UPF_SCORE,   /* the talk's: a score of four objectives, whose weights follow the delay budget and the queue */
  UPF_WSC,     /* a weighted score of load, sessions and bandwidth among CPUs within bounds; else the least loaded one */
  UPF_RESERVE, /* an idle CPU, the kernel's order; only the reservation */
};

struct upf_class {
  char name[UPF_NAME]; /* how the names of its workers begin */
  u64 budget;          /* ns; 0 ends the list */
};

/* What is known of a CPU. Shares are of 256. */
struct upf_cpu {
  u64 changed_at; /* since when it runs what it runs, or idles */
  u32 busy;       /* share of the time that it is busy, decaying */
  u32 packets;    /* ... with packet tasks */
  u32 sessions;   /* packet tasks that ran there last */
  u32 runs;       /* the kind of task that runs, + 1; 0: it idles */
};

/* ---- Score ---------------------------------------------------------------------------------------------------- */
/* Weights in tenths: latency, throughput, power, qos. */
enum { UPF_LATENCY, UPF_THROUGHPUT, UPF_POWER, UPF_QOS };
#define UPF_WEIGHTS(latency, throughput, power, qos) \
  ((u64)(latency) | (u64)(throughput) << 8 | (u64)(power) << 16 | (u64)(qos) << 24)

/* The talk's: below 500 us of remaining budget latency, behind a long queue throughput, else all alike. */
UPF_INLINE u64 upf_weights(u64 remaining, u64 queued, u64 tight, u64 long_queue) {
  if (remaining < tight) return UPF_WEIGHTS(28, 8, 0, 4);
  if (queued > long_queue) return UPF_WEIGHTS(12, 20, 4, 4);
  return UPF_WEIGHTS(10, 10, 10, 10);
}

UPF_INLINE u64 upf_score(u64 weights, u64 latency, u64 throughput, u64 power, u64 qos) {
  return (weights & 255) * latency + (weights >> 8 & 255) * throughput + (weights >> 16 & 255) * power +
         (weights >> 24 & 255) * qos;
}

/* How much of a CPU's worth to a class is that it is, or is not, kept for urgent ones: of 256. */
UPF_INLINE u64 upf_qos(bool reserved, bool urgent) { return reserved == urgent ? 256 : reserved ? 0 : 128; }

/* 0: beyond a bound; else more is better. */
UPF_INLINE u64 upf_wsc(u64 busy, u64 packets, u64 sessions, u64 all_sessions, u64 busy_limit) {
  u64 share = all_sessions ? sessions * 256 / all_sessions : 0;

  if (busy > busy_limit) return 0;
  return 1 + 4 * 256 - (2 * busy + packets + (share < 256 ? share : 256));
}

/* ---- Time ------------------------------------------------------------------------------------------------------ */
/* A share after `passed` of being all (256) or nothing (0); it forgets within `memory`. */
UPF_INLINE u32 upf_share(u32 share, bool on, u64 passed, u64 memory) {
  if (passed >= memory) return on ? 256 : 0;
  if (on) return share + (u32)((256 - share) * passed / memory);
  return share - (u32)(share * passed / memory);
}

/* When a task is to run at the latest. Tasks of their own kind share by weight. */
UPF_INLINE u64 upf_deadline(u64 now, u64 budget, u64 weight) { return now + budget * 100 / (weight ? weight : 1); }

/* Whether a CPU kept for urgent tasks takes another one: never before its deadline has passed, and then soon, so that
 * nobody starves. */
UPF_INLINE bool upf_spill(u64 now, u64 deadline) { return (s64)(now - deadline) > 0; }

/* Whether a task takes the CPU from what runs there: from who has four times its budget. */
UPF_INLINE bool upf_preempts(u64 budget, u64 other_budget) { return budget * 4 <= other_budget; }

#ifdef __cplusplus
}  // namespace simsched::upf_ml
#endif
#endif
