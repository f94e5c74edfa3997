/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The rules of rusty_ml: how decisions follow from what a model answers, and the bounds that hold whatever it answers.
 * Pure functions: the BPF program, the user-space half and the tests compile the same.
 */
#ifndef SIMSCHED_RUSTY_ML_RULES_H
#define SIMSCHED_RUSTY_ML_RULES_H

#include "../../../ml/model/mlp_range.h"
#include "rusty_ml.h"

#ifdef __cplusplus
namespace simsched::rusty_ml {
using namespace mlp;
using namespace ml;
#endif

/* ---- Answers -------------------------------------------------------------------------------------------------- */
/* To one question: may the task go from the one CPU to the other? 0: it was not asked. */
#define ANSWER_ASKED (1ULL << 34)

MLP_INLINE u64 answer_of(u32 verdict, s32 logit) { return ANSWER_ASKED | (u64)verdict << 32 | (u32)logit; }
MLP_INLINE u32 answer_verdict(u64 answer) { return (u32)(answer >> 32) & 3; }
MLP_INLINE s32 answer_logit(u64 answer) { return (s32)(u32)answer; }

/* A model that is asked about things that it does not know is not asked. */
enum { MAX_OUTSIDE = 1 };

/* The candidate to go to: of those with the answer "move" the one of the highest logit, the first of equals. Staying
 * is worth 0, hence it is what remains when all answers are "stay"; else the heuristic decides. */
enum { CHOICES = 8, CHOOSE_STAY = CHOICES, CHOOSE_OPEN };

/* Without branches inside, for what the verifier would make of them. */
MLP_INLINE u64 choose(const u64 *answers) {
  u64 asked = 0, stay = 0;
  s64 best = 0;
  u32 i;

  MLP_UNROLL
  for (i = 0; i < CHOICES; i++) {
    u64 one = answers[i] >> 34 & 1, move = one & answers[i] >> 32, unsure = one & answers[i] >> 33;
    u64 mask = 0 - move;
    s64 key;

    __asm__ volatile("" : "+r"(mask));
    /* Above 0, and greater for a higher logit and then for an earlier candidate. */
    key = (((s64)answer_logit(answers[i]) + (1LL << 32)) << 3 | (CHOICES - 1 - i)) & (s64)mask;
    asked += one;
    stay += one - (move | unsure);
    best += mlp_or_zero(key - best);
  }
  if (best) return CHOICES - 1 - (best & (CHOICES - 1));
  if (asked && asked == stay) return CHOOSE_STAY;
  return CHOOSE_OPEN;
}

/* ---- Controls ------------------------------------------------------------------------------------------------- */
/* Whether the nr-th decision about a task is among the share that is denied; the same again in every run. */
MLP_INLINE bool denied(u64 id, u64 nr, u64 permille) {
  u64 x = id * 0x9e3779b97f4a7c15ULL + nr;

  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
  return ((x ^ x >> 31) >> 32) * 1000 >> 32 < permille;
}

/* ---- Bounds --------------------------------------------------------------------------------------------------- */
/* Whether a task may be made to wait for its CPU: not behind too many, nor where it may not run. */
MLP_INLINE bool room_to_stay(bool allowed, u64 waiting, u64 limit) { return allowed && waiting < limit; }

/* Whether a task has waited so long that an idle CPU takes it, whatever was decided: one of several sooner. */
MLP_INLINE bool overdue(u64 waited, u64 waiting, u64 limit, u64 limit_alone) {
  return waited > (waiting >= 2 ? limit : limit_alone);
}

/* A bucket of tokens: a move takes one, and one comes back in each period; it holds `burst`. */
MLP_INLINE bool may_move(u64 now, u64 moved_at, u64 residency, u64 tokens_at, u64 period, u64 burst) {
  if (moved_at && now - moved_at < residency) return false;
  return tokens_at <= now || tokens_at - now <= period * (burst - 1);
}
MLP_INLINE u64 after_move(u64 now, u64 tokens_at, u64 period) { return (tokens_at > now ? tokens_at : now) + period; }

/* ---- Features (ml/model/features.h) --------------------------------------------------------------------------- */
/* In BPF a global function, as each of its branches would double what the verifier has to follow. */
#ifdef __cplusplus
MLP_INLINE u16 log_of(u64 v) { return feature_log(v); }
#else
__attribute__((noinline)) u32 log_of(u64 v) { return feature_log(v); }
#endif

/* A new average; the first value is the average. */
MLP_INLINE u64 average(u64 old_value, u64 new_value) {
  return old_value ? old_value - (old_value >> 2) + (new_value >> 2) : new_value;
}

MLP_INLINE void describe_task(const struct rusty_ml_task *task, u64 now, u16 *in) {
  in[FEATURE_WEIGHT] = log_of(task->weight);
  in[FEATURE_RUN] = log_of(task->avg_run);
  in[FEATURE_SLEEP] = feature_share(task->avg_blocked, task->avg_awake + task->avg_blocked);
  in[FEATURE_COLD] = task->stopped_at && now > task->stopped_at ? log_of(now - task->stopped_at) : 0;
}

MLP_INLINE u32 relation_of(const struct rusty_ml_cpu *src, const struct rusty_ml_cpu *dst, bool same_cpu,
                           bool same_llc) {
  if (same_cpu) return RELATION_SAME;
  if (src->core == dst->core) return RELATION_CORE;
  if (src->cluster == dst->cluster) return RELATION_CLUSTER;
  if (same_llc) return RELATION_LLC;
  return src->node == dst->node ? RELATION_NODE : RELATION_REMOTE;
}

/* Where its memory is does not matter for a move within a node. */
MLP_INLINE u32 home_of(u32 home, u32 src_node, u32 dst_node) {
  if (home == RUSTY_ML_NOWHERE || src_node == dst_node) return HOME_NO_MATTER;
  if (home == src_node) return HOME_SRC;
  return home == dst_node ? HOME_DST : HOME_ELSEWHERE;
}

#ifdef __cplusplus
}  // namespace simsched::rusty_ml
#endif
#endif
