/* SPDX-License-Identifier: GPL-2.0-only
 * Writes down each callback with its arguments, as far as they can be seen through the kernel's structures.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";
UEI_DEFINE(uei);

struct record {
  char op[16];
  s64 a, b, c;
};
struct record records[64];
u32 nr_records;
s32 answer; /* of callbacks that answer */

/* ---- the latest task, as its task_struct has it ---- */
char comm[16];
s32 pid, parent_pid, cpu, on_cpu, static_prio, nr_cpus_allowed, leader_pid;
u32 flags, weight, state;
u64 mask, cgroup_id, group_id, has_mm, nvcsw, nivcsw;
char reason[64], message[64];

static __always_inline void look(struct task_struct *p) {
  struct task_struct *parent = p->real_parent;

  __builtin_memcpy(comm, p->comm, sizeof(comm));
  pid = p->pid;
  parent_pid = parent->pid;
  leader_pid = p->group_leader->tgid;
  cpu = p->thread_info.cpu;
  on_cpu = p->on_cpu;
  state = p->__state;
  static_prio = p->static_prio;
  nr_cpus_allowed = p->nr_cpus_allowed;
  flags = p->flags;
  weight = p->scx.weight;
  mask = p->cpus_ptr->bits[0];
  cgroup_id = p->cgroups->dfl_cgrp->kn->id;
  group_id = p->sched_task_group->css.cgroup->kn->id;
  has_mm = p->mm != NULL;
  nvcsw = p->nvcsw;
  nivcsw = p->nivcsw;
}

static __always_inline void note(const char *op, u32 length, s64 a, s64 b, s64 c) {
  u32 at = nr_records++ & 63;

  __builtin_memset(records[at].op, 0, sizeof(records[at].op));
  for (u32 i = 0; i < length && i < 15; i++) records[at].op[i] = op[i];
  records[at].a = a;
  records[at].b = b;
  records[at].c = c;
}
#define NOTE(op, a, b, c) note(op, sizeof(op), (s64)(a), (s64)(b), (s64)(c))

