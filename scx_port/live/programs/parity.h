/* SPDX-License-Identifier: GPL-2.0-only
 * What parity.bpf.c and its test share.
 */
#ifndef SIMSCHED_PARITY_H
#define SIMSCHED_PARITY_H

#include "../../schedulers/rusty/rusty_math.h"

#ifdef __cplusplus
namespace simsched::rusty {
#endif

enum { PARITY_NETS = 1024, PARITY_BATCH = 1 << 16 };

struct parity_call {
  u32 count;
  u32 pad;
};

struct parity_net {
  u32 net;
  s32 x[15];
  s32 out;
  u32 verdict;
};

enum parity_function {
  PARITY_ACCUMULATE,
  PARITY_READ,
  PARITY_JOIN,
  PARITY_LEAVE,
  PARITY_SUB_OR_ZERO,
  PARITY_BUCKET_OF,
  PARITY_BIT_LENGTH,
  PARITY_MOVING_AVERAGE,
  PARITY_UPDATE_FREQ,
  PARITY_SCALE_BY_WEIGHT,
  PARITY_SCALE_INVERSE,
  PARITY_LATENCY_PRIORITY,
  PARITY_DEADLINE_LENGTH,
  PARITY_FUNCTIONS,
};

struct parity_rusty {
  u32 function;
  u32 pad;
  struct rusty_ravg a, b; /* in; a is out, too */
  u64 in[4];              /* of the averages: value, now, half-life */
  u64 out;
};

static inline void parity_decide(struct parity_rusty* r) {
  struct rusty_ravg a = r->a, b = r->b;
  u64 x = r->in[0], y = r->in[1], z = r->in[2], w = r->in[3], out = 0;

  switch (r->function) {
    case PARITY_ACCUMULATE:
      ravg_accumulate(&a, x, y, z);
      break;
    case PARITY_READ:
      out = ravg_read(&a, y, z);
      break;
    case PARITY_JOIN:
      ravg_join(&a, &b, y, z);
      break;
    case PARITY_LEAVE:
      ravg_leave(&a, &b, y, z);
      break;
    case PARITY_SUB_OR_ZERO:
      out = sub_or_zero(x, y);
      break;
    case PARITY_BUCKET_OF:
      out = bucket_of((u32)x);
      break;
    case PARITY_BIT_LENGTH:
      out = bit_length(x);
      break;
    case PARITY_MOVING_AVERAGE:
      out = moving_average(x, y);
      break;
    case PARITY_UPDATE_FREQ:
      out = update_freq(x, y);
      break;
    case PARITY_SCALE_BY_WEIGHT:
      out = scale_by_weight(x, (u32)y);
      break;
    case PARITY_SCALE_INVERSE:
      out = scale_inverse(x, (u32)y);
      break;
    case PARITY_LATENCY_PRIORITY:
      out = latency_priority(x, y, z, (u32)w);
      break;
    case PARITY_DEADLINE_LENGTH:
      out = deadline_length(x, (u32)y);
      break;
    default:
      break;
  }
  r->a = a;
  r->out = out;
}

#ifdef __cplusplus
}  // namespace simsched::rusty
#endif
#endif
