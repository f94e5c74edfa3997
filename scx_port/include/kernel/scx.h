/* SPDX-License-Identifier: GPL-2.0-only
 * sched_ext: include/linux/sched/ext.h and kernel/sched/ext_internal.h. What is not in all kernels from 6.12 to 7.3, or
 * not with this value, has a version beside it: that which brought it. Included by vmlinux.h only.
 */
enum scx_public_consts {
  SCX_OPS_NAME_LEN = 128,
  SCX_SLICE_DFL = 20 * 1000000, /* ns */
  SCX_SLICE_BYPASS = 5 * 1000000, /* named in 7 */
  SCX_SLICE_INF = ~0ULL,
};
enum scx_consts {
  SCX_DSP_DFL_MAX_BATCH = 32, SCX_DSP_MAX_LOOPS = 32, SCX_EXIT_BT_LEN = 64, SCX_EXIT_MSG_LEN = 1024,
  SCX_EXIT_DUMP_DFL_LEN = 32768, SCX_CPUPERF_ONE = 1024,
};
enum scx_dsq_id_flags {
  SCX_DSQ_FLAG_BUILTIN = 1ULL << 63,
  SCX_DSQ_FLAG_LOCAL_ON = 1ULL << 62,
  SCX_DSQ_INVALID = SCX_DSQ_FLAG_BUILTIN | 0,
  SCX_DSQ_GLOBAL = SCX_DSQ_FLAG_BUILTIN | 1,
  SCX_DSQ_LOCAL = SCX_DSQ_FLAG_BUILTIN | 2,
  SCX_DSQ_BYPASS = SCX_DSQ_FLAG_BUILTIN | 3, /* named in 7 */
  SCX_DSQ_LOCAL_ON = SCX_DSQ_FLAG_BUILTIN | SCX_DSQ_FLAG_LOCAL_ON,
  SCX_DSQ_LOCAL_CPU_MASK = 0xffffffffULL,
};
enum scx_dsq_iter_flags { SCX_DSQ_ITER_REV = 1 << 16 };

enum scx_ent_flags { /* p->scx.flags */
  SCX_TASK_QUEUED = 1 << 0,
  SCX_TASK_IN_CUSTODY = 1 << 1, /* 7.1 */
  SCX_TASK_RESET_RUNNABLE_AT = 1 << 2,
  SCX_TASK_DEQD_FOR_SLEEP = 1 << 3,
  SCX_TASK_IMMED = 1 << 5, /* 7.1 */
  SCX_TASK_STATE_SHIFT = 8,
  SCX_TASK_STATE_BITS = 2, /* 3 in 7 */
  SCX_TASK_STATE_MASK = 3 << SCX_TASK_STATE_SHIFT,
  SCX_TASK_REENQ_REASON_SHIFT = 12, /* from here: 7.1 */
  SCX_TASK_REENQ_REASON_BITS = 3,
  SCX_TASK_REENQ_REASON_MASK = 7 << SCX_TASK_REENQ_REASON_SHIFT,
  SCX_TASK_REENQ_NONE = 0,
  SCX_TASK_REENQ_KFUNC = 1 << SCX_TASK_REENQ_REASON_SHIFT,
  SCX_TASK_REENQ_IMMED = 2 << SCX_TASK_REENQ_REASON_SHIFT,
  SCX_TASK_REENQ_PREEMPTED = 3 << SCX_TASK_REENQ_REASON_SHIFT,
  SCX_TASK_REENQ_CAP = 4 << SCX_TASK_REENQ_REASON_SHIFT,
  SCX_TASK_CURSOR = 1 << 31,
};
enum scx_ent_dsq_flags { SCX_TASK_DSQ_ON_PRIQ = 1 << 0 };