s32 BPF_STRUCT_OPS(rec_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  look(p);
  NOTE("select_cpu", p->pid, prev_cpu, wake_flags);
  return answer;
}
void BPF_STRUCT_OPS(rec_enqueue, struct task_struct *p, u64 enq_flags) {
  look(p);
  NOTE("enqueue", p->pid, enq_flags, 0);
}
void BPF_STRUCT_OPS(rec_dequeue, struct task_struct *p, u64 deq_flags) { NOTE("dequeue", p->pid, deq_flags, 0); }
void BPF_STRUCT_OPS(rec_dispatch, s32 on, struct task_struct *prev) { NOTE("dispatch", on, prev ? prev->pid : -1, 0); }
void BPF_STRUCT_OPS(rec_tick, struct task_struct *p) { NOTE("tick", p->pid, 0, 0); }
void BPF_STRUCT_OPS(rec_runnable, struct task_struct *p, u64 enq_flags) { NOTE("runnable", p->pid, enq_flags, 0); }
void BPF_STRUCT_OPS(rec_running, struct task_struct *p) {
  NOTE("running", p->pid, 0, 0);
  p->scx.slice = 1234;
  p->scx.dsq_vtime = 5678;
}
void BPF_STRUCT_OPS(rec_stopping, struct task_struct *p, bool runnable) { NOTE("stopping", p->pid, runnable, 0); }
void BPF_STRUCT_OPS(rec_quiescent, struct task_struct *p, u64 deq_flags) { NOTE("quiescent", p->pid, deq_flags, 0); }
bool BPF_STRUCT_OPS(rec_yield, struct task_struct *from, struct task_struct *to) {
  NOTE("yield", from->pid, to ? to->pid : -1, 0);
  return answer;
}
bool BPF_STRUCT_OPS(rec_core_sched_before, struct task_struct *a, struct task_struct *b) { return a < b; }
void BPF_STRUCT_OPS(rec_set_weight, struct task_struct *p, u32 to) { NOTE("set_weight", p->pid, to, 0); }
void BPF_STRUCT_OPS(rec_set_cpumask, struct task_struct *p, const struct cpumask *cpumask) {
  NOTE("set_cpumask", p->pid, cpumask->bits[0], cpumask == p->cpus_ptr);
}
void BPF_STRUCT_OPS(rec_update_idle, s32 on, bool idle) { NOTE("update_idle", on, idle, 0); }
void BPF_STRUCT_OPS(rec_cpu_acquire, s32 on, struct scx_cpu_acquire_args *args) { NOTE("cpu_acquire", on, args != NULL, 0); }
void BPF_STRUCT_OPS(rec_cpu_release, s32 on, struct scx_cpu_release_args *args) {
  NOTE("cpu_release", on, args->reason, args->task->pid);
}
s32 BPF_STRUCT_OPS(rec_init_task, struct task_struct *p, struct scx_init_task_args *args) {
  look(p);
  NOTE("init_task", p->pid, args->fork, args->cgroup->kn->id);
  return answer;
}
void BPF_STRUCT_OPS(rec_exit_task, struct task_struct *p, struct scx_exit_task_args *args) {
  NOTE("exit_task", p->pid, args->cancelled, 0);
}
void BPF_STRUCT_OPS(rec_enable, struct task_struct *p) { NOTE("enable", p->pid, 0, 0); }
void BPF_STRUCT_OPS(rec_disable, struct task_struct *p) { NOTE("disable", p->pid, 0, 0); }
void BPF_STRUCT_OPS(rec_dump, struct scx_dump_ctx *dctx) { scx_bpf_dump("at %llu\n", dctx->at_ns); }
void BPF_STRUCT_OPS(rec_dump_cpu, struct scx_dump_ctx *dctx, s32 on, bool idle) { scx_bpf_dump("cpu %d %d\n", on, idle); }
void BPF_STRUCT_OPS(rec_dump_task, struct scx_dump_ctx *dctx, struct task_struct *p) { scx_bpf_dump("task %s\n", p->comm); }
s32 BPF_STRUCT_OPS(rec_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args) {
  NOTE("cgroup_init", cgrp->kn->id, args->weight, cgrp->level);
  return answer;
}
void BPF_STRUCT_OPS(rec_cgroup_exit, struct cgroup *cgrp) { NOTE("cgroup_exit", cgrp->kn->id, 0, 0); }
void BPF_STRUCT_OPS(rec_cgroup_set_weight, struct cgroup *cgrp, u32 to) { NOTE("cgroup_weight", cgrp->kn->id, to, 0); }
void BPF_STRUCT_OPS(rec_cpu_online, s32 on) { NOTE("cpu_online", on, 0, 0); }
void BPF_STRUCT_OPS(rec_cpu_offline, s32 on) { NOTE("cpu_offline", on, 0, 0); }
s32 BPF_STRUCT_OPS_SLEEPABLE(rec_init) {
  NOTE("init", 0, 0, 0);
  return answer;
}
void BPF_STRUCT_OPS(rec_exit, struct scx_exit_info *ei) {
  NOTE("exit", ei->kind, ei->exit_code, 0);
  bpf_probe_read_kernel_str(reason, sizeof(reason), ei->reason);
  bpf_probe_read_kernel_str(message, sizeof(message), ei->msg);
  UEI_RECORD(uei, ei);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(rec_switch, bool preempt, struct task_struct *prev, struct task_struct *next, u32 prev_state) {
  NOTE("switch", prev->pid, next->pid, preempt);
  return 0;
}

SCX_OPS_DEFINE(rec_ops, .select_cpu = (void *)rec_select_cpu, .enqueue = (void *)rec_enqueue,
               .dequeue = (void *)rec_dequeue, .dispatch = (void *)rec_dispatch, .tick = (void *)rec_tick,
               .runnable = (void *)rec_runnable, .running = (void *)rec_running, .stopping = (void *)rec_stopping,
               .quiescent = (void *)rec_quiescent, .yield = (void *)rec_yield,
               .core_sched_before = (void *)rec_core_sched_before, .set_weight = (void *)rec_set_weight,
               .set_cpumask = (void *)rec_set_cpumask, .update_idle = (void *)rec_update_idle,
               .cpu_acquire = (void *)rec_cpu_acquire, .cpu_release = (void *)rec_cpu_release,
               .init_task = (void *)rec_init_task, .exit_task = (void *)rec_exit_task, .enable = (void *)rec_enable,
               .disable = (void *)rec_disable, .dump = (void *)rec_dump, .dump_cpu = (void *)rec_dump_cpu,
               .dump_task = (void *)rec_dump_task, .cgroup_init = (void *)rec_cgroup_init,
               .cgroup_exit = (void *)rec_cgroup_exit, .cgroup_set_weight = (void *)rec_cgroup_set_weight,
               .cpu_online = (void *)rec_cpu_online, .cpu_offline = (void *)rec_cpu_offline, .init = (void *)rec_init,
               .exit = (void *)rec_exit, .flags = SCX_OPS_ENQ_LAST | SCX_OPS_KEEP_BUILTIN_IDLE,
               .dispatch_max_batch = 8, .timeout_ms = 5000, .name = "recorder");
