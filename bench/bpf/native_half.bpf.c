/* SPDX-License-Identifier: GPL-2.0-only
 * Decisions as XDP programs, which the kernel runs a given number of times on one packet and times itself. The packet
 * holds the inputs; models lie in a map, as a scheduler has them.
 */
#include <scx/common.bpf.h>

#include "../../ml/model/mlp_fixed.h"
#include "../../scx_port/schedulers/rusty/rusty.h"
#include "../../scx_port/schedulers/rusty/rusty_math.h"

char _license[] SEC("license") = "GPL";

struct xdp_md {
  u32 data, data_end;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, u32);
  __type(value, struct mlp_model);
} models SEC(".maps");

struct features {
  u16 in[MLP_ROW];
};

/* Inputs that change from call to call, as they do: what a CPU has learnt of one decision's branches helps little with
 * the next. */
#define NR_FEATURES 4096
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, NR_FEATURES);
  __type(key, u32);
  __type(value, struct features);
} inputs SEC(".maps");
static u32 turn;

static const u32 prio_to_weight[64] = RUSTY_PRIO_TO_WEIGHT;

/* The packet as `type *name`, and `model` of slot n; without them the program ends. */
#define PACKET(type, name)                           \
  type *name = (type *)(long)ctx->data;              \
  if ((void *)(name + 1) > (void *)(long)ctx->data_end) return -1
#define MODEL(n)                                     \
  u32 slot = (n);                                    \
  struct mlp_model *model = bpf_map_lookup_elem(&models, &slot); \
  if (!model) return -1

#define NEXT_FEATURES(name)                                 \
  u32 at = turn++ & (NR_FEATURES - 1);                      \
  struct features *name = bpf_map_lookup_elem(&inputs, &at); \
  if (!name) return -1

struct int8_inputs {
  u64 x[MLP_GROUPS];
  u32 sum;
};
struct q21_inputs {
  s64 x[MLP_INPUTS];
};
struct task {
  u64 blocked_freq, waker_freq, avg_runtime, weight;
};
struct average {
  struct rusty_ravg average;
  u64 now, half_life;
};

SEC("xdp")
int empty(struct xdp_md *ctx) { return 2; }

/* What every one of them does beside its work. */
SEC("xdp")
int look_up(struct xdp_md *ctx) {
  PACKET(struct features, features);
  MODEL(0);
  return model->kind + features->in[0];
}

SEC("xdp")
int int8_net(struct xdp_md *ctx) {
  PACKET(struct int8_inputs, inputs);
  MODEL(0);
  return mlp_int8_run(&model->int8, inputs->x, inputs->sum);
}

SEC("xdp")
int int8_decision(struct xdp_md *ctx) {
  PACKET(struct features, features);
  MODEL(0);
  return mlp_verdict_of(mlp_int8_logit(model, features->in), model->tau);
}

SEC("xdp")
int varied_look_up(struct xdp_md *ctx) {
  NEXT_FEATURES(features);
  MODEL(0);
  return model->kind + features->in[0];
}

SEC("xdp")
int int8_varied(struct xdp_md *ctx) {
  NEXT_FEATURES(features);
  MODEL(0);
  return mlp_verdict_of(mlp_int8_logit(model, features->in), model->tau);
}

SEC("xdp")
int q21_varied(struct xdp_md *ctx) {
  NEXT_FEATURES(features);
  MODEL(1);
  return mlp_verdict_of(mlp_q21_logit(model, features->in), model->tau);
}

SEC("xdp")
int tree_varied(struct xdp_md *ctx) {
  NEXT_FEATURES(features);
  MODEL(2);
  return mlp_verdict_of(mlp_tree_run(&model->tree, features->in), model->tau);
}

SEC("xdp")
int q21_net(struct xdp_md *ctx) {
  PACKET(struct q21_inputs, inputs);
  MODEL(1);
  return mlp_q21_run(&model->q21, inputs->x);
}

SEC("xdp")
int q21_decision(struct xdp_md *ctx) {
  PACKET(struct features, features);
  MODEL(1);
  return mlp_verdict_of(mlp_q21_logit(model, features->in), model->tau);
}

SEC("xdp")
int rusty_deadline(struct xdp_md *ctx) {
  PACKET(struct task, task);
  u32 priority = latency_priority(task->blocked_freq, task->waker_freq, task->avg_runtime, task->weight);
  return deadline_length(task->avg_runtime, prio_to_weight[(38 - priority) & 63]);
}

SEC("xdp")
int rusty_average(struct xdp_md *ctx) {
  PACKET(struct average, a);
  struct rusty_ravg average = a->average;
  return ravg_read(&average, a->now, a->half_life);
}
