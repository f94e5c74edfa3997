/* SPDX-License-Identifier: GPL-2.0-only
 * One callback, once, does what `command` says and leaves answers in `out`: each kernel function by itself, right and
 * wrong. Else first come first served.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

enum command {
  INSERT, INSERT_VTIME, INSERT_OLD, MOVE_TO_LOCAL, SLOTS, CANCEL, CREATE, DESTROY, NR_QUEUED, PEEK, ITERATE, ITERATE_BACK, MOVE,
  MOVE_VTIME, ITERATE_FOREVER, ITERATE_FORGED, REENQ, KICK, SELECT_DFL, SELECT_AND, PICK, TEST_CLEAR, IDLE_MASK,
  CPU_MASKS, NUMBERS, CPUPERF, CPU_RQ, CPU_CURR, LOCKED_RQ, TASK, SET_SLICE, EVENTS, FROM_PID, KEEP_TASK, USE_KEPT,
  DROP_KEPT, RELEASE_TWICE, CGROUP, CGROUP_ITER, TASK_ITER, EXIT, ERROR, BAD_FORMAT, DUMP_ELSEWHERE, TIMER, CURRENT, NOW,
  WRITE_PID, WRITE_SLICE, LOOP, NULL_MASK, WILD_MASK, READ_TARGET,
};
enum where { INIT = 1, SELECT, ENQUEUE, DISPATCH, RUNNING };
enum command command;
enum where where;
s32 only_pid;     /* whose callback; 0: the first */
bool use_target;  /* works on `target` instead of the callback's task */
u64 target;       /* address of a task_struct, or of none */
s32 remember_pid; /* `target` becomes this task when it exits */
u32 done;
s64 in[6], out[16];

struct scx_event_stats events;

struct holder {
  struct task_struct __kptr *task;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct holder);
} kept SEC(".maps");

struct alarm {
  struct bpf_timer timer;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct alarm);
} alarms SEC(".maps");

static int rings(void *map, int *key, struct alarm *alarm) {
  out[0]++;
  return 0;
}

static struct holder *holder(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&kept, &zero);
}

static void iterate(u64 flags) {
  struct bpf_iter_scx_dsq it;
  struct task_struct *p;
  u32 n = 1;

  out[0] = bpf_iter_scx_dsq_new(&it, in[0], flags);
  while ((p = bpf_iter_scx_dsq_next(&it)) && n < 15) out[n++] = p->pid;
  bpf_iter_scx_dsq_destroy(&it);
}

static void move(bool vtime) {
  struct bpf_iter_scx_dsq it;
  struct task_struct *p;

  if (!bpf_iter_scx_dsq_new(&it, in[0], 0) && (p = bpf_iter_scx_dsq_next(&it))) {
    scx_bpf_dsq_move_set_slice(&it, 111);
    scx_bpf_dsq_move_set_vtime(&it, 222);
    out[0] = vtime ? scx_bpf_dsq_move_vtime(&it, p, in[1], in[2]) : scx_bpf_dsq_move(&it, p, in[1], in[2]);
  }
  bpf_iter_scx_dsq_destroy(&it);
}

static void cgroups(struct task_struct *p) {
  struct cgroup *root = bpf_cgroup_from_id(1), *group = bpf_cgroup_from_id(2), *up;

  if (!root || !group) return;
  out[0] = scx_bpf_task_cgroup(p)->kn->id;
  out[1] = group->level;
  up = bpf_cgroup_ancestor(group, 0);
  out[2] = up == root;
  out[3] = bpf_cgroup_ancestor(group, 2) != NULL;
  out[4] = group->ancestors[0] == root && group->ancestors[1] == group;
  out[5] = bpf_cgroup_from_id(77) != NULL;
  out[6] = group->self.parent == &root->self;
  bpf_cgroup_release(root);
}

static void cgroup_iter(void) {
  struct cgroup *root = bpf_cgroup_from_id(1);
  struct bpf_iter_css it;
  struct cgroup_subsys_state *css;
  u32 n = 1;

  if (!root) return;
  out[0] = bpf_iter_css_new(&it, &root->self, in[0]);
  while ((css = bpf_iter_css_next(&it)) && n < 15) out[n++] = css->cgroup->kn->id;
  bpf_iter_css_destroy(&it);
}

static void task_iter(void) {
  struct bpf_iter_task it;
  struct task_struct *p;
  u32 n = 1;

  out[0] = bpf_iter_task_new(&it, NULL, 0);
  while ((p = bpf_iter_task_next(&it)) && n < 15) out[n++] = p->pid;
  bpf_iter_task_destroy(&it);
}

static void select(bool dfl, struct task_struct *p) {
  const struct cpumask *idle = scx_bpf_get_idle_cpumask();
  bool is_idle = false;

  out[1] = idle->bits[0];
  out[0] = dfl ? scx_bpf_select_cpu_dfl(p, in[0], in[1], &is_idle) : scx_bpf_select_cpu_and(p, in[0], in[1], p->cpus_ptr, in[2]);
  out[2] = idle->bits[0]; /* what was claimed is gone */
  out[3] = is_idle;
  scx_bpf_put_idle_cpumask(idle);
}