enum scx_ops_flags {
  SCX_OPS_KEEP_BUILTIN_IDLE = 1 << 0,
  SCX_OPS_ENQ_LAST = 1 << 1,
  SCX_OPS_ENQ_EXITING = 1 << 2,
  SCX_OPS_SWITCH_PARTIAL = 1 << 3,
  SCX_OPS_ENQ_MIGRATION_DISABLED = 1 << 4, /* 6.14 */
  SCX_OPS_ALLOW_QUEUED_WAKEUP = 1 << 5,    /* 6.15 */
  SCX_OPS_BUILTIN_IDLE_PER_NODE = 1 << 6,  /* 6.15 */
  SCX_OPS_ALWAYS_ENQ_IMMED = 1 << 7,       /* 7.1 */
  SCX_OPS_TID_TO_TASK = 1 << 8,            /* 7.3 */
  SCX_OPS_HAS_CGROUP_WEIGHT = 1 << 16,     /* 6.12; ignored later, gone in 7 */
};
enum scx_enq_flags {
  SCX_ENQ_WAKEUP = 1,
  SCX_ENQ_HEAD = 1ULL << 16,         /* 1 << 4 up to 6.18: see enums.bpf.h */
  SCX_ENQ_CPU_SELECTED = 1ULL << 20, /* 1 << 10 up to 6.18 */
  SCX_ENQ_PREEMPT = 1ULL << 32,
  SCX_ENQ_IMMED = 1ULL << 33,  /* 7.1 */
  SCX_ENQ_RESCUE = 1ULL << 34, /* 7.3 */
  SCX_ENQ_REENQ = 1ULL << 40,
  SCX_ENQ_LAST = 1ULL << 41,
  SCX_ENQ_CLEAR_OPSS = 1ULL << 56,
  SCX_ENQ_DSQ_PRIQ = 1ULL << 57,
};
enum scx_deq_flags {
  SCX_DEQ_SLEEP = 1,
  SCX_DEQ_CORE_SCHED_EXEC = 1ULL << 32,
  SCX_DEQ_SCHED_CHANGE = 1ULL << 33, /* 7.1 */
};
enum scx_wake_flags { SCX_WAKE_FORK = 4, SCX_WAKE_TTWU = 8, SCX_WAKE_SYNC = 16 };
enum scx_pick_idle_cpu_flags { SCX_PICK_IDLE_CORE = 1, SCX_PICK_IDLE_IN_NODE = 2 /* 6.15 */ };
enum scx_kick_flags { SCX_KICK_IDLE = 1, SCX_KICK_PREEMPT = 2, SCX_KICK_WAIT = 4 };
enum scx_tg_flags { SCX_TG_ONLINE = 1, SCX_TG_INITED = 2 };
enum scx_reenq_flags { SCX_REENQ_ANY = 1 }; /* 7.1 */
enum scx_cap_flags {                        /* 7.3 */
  SCX_CAP_ENQ_IMMED = 1, SCX_CAP_ENQ = 2, SCX_CAP_PREEMPT = 4, SCX_CAP_PERF = 8, SCX_CAP_BASE = SCX_CAP_ENQ_IMMED,
};
enum scx_cpu_preempt_reason { SCX_CPU_PREEMPT_RT, SCX_CPU_PREEMPT_DL, SCX_CPU_PREEMPT_STOP, SCX_CPU_PREEMPT_UNKNOWN };
enum scx_rq_flags { /* rq->scx.flags */
  SCX_RQ_ONLINE = 1 << 0, SCX_RQ_CAN_STOP_TICK = 1 << 1, SCX_RQ_BAL_PENDING = 1 << 2, SCX_RQ_BAL_KEEP = 1 << 3,
  SCX_RQ_BYPASSING = 1 << 4, SCX_RQ_CLK_VALID = 1 << 5, SCX_RQ_IN_WAKEUP = 1 << 16, SCX_RQ_IN_BALANCE = 1 << 17,
};

enum scx_exit_kind {
  SCX_EXIT_NONE, SCX_EXIT_DONE, SCX_EXIT_UNREG = 64, SCX_EXIT_UNREG_BPF, SCX_EXIT_UNREG_KERN, SCX_EXIT_SYSRQ,
  SCX_EXIT_PARENT, SCX_EXIT_PARENT_KILL, /* 7 */
  SCX_EXIT_ERROR = 1024, SCX_EXIT_ERROR_BPF, SCX_EXIT_ERROR_STALL,
};
enum scx_exit_code {
  SCX_ECODE_RSN_HOTPLUG = 1ULL << 32,
  SCX_ECODE_RSN_CGROUP_OFFLINE = 2ULL << 32, /* 7.0 */
  SCX_ECODE_ACT_RESTART = 1ULL << 48,
};
struct scx_exit_info {
  enum scx_exit_kind kind;
  s32 exit_cpu; /* 7.3 */
  s64 exit_code;
  u64 flags; /* 6.18 */
  const char *reason;
  unsigned long *bt;
  u32 bt_len;
  char *msg;
  char *dump;
};

