/* SPDX-License-Identifier: GPL-2.0-only
 * The kernel functions of sched_ext, by their own names and of all versions from 6.12 to 7.3. Strong: in every one of
 * them; __weak: not in all. Call those that compat.bpf.h wraps through it. libbpf ignores a name's last ___suffix.
 */
#ifndef SIMSCHED_SCX_KFUNCS_BPF_H
#define SIMSCHED_SCX_KFUNCS_BPF_H

#include "macros.bpf.h"

/* Dispatch queues. */
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
void scx_bpf_destroy_dsq(u64 dsq_id) __ksym;
s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
u32 scx_bpf_dispatch_nr_slots(void) __ksym;
void scx_bpf_dispatch_cancel(void) __ksym;
struct task_struct *scx_bpf_dsq_peek(u64 dsq_id) __ksym __weak; /* 6.19 */
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym __weak;
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym __weak;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym __weak;

/* CPUs. */
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;
void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
u32 scx_bpf_nr_cpu_ids(void) __ksym __weak;
u32 scx_bpf_nr_node_ids(void) __ksym __weak; /* 6.15 */
int scx_bpf_cpu_node(s32 cpu) __ksym __weak; /* 6.15 */
u32 scx_bpf_cpuperf_cap(s32 cpu) __ksym __weak;
u32 scx_bpf_cpuperf_cur(s32 cpu) __ksym __weak;
void scx_bpf_cpuperf_set(s32 cpu, u32 perf) __ksym __weak;
const struct cpumask *scx_bpf_get_possible_cpumask(void) __ksym __weak;
const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym __weak;
void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym __weak;
const struct cpumask *scx_bpf_get_idle_cpumask(void) __ksym;
const struct cpumask *scx_bpf_get_idle_smtmask(void) __ksym;
const struct cpumask *scx_bpf_get_idle_cpumask_node(int node) __ksym __weak; /* 6.15 */
const struct cpumask *scx_bpf_get_idle_smtmask_node(int node) __ksym __weak; /* 6.15 */
void scx_bpf_put_idle_cpumask(const struct cpumask *cpumask) __ksym;
kfunc_bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) __ksym;
s32 scx_bpf_pick_idle_cpu(const cpumask_t *cpus_allowed, u64 flags) __ksym;
s32 scx_bpf_pick_any_cpu(const cpumask_t *cpus_allowed, u64 flags) __ksym;
s32 scx_bpf_pick_idle_cpu_node(const cpumask_t *cpus_allowed, int node, u64 flags) __ksym __weak; /* 6.15 */
s32 scx_bpf_pick_any_cpu_node(const cpumask_t *cpus_allowed, int node, u64 flags) __ksym __weak;  /* 6.15 */
struct rq *scx_bpf_cpu_rq(s32 cpu) __ksym __weak;             /* gone in 7.3 */
struct rq *scx_bpf_locked_rq(void) __ksym __weak;             /* 6.18 */
struct task_struct *scx_bpf_cpu_curr(s32 cpu) __ksym __weak;  /* 6.18 */

/* CPUs by their topological ids: 7.2. */
s32 scx_bpf_cid_to_cpu(s32 cid) __ksym __weak;
s32 scx_bpf_cpu_to_cid(s32 cpu) __ksym __weak;
void scx_bpf_cid_topo(s32 cid, struct scx_cid_topo *out) __ksym __weak;
void scx_bpf_kick_cid(s32 cid, u64 flags) __ksym __weak;
s32 scx_bpf_task_cid(const struct task_struct *p) __ksym __weak;
s32 scx_bpf_this_cid(void) __ksym __weak;
struct task_struct *scx_bpf_cid_curr(s32 cid) __ksym __weak;
u32 scx_bpf_nr_cids(void) __ksym __weak;
u32 scx_bpf_nr_online_cids(void) __ksym __weak;
u32 scx_bpf_cidperf_cap(s32 cid) __ksym __weak;
u32 scx_bpf_cidperf_cur(s32 cid) __ksym __weak;
s32 scx_bpf_cidperf_set(s32 cid, u32 perf) __ksym __weak;

/* Tasks. */
kfunc_bool scx_bpf_task_running(const struct task_struct *p) __ksym;
s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
struct task_struct *scx_bpf_tid_to_task(u64 tid) __ksym __weak; /* 7.3 */

/* Ending and telling; through the macros of common.bpf.h. */
void scx_bpf_exit_bstr(s64 exit_code, char *fmt, unsigned long long *data, u32 data__sz) __ksym __weak;
void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym;
void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym __weak;
void scx_bpf_events(struct scx_event_stats *events, size_t events__sz) __ksym __weak; /* 6.15 */

