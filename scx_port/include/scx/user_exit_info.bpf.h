/* SPDX-License-Identifier: GPL-2.0-only
 * UEI_DEFINE(uei) makes room for how the scheduler ended; UEI_RECORD(uei, ei) in ops.exit() fills it. The debug dump
 * goes to uei_dump, which user space makes longer before loading, and says how long in uei_dump_len.
 */
#ifndef SIMSCHED_USER_EXIT_INFO_BPF_H
#define SIMSCHED_USER_EXIT_INFO_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include "user_exit_info_common.h"

#define UEI_DEFINE(name)                    \
  char RESIZABLE_ARRAY(data, name##_dump);  \
  const volatile u32 name##_dump_len;       \
  struct user_exit_info name SEC(".data")

static __always_inline s32 uei_exit_cpu(const struct scx_exit_info *ei) {
#ifdef SIMSCHED_VMLINUX /* else it may have no such member */
  if (bpf_core_field_exists(ei->exit_cpu)) return ei->exit_cpu;
#endif
  return -1;
}

#define UEI_RECORD(name, ei)                                                                            \
  ({                                                                                                    \
    name.exit_cpu = uei_exit_cpu(ei);                                                                   \
    if (bpf_core_field_exists((ei)->exit_code)) name.exit_code = (ei)->exit_code;                       \
    bpf_probe_read_kernel_str(name.reason, sizeof(name.reason), (ei)->reason);                          \
    bpf_probe_read_kernel_str(name.msg, sizeof(name.msg), (ei)->msg);                                   \
    bpf_probe_read_kernel_str(name##_dump, name##_dump_len, (ei)->dump);                                \
    /* Atomic, so that who sees the kind sees the rest. */                                              \
    (void)__sync_lock_test_and_set(&name.kind, (int)(ei)->kind);                                        \
  })

#endif
