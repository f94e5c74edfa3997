/* SPDX-License-Identifier: GPL-2.0-only
 * include/linux/sched.h and kernel/sched/sched.h. Included by vmlinux.h only.
 */
struct thread_info {
  unsigned long flags;
  unsigned long syscall_work;
  u32 status;
  u32 cpu;
};
struct load_weight {
  unsigned long weight;
  u32 inv_weight;
};
struct sched_avg {
  u64 last_update_time, load_sum, runnable_sum;
  u32 util_sum, period_contrib;
  unsigned long load_avg, runnable_avg, util_avg;
  unsigned int util_est;
};
struct sched_entity {
  struct load_weight load;
  struct rb_node run_node;
  u64 deadline, min_vruntime;
  struct list_head group_node;
  unsigned char on_rq;
  u64 exec_start, sum_exec_runtime, prev_sum_exec_runtime, vruntime;
  s64 vlag;
  u64 slice;
  u64 nr_migrations;
  int depth;
  struct sched_entity *parent;
  struct sched_avg avg;
};
struct sched_rt_entity {
  unsigned long timeout;
  unsigned int time_slice;
  unsigned short on_rq, on_list;
};
struct sched_dl_entity {
  u64 dl_runtime, dl_deadline, dl_period;
  s64 runtime;
  u64 deadline;
};
struct sched_info {
  unsigned long pcount;
  unsigned long long run_delay, last_arrival, last_queued;
};
struct sched_statistics {
  u64 wait_start, wait_max, wait_count, wait_sum;
  u64 nr_wakeups, nr_wakeups_sync, nr_wakeups_migrate, nr_wakeups_local, nr_wakeups_remote;
};
struct signal_struct {
  refcount_t sigcnt;
  atomic_t live;
  int nr_threads;
  int group_exit_code;
  unsigned int flags;
  u64 utime, stime;
  unsigned long nvcsw, nivcsw;
  short oom_score_adj;
};
struct mm_struct {
  atomic_t mm_users, mm_count;
  unsigned long total_vm;
  struct task_struct *owner;
};
struct mempolicy {
  atomic_t refcnt;
  unsigned short mode;
  unsigned short flags;
  nodemask_t nodes;
  int home_node;
};
struct cred {
  kuid_t uid;
  kgid_t gid;
  kuid_t euid;
  kgid_t egid;
};
struct ns_common {
  unsigned int inum;
};
struct pid_namespace {
  unsigned int level;
  struct pid_namespace *parent;
  struct ns_common ns;
};
struct upid {
  int nr;
  struct pid_namespace *ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[1];
};
struct nsproxy {
  struct pid_namespace *pid_ns_for_children;
};
struct sched_class;

struct task_struct {
  struct thread_info thread_info;
  unsigned int __state; /* TASK_* */
  unsigned int flags;   /* PF_* */
  unsigned int on_cpu, on_rq; /* int up to 6.18, u8 in 7.3: libbpf resizes unsigned numbers only */
  int wake_cpu, recent_used_cpu;
  int prio, static_prio, normal_prio;
  unsigned int rt_priority;
  unsigned int policy;
  pid_t pid, tgid;
  char comm[16];
  int nr_cpus_allowed;
  const cpumask_t *cpus_ptr;
  cpumask_t *user_cpus_ptr;
  unsigned short migration_disabled;
  unsigned short migration_flags;
  unsigned in_execve : 1;
  unsigned in_iowait : 1;
  unsigned no_cgroup_migration : 1;
  unsigned frozen : 1;
  int exit_state, exit_code, exit_signal;
  unsigned int personality;
  struct sched_ext_entity scx;
  const struct sched_class *sched_class;
  struct sched_entity se;
  struct sched_rt_entity rt;
  struct sched_dl_entity dl;
  struct task_group *sched_task_group;
  struct sched_statistics stats;
  struct sched_info sched_info;
  struct task_struct *last_wakee;
  unsigned int wakee_flips;
  struct mm_struct *mm, *active_mm;
  struct task_struct *real_parent, *parent, *group_leader;
  struct list_head children, sibling;
  struct pid *thread_pid;
  u64 utime, stime, gtime;
  unsigned long nvcsw, nivcsw;
  u64 start_time, start_boottime; /* ns */
  unsigned long min_flt, maj_flt;
  const struct cred *real_cred, *cred;
  struct nsproxy *nsproxy;
  struct signal_struct *signal;
  struct css_set *cgroups;
  struct mempolicy *mempolicy;
  short il_prev;
  int numa_preferred_nid;
  nodemask_t mems_allowed;
  refcount_t usage, rcu_users;
  u64 timer_slack_ns;
  void *worker_private;
  cpumask_t cpus_mask; /* large: last */
};

struct cfs_rq {
  unsigned int nr_queued, h_nr_queued; /* 6.14 */
  struct sched_avg avg;
};
struct rq {
  unsigned int nr_running;
  unsigned int nr_numa_running;
  u64 nr_switches;
  int cpu;
  int online;
  struct task_struct *curr, *idle, *stop;
  u64 clock, clock_task, clock_pelt;
  unsigned long lost_idle_time;
  u64 prev_steal_time_rq;
  unsigned long cpu_capacity;
  atomic_t nr_iowait;
  struct cfs_rq cfs;
  struct scx_rq scx;
};
