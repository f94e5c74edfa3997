/* SPDX-License-Identifier: GPL-2.0-only
 * What a sched_ext scheduler's BPF half includes: types, kernel functions, and macros by the names that schedulers in
 * the wild use. For the kernel and for the simulator alike.
 */
#ifndef SIMSCHED_SCX_COMMON_BPF_H
#define SIMSCHED_SCX_COMMON_BPF_H

#define BPF_NO_KFUNC_PROTOTYPES /* of a full vmlinux.h */
#ifndef __bpf__
#define __bpf__
#endif

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <asm-generic/errno.h>
#include "macros.bpf.h"
#include "bpf_kfuncs.bpf.h"
#include "kfuncs.bpf.h"
#include "compat.bpf.h"
#include "user_exit_info.bpf.h"
#include "bpf_arena_common.bpf.h"
#include "enums.bpf.h"

/* include/linux/sched.h */
#define PF_IDLE 0x00000002
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_WQ_WORKER 0x00000020
#define PF_KCOMPACTD 0x00010000
#define PF_KSWAPD 0x00020000
#define PF_KTHREAD 0x00200000
#define PF_NO_SETAFFINITY 0x04000000
#define TASK_RUNNING 0x00000000
#define TASK_INTERRUPTIBLE 0x00000001
#define TASK_UNINTERRUPTIBLE 0x00000002
#define TASK_DEAD 0x00000080
#define SCHED_EXT 7
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7
#define NUMA_NO_NODE (-1)
#define MAX_RT_PRIO 100
#ifndef NR_CPUS
#define NR_CPUS 1024
#endif

#define BPF_STRUCT_OPS(name, args...) SEC("struct_ops/" #name) BPF_PROG(name, ##args)
#define BPF_STRUCT_OPS_SLEEPABLE(name, args...) SEC("struct_ops.s/" #name) BPF_PROG(name, ##args)

/* The iterator of the bpf_for_each() around, for scx_bpf_dsq_move(). */
#define BPF_FOR_EACH_ITER (&___it)

/* ---- text for the kernel's log and for user space: printf formats, at most 12 arguments ---- */

static inline __attribute__((format(printf, 1, 2))) void scx_check_format(const char *fmt, ...) {}

/* Leaves ___fmt and ___param. Not const: the verifier takes a `char *` argument for one that is written to. */
#define scx_bpf_bstr_preamble(fmt, args...)                    \
  static char ___fmt[] = fmt;                                  \
  unsigned long long ___param[___bpf_narg(args) ?: 1] = {};    \
  _Pragma("GCC diagnostic push")                               \
  _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")       \
  ___bpf_fill(___param, args);                                 \
  _Pragma("GCC diagnostic pop")

#define scx_bpf_error(fmt, args...)                            \
  ({                                                           \
    scx_bpf_bstr_preamble(fmt, args);                          \
    scx_bpf_error_bstr(___fmt, ___param, sizeof(___param));    \
    scx_check_format(fmt, ##args);                             \
  })
#define scx_bpf_exit(code, fmt, args...)                             \
  ({                                                                 \
    scx_bpf_bstr_preamble(fmt, args);                                \
    scx_bpf_exit_bstr((code), ___fmt, ___param, sizeof(___param));   \
    scx_check_format(fmt, ##args);                             \
  })
#define scx_bpf_dump(fmt, args...)                             \
  ({                                                           \
    scx_bpf_bstr_preamble(fmt, args);                          \
    scx_bpf_dump_bstr(___fmt, ___param, sizeof(___param));     \
    scx_check_format(fmt, ##args);                             \
  })

#define SCX_STRINGIFY(x) #x
#define SCX_TOSTRING(x) SCX_STRINGIFY(x)
#define scx_bpf_dump_header() scx_bpf_dump("%s: ", __FILE__)

/* A counter of scx_bpf_events(), or 0 where the kernel does not keep it. */
#define scx_read_event(e, name) (bpf_core_field_exists((e)->name) ? (e)->name : 0)

/* ---- tasks, masks ---- */

static __always_inline const struct cpumask *cast_mask(struct bpf_cpumask *mask) {
  return (const struct cpumask *)mask;
}

/* Whether p must stay on its CPU for now. A running program itself counts as one for the current task. */
static inline bool is_migration_disabled(const struct task_struct *p) {
  if (!bpf_core_field_exists(p->migration_disabled)) return false;
  if (p->migration_disabled == 1) return bpf_get_current_task_btf() != p;
  return p->migration_disabled;
}

static inline u64 scale_by_task_weight(const struct task_struct *p, u64 value) { return value * p->scx.weight / 100; }
static inline u64 scale_by_task_weight_inverse(const struct task_struct *p, u64 value) {
  return value * 100 / p->scx.weight;
}

static inline u64 get_prandom_u64(void) { return (u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32(); }

#endif