static __noinline int run(struct task_struct *p) {
  struct holder *h = holder();
  struct task_struct *old;
  u32 zero = 0;

  switch (command) {
    case INSERT: out[0] = scx_bpf_dsq_insert(p, in[0], in[1], in[2]); break;
    case INSERT_VTIME: out[0] = scx_bpf_dsq_insert_vtime(p, in[0], in[1], in[2], in[3]); break;
    case INSERT_OLD:
      scx_bpf_dispatch___any(p, in[0], in[1], in[2]);
      scx_bpf_dispatch_vtime___any(p, in[0], in[1], in[2], in[3]);
      out[0] = scx_bpf_consume___any(in[0]);
      break;
    case MOVE_TO_LOCAL: out[0] = scx_bpf_dsq_move_to_local(in[0], in[1]); break;
    case SLOTS: out[0] = scx_bpf_dispatch_nr_slots(); break;
    case CANCEL: scx_bpf_dispatch_cancel(); break;
    case CREATE: out[0] = scx_bpf_create_dsq(in[0], in[1]); break;
    case DESTROY: scx_bpf_destroy_dsq(in[0]); break;
    case NR_QUEUED: out[0] = scx_bpf_dsq_nr_queued(in[0]); break;
    case PEEK: old = scx_bpf_dsq_peek(in[0]); out[0] = old ? old->pid : -1; break;
    case ITERATE: iterate(0); break;
    case ITERATE_BACK: iterate(SCX_DSQ_ITER_REV); break;
    case MOVE: move(false); break;
    case MOVE_VTIME: move(true); break;
    case ITERATE_FOREVER:
      for (u32 i = 0; i < 100; i++) {
        struct bpf_iter_scx_dsq it;
        bpf_iter_scx_dsq_new(&it, in[0], 0);
      }
      break;
    case ITERATE_FORGED: {
      struct bpf_iter_scx_dsq it;
      __builtin_memset(&it, 0x11, sizeof(it));
      out[0] = (s64)bpf_iter_scx_dsq_next(&it);
      break;
    }
    case REENQ: scx_bpf_dsq_reenq(in[0], in[1]); break;
    case KICK: scx_bpf_kick_cpu(in[0], in[1]); break;
    case SELECT_DFL: select(true, p); break;
    case SELECT_AND: select(false, p); break;
    case PICK:
      out[0] = scx_bpf_pick_idle_cpu(p->cpus_ptr, in[0]);
      out[1] = scx_bpf_pick_any_cpu(p->cpus_ptr, in[0]);
      out[2] = scx_bpf_pick_idle_cpu_node(p->cpus_ptr, in[1], in[0]);
      out[3] = scx_bpf_pick_any_cpu_node(p->cpus_ptr, in[1], in[0]);
      break;
    case TEST_CLEAR: out[0] = scx_bpf_test_and_clear_cpu_idle(in[0]); break;
    case IDLE_MASK: {
      const struct cpumask *idle = scx_bpf_get_idle_cpumask(), *smt = scx_bpf_get_idle_smtmask();
      out[0] = idle->bits[0];
      out[1] = smt->bits[0];
      scx_bpf_put_idle_cpumask(idle);
      scx_bpf_put_idle_cpumask(smt);
      break;
    }
    case CPU_MASKS: {
      const struct cpumask *online = scx_bpf_get_online_cpumask(), *possible = scx_bpf_get_possible_cpumask();
      out[0] = online->bits[0];
      out[1] = possible->bits[0];
      scx_bpf_put_cpumask(online);
      scx_bpf_put_cpumask(possible);
      break;
    }
    case NUMBERS:
      out[0] = scx_bpf_nr_cpu_ids();
      out[1] = scx_bpf_nr_node_ids();
      out[2] = scx_bpf_cpu_node(3);
      break;
    case CPUPERF:
      out[0] = scx_bpf_cpuperf_cap(1);
      out[1] = scx_bpf_cpuperf_cur(1);
      scx_bpf_cpuperf_set(in[0], in[1]);
      break;
    case CPU_RQ: {
      struct rq *rq = scx_bpf_cpu_rq(in[0]);
      if (!rq) break;
      out[0] = rq->cpu;
      out[1] = rq->curr->pid;
      out[2] = rq->idle == rq->curr;
      out[3] = rq->scx.local_dsq.nr;
      out[4] = rq->stop->comm[0];
      break;
    }
    case CPU_CURR: old = scx_bpf_cpu_curr(in[0]); out[0] = old ? old->flags : -1; break;
    case LOCKED_RQ: out[0] = scx_bpf_locked_rq() != NULL; break;
    case TASK:
      out[0] = scx_bpf_task_running(p);
      out[1] = scx_bpf_task_cpu(p);
      break;
    case SET_SLICE:
      out[0] = scx_bpf_task_set_slice(p, in[0]);
      out[1] = scx_bpf_task_set_dsq_vtime(p, in[1]);
      break;
    case EVENTS: scx_bpf_events(&events, sizeof(events)); out[0] = events.SCX_EV_ENQ_SKIP_EXITING; break;
    case FROM_PID:
      old = bpf_task_from_pid(in[0]);
      out[0] = old ? old->pid : -1;
      if (old) bpf_task_release(old);
      break;
    case KEEP_TASK:
      old = bpf_task_from_pid(in[0]);
      if (h && old) old = bpf_kptr_xchg(&h->task, old);
      if (old) bpf_task_release(old);
      break;
    case USE_KEPT: out[0] = h && h->task ? h->task->pid : -1; break;
    case DROP_KEPT:
      old = h ? bpf_kptr_xchg(&h->task, NULL) : NULL;
      target = (u64)old;
      if (old) bpf_task_release(old);
      break;
    case RELEASE_TWICE:
      old = bpf_task_from_pid(in[0]);
      if (!old) break;
      bpf_task_release(old);
      bpf_task_release(old);
      break;
    case CGROUP: cgroups(p); break;
    case CGROUP_ITER: cgroup_iter(); break;
    case TASK_ITER: task_iter(); break;
    case EXIT: scx_bpf_exit(in[0], "bye %d %s", 7, "now"); break;
    case ERROR: scx_bpf_error("task %s[%d]", p->comm, p->pid); break;
    case BAD_FORMAT: {
      static char format[] = "%q";
      unsigned long long none[1] = {};
      scx_bpf_error_bstr(format, none, sizeof(none));
      break;
    }
    case DUMP_ELSEWHERE: scx_bpf_dump("nowhere"); break;
    case TIMER: {
      struct alarm *alarm = bpf_map_lookup_elem(&alarms, &zero);
      if (!alarm) break;
      bpf_timer_init(&alarm->timer, &alarms, CLOCK_MONOTONIC);
      bpf_timer_set_callback(&alarm->timer, rings);
      out[1] = bpf_timer_start(&alarm->timer, in[0], 0);
      break;
    }
    case CURRENT:
      out[0] = bpf_get_current_task_btf()->flags;
      out[1] = bpf_get_smp_processor_id();
      break;
    case NOW: out[0] = scx_bpf_now(); break;
    case WRITE_PID: *(volatile s32 *)&p->pid = 1; break;
    case WRITE_SLICE: p->scx.slice = 99; p->scx.dsq_vtime = 98; break;
    case LOOP:
      for (;;) ((volatile s64 *)out)[0]++;
      break;
    case NULL_MASK: out[0] = scx_bpf_pick_idle_cpu(NULL, 0); break;
    case WILD_MASK: out[0] = scx_bpf_pick_idle_cpu((void *)in[0], 0); break;
    case READ_TARGET: out[0] = p->pid; break;
  }
  return 0;
}

