/* SPDX-License-Identifier: GPL-2.0-only
 * Never queues a task named stallme: the kernel's watchdog must end it.
 */
#include "stallme.bpf.h"

char _license[] SEC("license") = "GPL";
UEI_DEFINE(uei);

/* Else the kernel puts tasks on idle CPUs without asking. */
s32 BPF_STRUCT_OPS(stall_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  return prev_cpu;
}

void BPF_STRUCT_OPS(stall_enqueue, struct task_struct *p, u64 enq_flags) {
  if (!is_victim(p)) scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(stall_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(stall_ops,
               .select_cpu = (void *)stall_select_cpu,
               .enqueue = (void *)stall_enqueue,
               .exit = (void *)stall_exit,
               .timeout_ms = 2000U,
               .name = "stall")
