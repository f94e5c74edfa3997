/* SPDX-License-Identifier: GPL-2.0-only
 * SCX_* are enumerators of vmlinux.h. Those whose values kernels disagree about are read from the running one.
 */
#ifndef SIMSCHED_SCX_ENUMS_BPF_H
#define SIMSCHED_SCX_ENUMS_BPF_H

#include <bpf/bpf_core_read.h>

/* The kernel's own ENQUEUE_HEAD and ENQUEUE_RQ_SELECTED, which moved after 6.18. */
#define SCX_ENQ_HEAD ((u64)bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_HEAD))
#define SCX_ENQ_CPU_SELECTED ((u64)bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_CPU_SELECTED))

#endif
