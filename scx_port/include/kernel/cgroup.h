/* SPDX-License-Identifier: GPL-2.0-only
 * include/linux/cgroup-defs.h and kernfs.h. Included by vmlinux.h only.
 */
enum { /* css->flags */
  CSS_NO_REF = 1 << 0, CSS_ONLINE = 1 << 1, CSS_RELEASED = 1 << 2, CSS_VISIBLE = 1 << 3, CSS_DYING = 1 << 4,
};
enum cgroup_subsys_id {
  cpuset_cgrp_id, cpu_cgrp_id, cpuacct_cgrp_id, io_cgrp_id, memory_cgrp_id, CGROUP_SUBSYS_COUNT = 16,
};
enum bpf_cgroup_iter_order {
  BPF_CGROUP_ITER_ORDER_UNSPEC, BPF_CGROUP_ITER_SELF_ONLY, BPF_CGROUP_ITER_DESCENDANTS_PRE,
  BPF_CGROUP_ITER_DESCENDANTS_POST, BPF_CGROUP_ITER_ANCESTORS_UP,
};

struct kernfs_node {
  const char *name;
  u64 id;
  struct kernfs_node *__parent; /* `parent` before 6.15 */
};
struct cgroup_subsys_state {
  struct cgroup *cgroup;
  struct list_head sibling, children;
  int id;
  unsigned int flags;
  u64 serial_nr;
  atomic_t online_cnt;
  struct cgroup_subsys_state *parent;
};
struct cgroup {
  struct cgroup_subsys_state self;
  unsigned long flags;
  int level;
  int max_depth;
  int nr_descendants;
  int nr_dying_descendants;
  struct kernfs_node *kn;
  struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
  struct cgroup_root *root;
  struct cgroup *dom_cgrp;
  struct cgroup *ancestors[8]; /* by level; the kernel's array has as many as the group is deep */
};
struct css_set {
  struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
  struct cgroup *dfl_cgrp;
  int nr_tasks;
};
struct scx_task_group { /* 6.18 */
  u32 flags;             /* scx_tg_flags */
  u32 weight;
};
struct task_group {
  struct cgroup_subsys_state css;
  int idle;
  unsigned long shares;
  struct task_group *parent;
  u32 scx_flags, scx_weight; /* up to 6.17 */
  struct scx_task_group scx; /* 6.18 */
};
