/* SPDX-License-Identifier: GPL-2.0-only
 * A learned model in a sched_ext scheduler, which user space can replace while it decides. Include it once, after
 * <scx/common.bpf.h>, and ask:
 *
 *   u16 in[MLP_ROW] = { ... };                  15 inputs, and one that is not used
 *   switch (model_decide(in)) { case MLP_STAY: ... case MLP_MOVE: ... default: the heuristic decides }
 *
 * MLP_SLOTS slots: user space writes one that is not in use, has it tried (`model_test`), then names it in model_active
 * (scx_port/live/model_slots.h). A decision takes the slot once and uses it to its end. It answers MLP_UNSURE, and
 * counts why, when there is no model, when the slot was rewritten meanwhile, and when the model itself is unsure.
 */
#ifndef SIMSCHED_MODEL_BPF_H
#define SIMSCHED_MODEL_BPF_H

#include "../../../ml/model/mlp_fixed.h"
#include "../../../ml/model/mlp_range.h"
#include "force.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, MLP_SLOTS);
  __type(key, u32);
  __type(value, struct mlp_model);
} models SEC(".maps");

volatile u32 model_active; /* a slot */

struct model_counts {
  u64 none;   /* decisions without a model */
  u64 torn;   /* ... whose slot changed while it was read */
  u64 unsure; /* ... that the model left open */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct model_counts);
} model_fallbacks SEC(".maps");

/* A slot's version; the reads around it stay where they are. That is enough where reads are not reordered by the CPU
 * (x86); elsewhere it is the rule that a slot left is not written for 100 ms that keeps decisions whole. */
static __always_inline u32 model_version(const struct mlp_model *model) {
  u32 version;

  asm volatile("" ::: "memory");
  version = *(const volatile u32 *)&model->version;
  asm volatile("" ::: "memory");
  return version;
}

struct model_answer {
  enum mlp_verdict verdict;
  s32 logit;
};

static __always_inline struct model_answer model_ask_slot(const u16 *in, u32 slot) {
  u32 zero = 0, version;
  struct mlp_model *model = bpf_map_lookup_elem(&models, &slot);
  struct model_counts *counts = bpf_map_lookup_elem(&model_fallbacks, &zero);
  struct model_answer answer = {.verdict = MLP_UNSURE};

  if (!counts) return answer;
  version = model ? model_version(model) : 0;
  if (!version) {
    counts->none++;
    return answer;
  }
  answer.logit = mlp_logit(model, in);
  answer.verdict = model_forced(in, mlp_verdict_of(answer.logit, model->tau));
  if (model_version(model) != version) {
    counts->torn++;
    answer.verdict = MLP_UNSURE;
  } else if (answer.verdict == MLP_UNSURE) {
    counts->unsure++;
  }
  return answer;
}

static __always_inline struct model_answer model_ask(const u16 *in) { return model_ask_slot(in, model_active); }

/* Whether there is a model to ask; counts when there is none. */
static __always_inline bool model_ready(void) {
  u32 slot = model_active, zero = 0;
  struct mlp_model *model = bpf_map_lookup_elem(&models, &slot);
  struct model_counts *counts = bpf_map_lookup_elem(&model_fallbacks, &zero);

  if (model && model_version(model)) return true;
  if (counts) counts->none++;
  return false;
}

/* Inputs beyond what the model knows; see mlp_outside(). */
static inline __noinline u32 model_outside(const u16 *in, u32 slot) {
  struct mlp_model *model = bpf_map_lookup_elem(&models, &slot);

  return model ? mlp_outside(model, in) : 0;
}

static __always_inline enum mlp_verdict model_decide(const u16 *in) { return model_ask(in).verdict; }

/* Answers 0, or 1: there is no such slot or no model in it. The version does not matter: user space looks at what it
 * is about to publish. */
SEC("syscall")
int model_test(struct mlp_test *test) {
  u32 slot = test->slot;
  struct mlp_model *model = bpf_map_lookup_elem(&models, &slot);
  u16 in[MLP_ROW];
  u32 i;

  if (!model || model->magic != MLP_MAGIC) return 1;
  MLP_UNROLL
  for (i = 0; i < MLP_ROW; i++) in[i] = test->in[i];
  test->version = model->version;
  test->logit = mlp_logit(model, in);
  test->verdict = mlp_verdict_of(test->logit, model->tau);
  return 0;
}

#endif
