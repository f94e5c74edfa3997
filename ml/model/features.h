/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What a learned policy sees of a decision: shall this task go from the CPU where it is (src) to that one (dst)? Fifteen
 * integers, the same to the bit wherever they are computed: by BPF programs, by the simulator, and by who reads a
 * dataset. Included by BPF C and by C++. An encoding is never changed, only replaced by one of another number.
 *
 * Times and weights are logarithms (feature_log(): eight steps to a factor of two), shares are of 255. What a policy
 * cannot know is 0. A queue is the run queue of a CPU, or the queue that several CPUs take their tasks from.
 */
#ifndef SIMSCHED_FEATURES_H
#define SIMSCHED_FEATURES_H

#include "../../base/shared_types.h"

#ifdef __cplusplus
namespace simsched::ml {
#endif

#define FEATURES_ENCODING 1u

enum feature {
  /* the task */
  FEATURE_WEIGHT, /* log; nice 0 is 100, as sched_ext has it */
  FEATURE_LAG,    /* log of ns of virtual time that it is behind its queue; 0: it is not */
  FEATURE_RUN,    /* log of ns that it runs from waking up to blocking, on average */
  FEATURE_SLEEP,  /* share of its time that it is blocked */
  FEATURE_COLD,   /* log of ns since it last ran */
  /* load */
  FEATURE_SRC_QUEUE, /* tasks that wait in src's queue, times 16, a CPU of that queue; at most 255 */
  FEATURE_DST_QUEUE,
  FEATURE_SRC_IDLE, /* share of the CPUs of src's last-level cache that are idle */
  FEATURE_DST_IDLE,
  /* place */
  FEATURE_RELATION, /* enum feature_relation of src and dst */
  FEATURE_DISTANCE, /* of their nodes in the kernel's unit, less 10; at most 255 */
  FEATURE_CAPACITY, /* dst's to src's, 128: the same, 255: twice and more */
  FEATURE_HOME,     /* enum feature_home */
  /* moment */
  FEATURE_COST, /* log of ns that a move between such CPUs costs a task with warm caches */
  FEATURE_SITE, /* enum feature_site */
  FEATURES,
};

enum feature_relation { RELATION_SAME, RELATION_CORE, RELATION_CLUSTER, RELATION_LLC, RELATION_NODE, RELATION_REMOTE };
/* Where its memory is, for what is known of it: the node where it ran first. */
enum feature_home { HOME_NO_MATTER, HOME_SRC, HOME_DST, HOME_ELSEWHERE };
enum feature_site { SITE_WAKE, SITE_FORK, SITE_STEAL, SITE_BALANCE };

/* Of each input, the range that matters: 1 us to 100 ms of running, 1 us to 17 s of not running, 128 ns to 16 ms ... */
#define FEATURES_LO { 0, 80, 80, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 56, 0 }
#define FEATURES_HI { 106, 216, 216, 255, 272, 255, 255, 255, 255, 5, 255, 255, 3, 192, 3 }

/* 8 log2(v), between powers of two by a straight line; 0 for 0. At most 511. */
static inline __attribute__((always_inline)) u16 feature_log(u64 v) {
  u32 bit = 0;
  u64 rest = v;

  if (!v) return 0;
  if (rest >> 32) bit += 32, rest >>= 32;
  if (rest >> 16) bit += 16, rest >>= 16;
  if (rest >> 8) bit += 8, rest >>= 8;
  if (rest >> 4) bit += 4, rest >>= 4;
  if (rest >> 2) bit += 2, rest >>= 2;
  bit += (u32)(rest >> 1);
  /* The three bits below the highest one. */
  return (u16)(bit * 8 + (u32)((bit >= 3 ? v >> (bit - 3) : v << (3 - bit)) & 7));
}

/* part of whole in 255ths, at most 255; 0 of 0. Both below 2^56. */
static inline __attribute__((always_inline)) u16 feature_share(u64 part, u64 whole) {
  if (!whole) return 0;
  return (u16)(part >= whole ? 255 : part * 255 / whole);
}

/* Tasks that wait, a CPU, in 16ths. */
static inline __attribute__((always_inline)) u16 feature_queue(u64 waiting, u64 cpus) {
  u64 q = cpus ? waiting * 16 / cpus : 0;

  return (u16)(q > 255 ? 255 : q);
}

/* Capacities in the kernel's unit; 1024 is the fastest CPU. */
static inline __attribute__((always_inline)) u16 feature_capacity(u64 dst, u64 src) {
  u64 ratio = src ? dst * 128 / src : 128;

  return (u16)(ratio > 255 ? 255 : ratio);
}

static inline __attribute__((always_inline)) u16 feature_distance(u64 distance) {
  if (distance <= 10) return 0;
  return (u16)(distance >= 265 ? 255 : distance - 10);
}

#ifdef __cplusplus
}  // namespace simsched::ml
#endif
#endif
