/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A small model in integers: 15 inputs, one output, a logit. Three kinds: a neural network of 16 hidden units (ReLU)
 * with weights of 8 bits, the same in Q11.21 numbers, and a decision tree of depth 4. BPF programs, the simulator and
 * C++ compile the same functions, with the same results to the bit. No division, no floating point, no signed
 * arithmetic that overflows; sums wrap as unsigned ones do.
 *
 * An input is a u16 in any unit; each model says which range [lo, hi] of it is mapped to [0, 1], and a tree, which
 * compares inputs as they are, which range it was made for. The output says "move" at or above tau, "stay" at or below
 * -tau, and nothing in between.
 */
#ifndef SIMSCHED_MLP_FIXED_H
#define SIMSCHED_MLP_FIXED_H

#include "../../base/shared_types.h"

#ifdef __cplusplus
namespace simsched::mlp {
#endif

/* Calls cost a BPF program several times what the function does. */
#define MLP_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define MLP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MLP_UNROLL _Pragma("GCC unroll 16")
#endif

enum {
  MLP_INPUTS = 15,
  MLP_ROW = 16,    /* inputs of a row in memory; the last one is not used */
  MLP_HIDDEN = 16,
  MLP_GROUPS = 5,  /* of three inputs, in one 64-bit word */
  MLP_DEPTH = 4,   /* of a tree */
  MLP_LEAVES = 16,
  MLP_SLOTS = 9,   /* models that a policy holds: one is used, one was, others can be written */
  MLP_MAX_GOLDEN = 1024,
};

#define MLP_MAGIC 0x504c4d53u /* "SMLP" */
#define MLP_FORMAT 1u
enum mlp_kind { MLP_INT8 = 1, MLP_Q21 = 2, MLP_TREE = 3 };
enum mlp_verdict { MLP_STAY, MLP_MOVE, MLP_UNSURE };

/* Three weights, each + 128, to a word: those of inputs 3g, 3g+1, 3g+2 at bits 40, 20 and 0. The inputs lie the other
 * way round, so that bits 40 to 59 of the product of two words are the sum of the three products. No sum of five such
 * words overflows 20 bits: 15 * 255 * 255 < 2^20. */
struct mlp_int8 {
  u64 w1[MLP_HIDDEN][MLP_GROUPS];
  s32 b1[MLP_HIDDEN];
  s32 w2[MLP_HIDDEN]; /* -128 .. 127 */
  s32 b2;
  u32 shift1; /* a hidden unit is its sum >> shift1, at most 255; 0 .. 31 */
  u32 shift2; /* the logit is the sum >> shift2; 0 .. 31 */
  u32 pad;
};

struct mlp_q21 {
  s32 w1[MLP_HIDDEN][MLP_ROW];
  s32 b1[MLP_HIDDEN];
  s32 w2[MLP_HIDDEN];
  s32 b2;
  u32 pad;
};

/* The root is node 1; below node n are 2n (its input is less than its threshold) and 2n + 1; node 16 + l is leaf l. */
struct mlp_tree {
  u16 input[MLP_LEAVES]; /* 0 .. 14; of node 0, which there is not, 0 */
  u16 threshold[MLP_LEAVES];
  s32 leaf[MLP_LEAVES]; /* logits */
};

/* A value of the map `models`; with golden vectors behind it, a model file (ml/model/model_file.h). */
struct mlp_model {
  u32 magic;   /* MLP_MAGIC; in a slot that was never written, 0 */
  u32 format;
  u32 crc;     /* CRC-32 of the file from the next member on */
  u32 kind;    /* enum mlp_kind */
  u32 version; /* of the model, not 0; 0 while a slot is written */
  s32 tau;     /* > 0 */
  u32 nr_golden;
  u32 encoding; /* of its inputs (ml/model/features.h); 0: those of one policy alone */
  u16 lo[MLP_ROW], hi[MLP_ROW]; /* lo < hi */
  u64 scale[MLP_ROW];           /* mlp_scale() of them */
  union {
    struct mlp_int8 int8;
    struct mlp_q21 q21;
    struct mlp_tree tree;
  };
};

/* What a model answers, for its user to check before it is trusted. */
struct mlp_golden {
  u16 in[MLP_ROW];
  s32 logit;
};

/* Context of the SEC("syscall") program `model_test`: runs the model in a slot, active or not. */
struct mlp_test {
  u32 slot;
  u32 version; /* out */
  u16 in[MLP_ROW];
  s32 logit;   /* out */
  u32 verdict; /* out: enum mlp_verdict */
};

/* ---- max(v, 0) without a branch ----------------------------------------------------------------------------------
 * Inputs change from call to call, and with them which hidden units are positive: a CPU that has to guess half of them
 * takes longer than to compute them all; and of 30 branches in a row inside a loop the verifier walked a million
 * instructions. The assembly keeps compilers from making branches of these again, and, being volatile, from working on
 * so many inputs at once that they go through the stack. */
MLP_INLINE s64 mlp_or_zero(s64 v) {
  s64 negative = v >> 63;

  __asm__ volatile("" : "+r"(negative));
  return v & ~negative;
}

MLP_INLINE u32 mlp_or_zero32(u32 v) {
  u32 negative = (u32)((s32)v >> 31);

  __asm__ volatile("" : "+r"(negative));
  return v & ~negative;
}

/* ---- Inputs ---------------------------------------------------------------------------------------------------- */
#define MLP_ONE_INT8 255ULL
#define MLP_ONE_Q21 (1ULL << 21)

/* (v - lo) / (hi - lo) in units of 1 / one, rounded, kept within 0 and one. */
MLP_INLINE u64 mlp_input(u16 v, u16 lo, u64 scale, u64 one) {
  u64 above = (u64)mlp_or_zero((s64)v - (s64)lo);
  u64 x = (above * scale + (1ULL << 23)) >> 24; /* < 2^16 * 2^45 */

  return one - (u64)mlp_or_zero((s64)(one - x));
}

/* ---- 8 bits ---------------------------------------------------------------------------------------------------- */
MLP_INLINE u64 mlp_pack(u64 x0, u64 x1, u64 x2) { return x0 | x1 << 20 | x2 << 40; }

/* Of packed inputs and their sum, which is what the weights' offset of 128 adds a multiple of. */
MLP_INLINE s32 mlp_int8_run(const struct mlp_int8 *net, const u64 *x, u32 sum) {
  u32 offset = sum << 7, out = (u32)net->b2, j;
  u32 shift1 = net->shift1 & 31, shift2 = net->shift2 & 31;

  for (j = 0; j < MLP_HIDDEN; j++) {
    const u64 *w = net->w1[j];
    u64 products = x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3] + x[4] * w[4];
    u32 hidden = ((u32)(products >> 40) & 0xfffff) - offset + (u32)net->b1[j];

    hidden = mlp_or_zero32(hidden) >> shift1;
    if (hidden > 255) hidden = 255;
    out += hidden * (u32)net->w2[j];
  }
  return (s32)out >> shift2;
}

