/* SPDX-License-Identifier: GPL-2.0-only
 * Says that its licence is one that the kernel does not give sched_ext's functions to.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "MIT";
UEI_DEFINE(uei);

void BPF_STRUCT_OPS(mit_enqueue, struct task_struct *p, u64 enq_flags) {
  scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(mit_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(mit_ops, .enqueue = (void *)mit_enqueue, .exit = (void *)mit_exit, .name = "mit")