struct scx_dispatch_q {
  raw_spinlock_t lock;
  struct task_struct *first_task; /* 6.19 */
  struct list_head list;
  struct rb_root priq;
  u32 nr;
  u32 seq;
  u64 id;
};
struct scx_dsq_list_node {
  struct list_head node;
  u32 flags;
  u32 priv;
};
struct sched_ext_entity {
  u64 slice;     /* ns left */
  u64 dsq_vtime; /* key of vtime queues */
  u32 weight;    /* 1 .. 10000; nice 0: 100 */
  u32 flags;     /* scx_ent_flags */
  bool disallow;
  s32 sticky_cpu, holding_cpu, selected_cpu;
  u32 kf_mask; /* up to 6.19 */
  struct task_struct *kf_tasks[2];
  struct scx_dispatch_q *dsq;
  struct scx_dsq_list_node dsq_list;
  struct rb_node dsq_priq;
  u32 dsq_seq;
  u32 dsq_flags;
  atomic_long_t ops_state;
  u64 ddsp_dsq_id;
  u64 ddsp_enq_flags;
  struct list_head runnable_node;
  unsigned long runnable_at;
  u64 core_sched_at;
  u64 tid; /* 7.3 */
  struct cgroup *cgrp_moving_from;
  struct list_head tasks_node;
};
struct scx_rq {
  struct scx_dispatch_q local_dsq;
  u32 nr_running;
  u32 cpuperf_target;
  bool cpu_released;
  u32 flags; /* scx_rq_flags */
  u64 clock;
};

struct scx_init_task_args {
  bool fork;
  struct cgroup *cgroup;
};
struct scx_exit_task_args {
  bool cancelled;
};
struct scx_enable_args { /* 7.3, cid form */
  u64 cmask_arena_addr;
};
struct scx_cgroup_init_args {
  u32 weight;
  u64 bw_period_us, bw_quota_us, bw_burst_us; /* 6.17 */
};
struct scx_cpu_acquire_args {};
struct scx_cpu_release_args {
  enum scx_cpu_preempt_reason reason;
  struct task_struct *task;
};
struct scx_dump_ctx {
  enum scx_exit_kind kind;
  s64 exit_code;
  const char *reason;
  u64 at_ns;
  u64 at_jiffies;
};
struct scx_sub_attach_args { /* 7.1 */
  struct sched_ext_ops *ops;
  char *cgroup_path;
};
struct scx_sub_detach_args {
  struct sched_ext_ops *ops;
  char *cgroup_path;
};
struct scx_event_stats { /* 6.15 */
  s64 SCX_EV_SELECT_CPU_FALLBACK, SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE, SCX_EV_DISPATCH_KEEP_LAST, SCX_EV_ENQ_SKIP_EXITING,
      SCX_EV_ENQ_SKIP_MIGRATION_DISABLED, SCX_EV_REFILL_SLICE_DFL, SCX_EV_BYPASS_DURATION, SCX_EV_BYPASS_DISPATCH,
      SCX_EV_BYPASS_ACTIVATE;
  s64 SCX_EV_REENQ_IMMED, SCX_EV_REENQ_REPEAT, SCX_EV_SLICE_CLAMPED, SCX_EV_SLICE_DENIED,
      SCX_EV_INSERT_NOT_OWNED; /* 7 */
};

