/* SPDX-License-Identifier: GPL-2.0-only
 * A policy's model, without the policy: what tests of the slots load, as this machine's kernel may have no sched_ext.
 */
#include <scx/common.bpf.h>
#include <simsched/model.bpf.h>

char _license[] SEC("license") = "GPL";

/* A decision as a policy makes it. */
SEC("syscall")
int decide(struct mlp_test *test) {
  u16 in[MLP_ROW];
  u32 i;

  MLP_UNROLL
  for (i = 0; i < MLP_ROW; i++) in[i] = test->in[i];
  return model_decide(in);
}

SEC("syscall")
int nothing(struct mlp_test *test) { return 0; }
