/* SPDX-License-Identifier: GPL-2.0-only
 * Pure decision functions over batches, for comparison with the same functions in C++: each call of a SEC("syscall")
 * program decides `count` records of a map that user space has mapped.
 */
#include <scx/common.bpf.h>

#include "../../../ml/model/mlp_fixed.h"
#include "parity.h"

char _license[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PARITY_NETS);
  __type(key, u32);
  __type(value, struct mlp_model);
} nets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, PARITY_BATCH);
  __type(key, u32);
  __type(value, struct parity_net);
} net_records SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, PARITY_BATCH);
  __type(key, u32);
  __type(value, struct parity_rusty);
} rusty_records SEC(".maps");

/* A record and the net it names, or the loop ends. */
#define RECORD_AND_NET                                                  \
  struct parity_net *record = bpf_map_lookup_elem(&net_records, &i);    \
  struct mlp_model *net;                                                \
  u32 which;                                                            \
  if (!record) break;                                                   \
  which = record->net;                                                  \
  net = bpf_map_lookup_elem(&nets, &which);                             \
  if (!net) break;

SEC("syscall")
int int8_nets(struct parity_call *call) {
  u32 i, done = 0;

  bpf_for(i, 0, call->count) {
    RECORD_AND_NET
    u64 x[MLP_GROUPS];
    u32 sum = 0, g;

    MLP_UNROLL
    for (g = 0; g < MLP_GROUPS; g++) {
      u8 x0 = record->x[3 * g], x1 = record->x[3 * g + 1], x2 = record->x[3 * g + 2];

      x[g] = mlp_pack(x0, x1, x2);
      sum += x0 + x1 + x2;
    }
    record->out = mlp_int8_run(&net->int8, x, sum);
    done++;
  }
  return done;
}

SEC("syscall")
int q21_nets(struct parity_call *call) {
  u32 i, done = 0;

  bpf_for(i, 0, call->count) {
    RECORD_AND_NET
    s64 x[MLP_INPUTS];
    u32 k;

    MLP_UNROLL
    for (k = 0; k < MLP_INPUTS; k++) x[k] = record->x[k];
    record->out = mlp_q21_run(&net->q21, x);
    done++;
  }
  return done;
}

/* Inputs as a policy has them: the lower 16 bits of x. */
SEC("syscall")
int models(struct parity_call *call) {
  u32 i, done = 0;

  bpf_for(i, 0, call->count) {
    RECORD_AND_NET
    u16 in[MLP_ROW] = {};
    u32 k;

    MLP_UNROLL
    for (k = 0; k < MLP_INPUTS; k++) in[k] = record->x[k];
    record->out = mlp_logit(net, in);
    record->verdict = mlp_verdict_of(record->out, net->tau);
    done++;
  }
  return done;
}

SEC("syscall")
int rusty(struct parity_call *call) {
  u32 i, done = 0;

  bpf_for(i, 0, call->count) {
    struct parity_rusty *record = bpf_map_lookup_elem(&rusty_records, &i);

    if (!record) break;
    parity_decide(record);
    done++;
  }
  return done;
}