/* Arguments of two functions that would have too many. Not by the kernel's names: a full vmlinux.h may have these. */
struct scx_insert_vtime_args {
  u64 dsq_id, slice, vtime, enq_flags;
};
struct scx_select_cpu_and_args {
  s32 prev_cpu;
  u64 wake_flags, flags;
};

/* One thing under the names and shapes it had; compat.bpf.h chooses. */
/* 6.19 */
kfunc_bool scx_bpf_dsq_insert___v2___any(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert___any(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak; /* 6.13 */
void scx_bpf_dispatch___any(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak; /* to 6.16 */
/* 6.19 */
kfunc_bool __scx_bpf_dsq_insert_vtime___any(struct task_struct *p, struct scx_insert_vtime_args *args) __ksym __weak;
void scx_bpf_dsq_insert_vtime___any(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
    __ksym __weak;
void scx_bpf_dispatch_vtime___any(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
kfunc_bool scx_bpf_dsq_move_to_local___v2___any(u64 dsq_id, u64 enq_flags) __ksym __weak; /* 7.1 */
kfunc_bool scx_bpf_dsq_move_to_local___any(u64 dsq_id) __ksym __weak; /* 6.13 */
kfunc_bool scx_bpf_consume___any(u64 dsq_id) __ksym __weak; /* to 6.16 */
kfunc_bool scx_bpf_dsq_move___any(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id, u64 enq_flags)
    __ksym __weak;
kfunc_bool scx_bpf_dsq_move_vtime___any(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id,
                                        u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_move_set_slice___any(struct bpf_iter_scx_dsq *it__iter, u64 slice) __ksym __weak;
void scx_bpf_dsq_move_set_vtime___any(struct bpf_iter_scx_dsq *it__iter, u64 vtime) __ksym __weak;
kfunc_bool scx_bpf_dispatch_from_dsq___any(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id,
                                           u64 enq_flags) __ksym __weak;
kfunc_bool scx_bpf_dispatch_vtime_from_dsq___any(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id,
                                                 u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_from_dsq_set_slice___any(struct bpf_iter_scx_dsq *it__iter, u64 slice) __ksym __weak;
void scx_bpf_dispatch_from_dsq_set_vtime___any(struct bpf_iter_scx_dsq *it__iter, u64 vtime) __ksym __weak;
s32 __scx_bpf_select_cpu_and___any(struct task_struct *p, const struct cpumask *cpus_allowed,
                                   struct scx_select_cpu_and_args *args) __ksym __weak; /* 6.19 */
s32 scx_bpf_select_cpu_and___any(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
                                 const struct cpumask *cpus_allowed, u64 flags) __ksym __weak; /* 6.16 */
kfunc_bool scx_bpf_task_set_slice___any(struct task_struct *p, u64 slice) __ksym __weak; /* 6.19 */
kfunc_bool scx_bpf_task_set_dsq_vtime___any(struct task_struct *p, u64 vtime) __ksym __weak; /* 6.19 */
u32 scx_bpf_reenqueue_local___any(void) __ksym __weak;
void scx_bpf_reenqueue_local___v2___any(void) __ksym __weak;                  /* 6.19: from any callback */
void scx_bpf_dsq_reenq___any(u64 dsq_id, u64 reenq_flags) __ksym __weak; /* 7.1 */
struct cgroup *scx_bpf_task_cgroup___any(struct task_struct *p) __ksym __weak;
u64 scx_bpf_now___any(void) __ksym __weak; /* 6.14 */
kfunc_bool scx_bpf_sub_dispatch___any(u64 cgroup_id) __ksym __weak; /* 7.1 */

/* By their plain names, to ask bpf_ksym_exists() about. A full vmlinux.h may declare them itself. */
#ifdef SIMSCHED_VMLINUX
void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
kfunc_bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym __weak;
kfunc_bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id, u64 enq_flags)
    __ksym __weak;
s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags, const struct cpumask *cpus_allowed,
                           u64 flags) __ksym __weak;
kfunc_bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice) __ksym __weak;
kfunc_bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime) __ksym __weak;
u32 scx_bpf_reenqueue_local(void) __ksym __weak;
void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags) __ksym __weak;
struct cgroup *scx_bpf_task_cgroup(struct task_struct *p) __ksym __weak;
u64 scx_bpf_now(void) __ksym __weak;
#endif

/* See kfunc_bool. */
#define scx_bpf_test_and_clear_cpu_idle(args...) kfunc_true(scx_bpf_test_and_clear_cpu_idle(args))
#define scx_bpf_task_running(args...) kfunc_true(scx_bpf_task_running(args))

#endif