/* Whether the callback inserted p. */
static __always_inline bool at(u32 here, struct task_struct *p) {
  if (where != here || done || (only_pid && p && p->pid != only_pid)) return false;
  if (remember_pid && !target) return false;
  done = 1;
  run(use_target ? (struct task_struct *)target : p);
  return command <= INSERT_OLD;
}

s32 BPF_STRUCT_OPS(cmd_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  at(SELECT, p);
  return prev_cpu;
}
void BPF_STRUCT_OPS(cmd_enqueue, struct task_struct *p, u64 enq_flags) {
  if (at(ENQUEUE, p)) return;
  if (command == INSERT_VTIME) /* a queue is one or the other */
    scx_bpf_dsq_insert_vtime(p, in[5], 1000000, 0, enq_flags);
  else
    scx_bpf_dsq_insert(p, in[5] ? in[5] : SCX_DSQ_GLOBAL, 1000000, enq_flags);
}
void BPF_STRUCT_OPS(cmd_dispatch, s32 cpu, struct task_struct *prev) {
  at(DISPATCH, prev);
  if (in[5]) scx_bpf_dsq_move_to_local(in[5]);
}
void BPF_STRUCT_OPS(cmd_running, struct task_struct *p) { at(RUNNING, p); }
void BPF_STRUCT_OPS(cmd_exit_task, struct task_struct *p, struct scx_exit_task_args *args) {
  if (p->pid == remember_pid) target = (u64)p;
}
s32 BPF_STRUCT_OPS_SLEEPABLE(cmd_init) {
  if (in[5]) scx_bpf_create_dsq(in[5], -1);
  at(INIT, NULL);
  return 0;
}

SCX_OPS_DEFINE(cmd_ops, .select_cpu = (void *)cmd_select_cpu, .enqueue = (void *)cmd_enqueue,
               .dispatch = (void *)cmd_dispatch, .running = (void *)cmd_running, .exit_task = (void *)cmd_exit_task,
               .init = (void *)cmd_init, .name = "commands");
