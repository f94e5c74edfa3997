/* SPDX-License-Identifier: GPL-2.0-only
 * Queues a task named stallme where there is no queue: the kernel must end it.
 */
#include "stallme.bpf.h"

char _license[] SEC("license") = "GPL";
UEI_DEFINE(uei);

/* Else the kernel puts tasks on idle CPUs without asking. */
s32 BPF_STRUCT_OPS(unknown_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  return prev_cpu;
}

void BPF_STRUCT_OPS(unknown_enqueue, struct task_struct *p, u64 enq_flags) {
  scx_bpf_dsq_insert(p, is_victim(p) ? 0x3039 : SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(unknown_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(unknown_ops,
               .select_cpu = (void *)unknown_select_cpu,
               .enqueue = (void *)unknown_enqueue,
               .exit = (void *)unknown_exit,
               .name = "unknown_dsq")