/* ---- Q11.21 ---------------------------------------------------------------------------------------------------- */
/* 42 fraction bits to 21, rounded half up; what is out of range becomes the nearest that is not. */
MLP_INLINE s32 mlp_q21_round(u64 sum) {
  s64 v = (s64)(sum + (1ULL << 20)) >> 21;

  if (v > 0x7fffffffLL) return 0x7fffffff;
  if (v < -0x80000000LL) return -0x7fffffff - 1;
  return (s32)v;
}

/* One rounding a unit, not one a product, which would be off by half a bit each. With |w| <= 64 (2^27) no sum wraps. */
MLP_INLINE s32 mlp_q21_run(const struct mlp_q21 *net, const s64 *x) {
  u64 out = (u64)(s64)net->b2 << 21;
  u32 j;

  for (j = 0; j < MLP_HIDDEN; j++) {
    const s32 *w = net->w1[j];
    u64 sum = (u64)(s64)net->b1[j] << 21;
    u32 i;

    MLP_UNROLL
    for (i = 0; i < MLP_INPUTS; i++) sum += (u64)x[i] * (u64)(s64)w[i];
    out += (u64)mlp_or_zero(mlp_q21_round(sum)) * (u64)(s64)net->w2[j];
  }
  return mlp_q21_round(out);
}

/* ---- Trees ----------------------------------------------------------------------------------------------------- */
/* `in` has MLP_ROW members. Without a branch, for the reasons above. */
MLP_INLINE s32 mlp_tree_run(const struct mlp_tree *tree, const u16 *in) {
  u32 node = 1, level;

  MLP_UNROLL
  for (level = 0; level < MLP_DEPTH; level++) {
    u32 n = node & (MLP_LEAVES - 1);
    u32 below = (u32)in[tree->input[n] & (MLP_ROW - 1)] - (u32)tree->threshold[n];

    __asm__ volatile("" : "+r"(below));
    node = 2 * n + 1 - (below >> 31);
  }
  return tree->leaf[node & (MLP_LEAVES - 1)];
}

/* ---- Models ---------------------------------------------------------------------------------------------------- */
MLP_INLINE s32 mlp_int8_logit(const struct mlp_model *model, const u16 *in) {
  u64 x[MLP_GROUPS];
  u32 sum = 0, g;

  MLP_UNROLL
  for (g = 0; g < MLP_GROUPS; g++) {
    u32 i = 3 * g;
    u64 x0 = mlp_input(in[i], model->lo[i], model->scale[i], MLP_ONE_INT8);
    u64 x1 = mlp_input(in[i + 1], model->lo[i + 1], model->scale[i + 1], MLP_ONE_INT8);
    u64 x2 = mlp_input(in[i + 2], model->lo[i + 2], model->scale[i + 2], MLP_ONE_INT8);

    x[g] = mlp_pack(x0, x1, x2);
    sum += (u32)(x0 + x1 + x2);
  }
  return mlp_int8_run(&model->int8, x, sum);
}

MLP_INLINE s32 mlp_q21_logit(const struct mlp_model *model, const u16 *in) {
  s64 x[MLP_INPUTS];
  u32 i;

  MLP_UNROLL
  for (i = 0; i < MLP_INPUTS; i++) x[i] = (s64)mlp_input(in[i], model->lo[i], model->scale[i], MLP_ONE_Q21);
  return mlp_q21_run(&model->q21, x);
}

MLP_INLINE s32 mlp_logit(const struct mlp_model *model, const u16 *in) {
  if (model->kind == MLP_TREE) return mlp_tree_run(&model->tree, in);
  return model->kind == MLP_INT8 ? mlp_int8_logit(model, in) : mlp_q21_logit(model, in);
}

MLP_INLINE enum mlp_verdict mlp_verdict_of(s32 logit, s32 tau) {
  if (logit >= tau) return MLP_MOVE;
  return logit <= -tau ? MLP_STAY : MLP_UNSURE;
}

#ifdef __cplusplus
/* The only division, done where models are made. A tree has no use for it. */
inline u64 mlp_scale(u16 lo, u16 hi, mlp_kind kind) {
  return ((kind == MLP_INT8 ? MLP_ONE_INT8 : MLP_ONE_Q21) << 24) / (static_cast<u64>(hi) - lo);
}
}  // namespace simsched::mlp
#endif
#endif