/* Topological CPU ids. From here: 7.2 */
struct scx_cid_topo { /* first cid of each unit, and its number; -1: CPUs that were offline */
  s32 core_cid, core_idx, llc_cid, llc_idx, node_cid, node_idx;
};
struct scx_cmask { /* cids base .. base + nr_cids - 1; bits[0] begins at base rounded down to 64 */
  u32 base, nr_cids, alloc_words;
  u64 bits[];
};
struct sched_ext_ops_cid {
  s32 (*select_cid)(struct task_struct *p, s32 prev_cid, u64 wake_flags);
  void (*enqueue)(struct task_struct *p, u64 enq_flags);
  void (*dequeue)(struct task_struct *p, u64 deq_flags);
  void (*dispatch)(s32 cid, struct task_struct *prev);
  void (*tick)(struct task_struct *p);
  void (*runnable)(struct task_struct *p, u64 enq_flags);
  void (*running)(struct task_struct *p);
  void (*stopping)(struct task_struct *p, bool runnable);
  void (*quiescent)(struct task_struct *p, u64 deq_flags);
  bool (*yield)(struct task_struct *from, struct task_struct *to);
  bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);
  void (*set_weight)(struct task_struct *p, u32 weight);
  void (*set_cmask)(struct task_struct *p, const struct scx_cmask *cmask); /* in the scheduler's arena */
  void (*update_idle)(s32 cid, bool idle);
  s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
  void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
  void (*enable)(struct task_struct *p);
  void (*disable)(struct task_struct *p);
  void (*dump)(struct scx_dump_ctx *ctx);
  void (*dump_cid)(struct scx_dump_ctx *ctx, s32 cid, bool idle);
  void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
  s32 (*cpuctl_init)(struct cgroup *cgrp, struct scx_cgroup_init_args *args); /* cgroup_* in 7.2 */
  void (*cpuctl_exit)(struct cgroup *cgrp);
  s32 (*cpuctl_prep_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cpuctl_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cpuctl_cancel_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cpuctl_set_weight)(struct cgroup *cgrp, u32 weight);
  void (*cpuctl_set_bandwidth)(struct cgroup *cgrp, u64 period_us, u64 quota_us, u64 burst_us);
  void (*cpuctl_set_idle)(struct cgroup *cgrp, bool idle);
  void (*cid_online)(s32 cid);
  void (*cid_offline)(s32 cid);
  s32 (*init)(void);
  void (*exit)(struct scx_exit_info *info);
  u32 dispatch_max_batch;
  u64 flags;
  u32 timeout_ms;
  u32 exit_dump_len;
  u64 hotplug_seq;
  u64 sub_cgroup_id;
  char name[SCX_OPS_NAME_LEN];
  void *priv;
};

struct sched_ext_ops {
  s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
  void (*enqueue)(struct task_struct *p, u64 enq_flags);
  void (*dequeue)(struct task_struct *p, u64 deq_flags);
  void (*dispatch)(s32 cpu, struct task_struct *prev);
  void (*tick)(struct task_struct *p);
  void (*runnable)(struct task_struct *p, u64 enq_flags);
  void (*running)(struct task_struct *p);
  void (*stopping)(struct task_struct *p, bool runnable);
  void (*quiescent)(struct task_struct *p, u64 deq_flags);
  bool (*yield)(struct task_struct *from, struct task_struct *to);
  bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);
  void (*set_weight)(struct task_struct *p, u32 weight);
  void (*set_cpumask)(struct task_struct *p, const struct cpumask *cpumask);
  void (*update_idle)(s32 cpu, bool idle);
  void (*cpu_acquire)(s32 cpu, struct scx_cpu_acquire_args *args);
  void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
  s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
  void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
  void (*enable)(struct task_struct *p);
  void (*disable)(struct task_struct *p);
  void (*dump)(struct scx_dump_ctx *ctx);
  void (*dump_cpu)(struct scx_dump_ctx *ctx, s32 cpu, bool idle);
  void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
  s32 (*cgroup_init)(struct cgroup *cgrp, struct scx_cgroup_init_args *args);
  void (*cgroup_exit)(struct cgroup *cgrp);
  s32 (*cgroup_prep_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cgroup_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cgroup_cancel_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
  void (*cgroup_set_weight)(struct cgroup *cgrp, u32 weight);
  void (*cgroup_set_bandwidth)(struct cgroup *cgrp, u64 period_us, u64 quota_us, u64 burst_us); /* 6.17 */
  void (*cgroup_set_idle)(struct cgroup *cgrp, bool idle);                                      /* 6.19 */
  s32 (*sub_attach)(struct scx_sub_attach_args *args);                                          /* 7.1 */
  void (*sub_detach)(struct scx_sub_detach_args *args);
  void (*cpu_online)(s32 cpu);
  void (*cpu_offline)(s32 cpu);
  s32 (*init)(void);
  void (*exit)(struct scx_exit_info *info);
  u32 dispatch_max_batch;
  u64 flags;
  u32 timeout_ms;
  u32 exit_dump_len;
  u64 hotplug_seq;
  u64 sub_cgroup_id; /* 7.1 */
  char name[SCX_OPS_NAME_LEN];
  void *priv; /* 6.17 */
};
