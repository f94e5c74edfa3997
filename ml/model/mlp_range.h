/* SPDX-License-Identifier: GPL-2.0-only
 *
 * How far inputs lie outside of what a model was made for. Included by BPF C and by C++, as mlp_fixed.h is.
 */
#ifndef SIMSCHED_MLP_RANGE_H
#define SIMSCHED_MLP_RANGE_H

#include "mlp_fixed.h"

#ifdef __cplusplus
namespace simsched::mlp {
#endif

/* The number of inputs above their range, or below it and not 0, which stands for "none" and "not known". Without
 * branches, of which a verifier would walk 2^30. */
MLP_INLINE u32 mlp_outside(const struct mlp_model *model, const u16 *in) {
  u64 outside = 0;
  u32 i;

#ifdef __clang__
  _Pragma("clang loop unroll(disable)") /* which would need more of a stack than there is */
#endif
  for (i = 0; i < MLP_INPUTS; i++) {
    u64 v = in[i], lo = model->lo[i], hi = model->hi[i];

    /* The borders in differences that the compiler knows nothing of, or it would make branches of them. */
    u64 above = hi - v, below = v - lo, some = 0 - v;

    __asm__ volatile("" : "+r"(above), "+r"(below), "+r"(some));
    outside += (above >> 63) + (below >> 63 & some >> 63);
  }
  return (u32)outside;
}

#ifdef __cplusplus
}  // namespace simsched::mlp
#endif
#endif
