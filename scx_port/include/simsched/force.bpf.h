/* SPDX-License-Identifier: GPL-2.0-only
 * A decision of a model that somebody else takes, to see what comes of it: the simulator runs the same moment twice, with
 * one answer and with the other (ml/collect/rollout.h). Nobody does in a kernel; there it costs a look at a flag.
 */
#ifndef SIMSCHED_FORCE_BPF_H
#define SIMSCHED_FORCE_BPF_H

bool model_watched;
u64 model_asked;    /* questions since then */
u64 model_force_at; /* this one, from 1 on, has the answer ... */
u32 model_force_verdict;
u16 model_force_in[MLP_ROW]; /* ... to these inputs */

static __always_inline enum mlp_verdict model_forced(const u16 *in, enum mlp_verdict verdict) {
  u32 i;

  if (!model_watched || ++model_asked != model_force_at) return verdict;
  MLP_UNROLL
  for (i = 0; i < MLP_ROW; i++) model_force_in[i] = in[i];
  return model_force_verdict;
}

#endif
