/* SPDX-License-Identifier: GPL-2.0-only
 * One source, every kernel from 6.12 to 7.3: the kernel functions that were renamed or changed shape, each under its
 * newest and its older names, as functions that call whatever the running kernel has. The tests cost nothing there:
 * libbpf makes them constants and the verifier removes what cannot be reached.
 */
#ifndef SIMSCHED_SCX_COMPAT_BPF_H
#define SIMSCHED_SCX_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kfuncs.bpf.h"

#define __COMPAT_ENUM_OR_ZERO(type, name)                                \
  ({                                                                     \
    type ___value = 0;                                                   \
    if (bpf_core_enum_value_exists(type, name)) ___value = name;         \
    ___value;                                                            \
  })

/* ---- inserting ---- */

/* False: not inserted. Kernels before 6.19 do not tell, and end the scheduler instead. */
static __always_inline bool scx_compat_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___any))
    return kfunc_true(scx_bpf_dsq_insert___v2___any(p, dsq_id, slice, enq_flags));
  if (bpf_ksym_exists(scx_bpf_dsq_insert___any))
    scx_bpf_dsq_insert___any(p, dsq_id, slice, enq_flags);
  else
    scx_bpf_dispatch___any(p, dsq_id, slice, enq_flags);
  return true;
}

static __always_inline bool scx_compat_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
                                                    u64 enq_flags) {
  if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime___any)) {
    struct scx_insert_vtime_args args = {
        .dsq_id = dsq_id, .slice = slice, .vtime = vtime, .enq_flags = enq_flags};
    return kfunc_true(__scx_bpf_dsq_insert_vtime___any(p, &args));
  }
  if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___any))
    scx_bpf_dsq_insert_vtime___any(p, dsq_id, slice, vtime, enq_flags);
  else
    scx_bpf_dispatch_vtime___any(p, dsq_id, slice, vtime, enq_flags);
  return true;
}

#define scx_bpf_dsq_insert(p, dsq_id, slice, enq_flags) scx_compat_insert((p), (dsq_id), (slice), (enq_flags))
#define scx_bpf_dsq_insert_vtime(p, dsq_id, slice, vtime, enq_flags) \
  scx_compat_insert_vtime((p), (dsq_id), (slice), (vtime), (enq_flags))
#define scx_bpf_dispatch scx_bpf_dsq_insert
#define scx_bpf_dispatch_vtime scx_bpf_dsq_insert_vtime

static __always_inline bool scx_compat_set_slice(struct task_struct *p, u64 slice) {
  if (bpf_ksym_exists(scx_bpf_task_set_slice___any)) return kfunc_true(scx_bpf_task_set_slice___any(p, slice));
  p->scx.slice = slice;
  return true;
}

static __always_inline bool scx_compat_set_dsq_vtime(struct task_struct *p, u64 vtime) {
  if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___any)) return kfunc_true(scx_bpf_task_set_dsq_vtime___any(p, vtime));
  p->scx.dsq_vtime = vtime;
  return true;
}

#define scx_bpf_task_set_slice(p, slice) scx_compat_set_slice((p), (slice))
#define scx_bpf_task_set_dsq_vtime(p, vtime) scx_compat_set_dsq_vtime((p), (vtime))

/* ---- moving ---- */

static __always_inline bool scx_compat_move_to_local(u64 dsq_id, u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___any))
    return kfunc_true(scx_bpf_dsq_move_to_local___v2___any(dsq_id, enq_flags));
  if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___any)) return kfunc_true(scx_bpf_dsq_move_to_local___any(dsq_id));
  return kfunc_true(scx_bpf_consume___any(dsq_id));
}

/* With or without flags; kernels before 7.1 know none. */
#define scx_compat_move_to_local1(dsq_id) scx_compat_move_to_local((dsq_id), 0)
#define scx_compat_move_to_local2(dsq_id, enq_flags) scx_compat_move_to_local((dsq_id), (enq_flags))
#define scx_compat_pick2(a, b, macro, ...) macro
#define scx_bpf_dsq_move_to_local(...) \
  scx_compat_pick2(__VA_ARGS__, scx_compat_move_to_local2, scx_compat_move_to_local1, )(__VA_ARGS__)
#define scx_bpf_consume(dsq_id) scx_compat_move_to_local((dsq_id), 0)

static __always_inline bool scx_compat_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
                                            u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_move___any)) return kfunc_true(scx_bpf_dsq_move___any(it, p, dsq_id, enq_flags));
  if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq___any))
    return kfunc_true(scx_bpf_dispatch_from_dsq___any(it, p, dsq_id, enq_flags));
  return false;
}

static __always_inline bool scx_compat_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
                                                  u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___any))
    return kfunc_true(scx_bpf_dsq_move_vtime___any(it, p, dsq_id, enq_flags));
  if (bpf_ksym_exists(scx_bpf_dispatch_vtime_from_dsq___any))
    return kfunc_true(scx_bpf_dispatch_vtime_from_dsq___any(it, p, dsq_id, enq_flags));
  return false;
}

static __always_inline void scx_compat_move_set_slice(struct bpf_iter_scx_dsq *it, u64 slice) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_set_slice___any))
    scx_bpf_dsq_move_set_slice___any(it, slice);
  else if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq_set_slice___any))
    scx_bpf_dispatch_from_dsq_set_slice___any(it, slice);
}

static __always_inline void scx_compat_move_set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_set_vtime___any))
    scx_bpf_dsq_move_set_vtime___any(it, vtime);
  else if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq_set_vtime___any))
    scx_bpf_dispatch_from_dsq_set_vtime___any(it, vtime);
}

#define scx_bpf_dsq_move(it, p, dsq_id, enq_flags) scx_compat_move((it), (p), (dsq_id), (enq_flags))
#define scx_bpf_dsq_move_vtime(it, p, dsq_id, enq_flags) scx_compat_move_vtime((it), (p), (dsq_id), (enq_flags))
#define scx_bpf_dsq_move_set_slice(it, slice) scx_compat_move_set_slice((it), (slice))
#define scx_bpf_dsq_move_set_vtime(it, vtime) scx_compat_move_set_vtime((it), (vtime))
#define scx_bpf_dispatch_from_dsq scx_bpf_dsq_move
#define scx_bpf_dispatch_vtime_from_dsq scx_bpf_dsq_move_vtime
#define scx_bpf_dispatch_from_dsq_set_slice scx_bpf_dsq_move_set_slice
#define scx_bpf_dispatch_from_dsq_set_vtime scx_bpf_dsq_move_set_vtime
#define __COMPAT_scx_bpf_dispatch_from_dsq scx_bpf_dsq_move
#define __COMPAT_scx_bpf_dispatch_vtime_from_dsq scx_bpf_dsq_move_vtime
#define __COMPAT_scx_bpf_dispatch_from_dsq_set_slice scx_bpf_dsq_move_set_slice
#define __COMPAT_scx_bpf_dispatch_from_dsq_set_vtime scx_bpf_dsq_move_set_vtime
#define __COMPAT_scx_bpf_dsq_move scx_bpf_dsq_move
#define __COMPAT_scx_bpf_dsq_move_vtime scx_bpf_dsq_move_vtime
#define __COMPAT_scx_bpf_dsq_move_set_slice scx_bpf_dsq_move_set_slice
#define __COMPAT_scx_bpf_dsq_move_set_vtime scx_bpf_dsq_move_set_vtime

/* The first task of a queue, which stays there. */
static __always_inline struct task_struct *__COMPAT_scx_bpf_dsq_peek(u64 dsq_id) {
  struct bpf_iter_scx_dsq it;
  struct task_struct *first;

  if (bpf_ksym_exists(scx_bpf_dsq_peek)) return scx_bpf_dsq_peek(dsq_id);
  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  first = bpf_iter_scx_dsq_next(&it);
  bpf_iter_scx_dsq_destroy(&it);
  return first;
}

static __always_inline void scx_compat_refuse(void) {
  static char text[] = "this kernel cannot reenqueue from a queue of this kind";
  unsigned long long none[1] = {};
  scx_bpf_error_bstr(text, none, sizeof(none));
}

static __always_inline void scx_compat_reenq(u64 dsq_id, u64 reenq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_reenq___any))
    scx_bpf_dsq_reenq___any(dsq_id, reenq_flags);
  else if (dsq_id == SCX_DSQ_LOCAL && bpf_ksym_exists(scx_bpf_reenqueue_local___v2___any))
    scx_bpf_reenqueue_local___v2___any();
  else
    scx_compat_refuse();
}

#define scx_bpf_dsq_reenq(dsq_id, reenq_flags) scx_compat_reenq((dsq_id), (reenq_flags))
#define __COMPAT_has_generic_reenq() bpf_ksym_exists(scx_bpf_dsq_reenq___any)
#define __COMPAT_scx_bpf_reenqueue_local_from_anywhere() bpf_ksym_exists(scx_bpf_reenqueue_local___v2___any)
/* From ops.cpu_release() on any kernel, from anywhere since 6.19. How many tasks, where the kernel tells. */
static __always_inline u32 scx_compat_reenqueue_local(void) {
  if (!bpf_ksym_exists(scx_bpf_reenqueue_local___v2___any)) return scx_bpf_reenqueue_local___any();
  scx_bpf_reenqueue_local___v2___any();
  return 0;
}
#define scx_bpf_reenqueue_local() scx_compat_reenqueue_local()

static __always_inline bool scx_compat_sub_dispatch(u64 cgroup_id) {
  return bpf_ksym_exists(scx_bpf_sub_dispatch___any) && kfunc_true(scx_bpf_sub_dispatch___any(cgroup_id));
}
#define scx_bpf_sub_dispatch(cgroup_id) scx_compat_sub_dispatch(cgroup_id)

/* ---- CPUs, time, tasks ---- */

/* An idle CPU of those in cpus_allowed that p may use, taken; negative: none. */
static __always_inline s32 scx_compat_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
                                                     const struct cpumask *cpus_allowed, u64 flags) {
  if (bpf_ksym_exists(__scx_bpf_select_cpu_and___any)) {
    struct scx_select_cpu_and_args args = {.prev_cpu = prev_cpu, .wake_flags = wake_flags, .flags = flags};
    return __scx_bpf_select_cpu_and___any(p, cpus_allowed, &args);
  }
  if (bpf_ksym_exists(scx_bpf_select_cpu_and___any))
    return scx_bpf_select_cpu_and___any(p, prev_cpu, wake_flags, cpus_allowed, flags);
  if (!bpf_cpumask_subset(cpus_allowed, p->cpus_ptr)) return -16; /* EBUSY */
  if (!(flags & SCX_PICK_IDLE_CORE) && bpf_cpumask_test_cpu(prev_cpu, cpus_allowed) &&
      scx_bpf_test_and_clear_cpu_idle(prev_cpu))
    return prev_cpu;
  return scx_bpf_pick_idle_cpu(cpus_allowed, flags);
}

#define scx_bpf_select_cpu_and(p, prev_cpu, wake_flags, cpus_allowed, flags) \
  scx_compat_select_cpu_and((p), (prev_cpu), (wake_flags), (cpus_allowed), (flags))
#define __COMPAT_HAS_scx_bpf_select_cpu_and \
  (bpf_ksym_exists(__scx_bpf_select_cpu_and___any) || bpf_ksym_exists(scx_bpf_select_cpu_and___any))

/* Whether select_cpu() was called for the enqueue with these flags; kernels that cannot tell: yes. */
static __always_inline bool __COMPAT_is_enq_cpu_selected(u64 enq_flags) {
  if (bpf_core_enum_value_exists(enum scx_enq_flags, SCX_ENQ_CPU_SELECTED))
    return enq_flags & bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_CPU_SELECTED);
  return true;
}

static __always_inline u64 scx_compat_now(void) {
  return bpf_ksym_exists(scx_bpf_now___any) ? scx_bpf_now___any() : bpf_ktime_get_ns();
}
#define scx_bpf_now() scx_compat_now()

/* What a CPU runs. Needs bpf_rcu_read_lock() where the callback does not hold it. */
static __always_inline struct task_struct *__COMPAT_scx_bpf_cpu_curr(s32 cpu) {
  struct rq *rq;

  if (bpf_ksym_exists(scx_bpf_cpu_curr)) return scx_bpf_cpu_curr(cpu);
  rq = scx_bpf_cpu_rq(cpu);
  return rq ? rq->curr : NULL;
}

static __always_inline struct cgroup *scx_compat_task_cgroup(struct task_struct *p) {
  return bpf_ksym_exists(scx_bpf_task_cgroup___any) ? scx_bpf_task_cgroup___any(p) : NULL;
}
#define scx_bpf_task_cgroup(p) scx_compat_task_cgroup(p)
#define __COMPAT_scx_bpf_task_cgroup(p) scx_compat_task_cgroup(p)

#define __COMPAT_bpf_cpumask_populate(mask, src, size) \
  (bpf_ksym_exists(bpf_cpumask_populate) ? bpf_cpumask_populate((mask), (src), (size)) : -95 /* EOPNOTSUPP */)
#define __COMPAT_scx_bpf_events(events, size) \
  ({ if (bpf_ksym_exists(scx_bpf_events)) scx_bpf_events((events), (size)); })
#define __COMPAT_scx_bpf_nr_node_ids() (bpf_ksym_exists(scx_bpf_nr_node_ids) ? scx_bpf_nr_node_ids() : 1U)
#define __COMPAT_scx_bpf_cpu_node(cpu) (bpf_ksym_exists(scx_bpf_cpu_node) ? scx_bpf_cpu_node(cpu) : 0)
#define __COMPAT_scx_bpf_get_idle_cpumask_node(node) \
  (bpf_ksym_exists(scx_bpf_get_idle_cpumask_node) ? scx_bpf_get_idle_cpumask_node(node) : scx_bpf_get_idle_cpumask())
#define __COMPAT_scx_bpf_get_idle_smtmask_node(node) \
  (bpf_ksym_exists(scx_bpf_get_idle_smtmask_node) ? scx_bpf_get_idle_smtmask_node(node) : scx_bpf_get_idle_smtmask())
#define __COMPAT_scx_bpf_pick_idle_cpu_node(allowed, node, flags)                                                   \
  (bpf_ksym_exists(scx_bpf_pick_idle_cpu_node) ? scx_bpf_pick_idle_cpu_node((allowed), (node), (flags))             \
                                               : scx_bpf_pick_idle_cpu((allowed), (flags)))
#define __COMPAT_scx_bpf_pick_any_cpu_node(allowed, node, flags)                                                    \
  (bpf_ksym_exists(scx_bpf_pick_any_cpu_node) ? scx_bpf_pick_any_cpu_node((allowed), (node), (flags))               \
                                              : scx_bpf_pick_any_cpu((allowed), (flags)))

/* ---- the scheduler itself ---- */

#define SCX_OPS_DEFINE(variable, ...) SEC(".struct_ops.link") struct sched_ext_ops variable = {__VA_ARGS__};
#define SCX_OPS_CID_DEFINE(variable, ...) \
  SEC(".struct_ops.link") struct sched_ext_ops_cid variable = {__VA_ARGS__};

#endif
