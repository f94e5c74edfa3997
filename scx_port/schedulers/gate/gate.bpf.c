/* SPDX-License-Identifier: GPL-2.0-only
 * scx_gate: scx_simple with a learned gate before migrations. When a task wakes, a small neural network says whether
 * it may go to an idle CPU or waits where it ran last, behind what runs there (inputs: gate.h). The net only forbids:
 * where to go, if anywhere, is the kernel's own search; and that alone decides when the net is unsure, there is none,
 * or waiting would not be safe. All else is as in scx_simple: one queue for all CPUs, by weighted virtual time.
 *
 * Good for showing what a model does beside the same policy without one, and for trying models. As good as its model:
 * the one it comes with has random weights.
 *
 * Waiting is safe where few wait already and nobody waits in the queue of all: what waits at a CPU goes before that.
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>
#include <simsched/model.bpf.h>
#include <simsched/vtime.bpf.h>

#include "gate.h"

char _license[] SEC("license") = "GPL";

const volatile u64 slice_ns = SCX_SLICE_DFL;
const volatile u32 max_waiting = 4; /* tasks that may wait at one CPU by the net's will */
const volatile u16 cpu_llc[GATE_MAX_CPUS];
const volatile u16 cpu_node[GATE_MAX_CPUS];

#define SHARED_DSQ 0

static u64 vtime_now; /* see scx_simple */
UEI_DEFINE(uei);

struct gate_stats {
  u64 decided;  /* wake-ups that the net was asked about: the sum of the next three */
  u64 stay;     /* waits at its CPU, or runs there at once */
  u64 move;     /* may go to an idle CPU */
  u64 fallback; /* the kernel's selection alone: no model, an unsure one, or waiting is not safe */
  u64 local;    /* of move and fallback: placed on an idle CPU */
  u64 queued;   /* tasks that went through the queue of all */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct gate_stats);
} stats SEC(".maps");

struct gate_task {
  u64 running_since, stopped_at;
  u64 run;        /* since it woke up */
  u64 blocked_at; /* 0: it is not */
  u64 avg_run, avg_sleep;
};
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct gate_task);
} tasks SEC(".maps");

static __always_inline struct gate_stats *counters(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline struct gate_task *task_of(struct task_struct *p) {
  return bpf_task_storage_get(&tasks, p, 0, 0);
}

/* ---- Inputs ---------------------------------------------------------------------------------------------------- */

/* 8 log2(v), between powers of two by a straight line; 0 for 0. */
static __always_inline u16 gate_log(u64 v) {
  u32 bit = (log2_u64(v) - 1) & 63;

  return v ? bit * 8 + (u32)((v << 3 >> bit) & 7) : 0;
}

static __always_inline u16 at_most(u64 v, u16 limit) { return v < limit ? v : limit; }

/* Tasks in a queue; negative: there is none. */
static __always_inline u16 length_of(u64 dsq) {
  s32 length = scx_bpf_dsq_nr_queued(dsq);

  return length > 0 ? at_most(length, 65535) : 0;
}

static __always_inline u16 distance(u32 a, u32 b) {
  a &= GATE_MAX_CPUS - 1;
  b &= GATE_MAX_CPUS - 1;
  if (a == b) return 0;
  if (cpu_llc[a] == cpu_llc[b]) return 1;
  return cpu_node[a] == cpu_node[b] ? 2 : 3;
}

static __always_inline void describe_task(struct task_struct *p, const struct gate_task *task, u64 now, u16 *in) {
  u64 vtime = p->scx.dsq_vtime;

  in[GATE_WEIGHT] = gate_log(p->scx.weight);
  in[GATE_RUN] = gate_log(task->avg_run);
  in[GATE_SLEEP] = gate_log(task->avg_sleep);
  in[GATE_COLD] = gate_log(time_delta(now, task->stopped_at));
  in[GATE_LAG] = gate_log(time_delta(vtime_now, vtime));
  in[GATE_ALLOWED] = gate_log(p->nr_cpus_allowed);
}

static __always_inline void describe_cpus(s32 prev_cpu, u16 *in) {
  const struct cpumask *idle = scx_bpf_get_idle_cpumask();
  u32 waker = bpf_get_smp_processor_id(), nr_cpus = scx_bpf_nr_cpu_ids();

  in[GATE_IDLE] = at_most(bpf_cpumask_weight(idle) * 256 / (nr_cpus ?: 1), 256);
  in[GATE_PREV_IDLE] = bpf_cpumask_test_cpu(prev_cpu, idle);
  scx_bpf_put_idle_cpumask(idle);
  idle = scx_bpf_get_idle_smtmask();
  in[GATE_PREV_CORE_IDLE] = bpf_cpumask_test_cpu(prev_cpu, idle);
  scx_bpf_put_idle_cpumask(idle);
  in[GATE_PREV_QUEUE] = length_of(SCX_DSQ_LOCAL_ON | (u32)prev_cpu);
  in[GATE_WAKER_QUEUE] = length_of(SCX_DSQ_LOCAL_ON | waker);
  in[GATE_SHARED_QUEUE] = length_of(SHARED_DSQ);
  in[GATE_DISTANCE] = distance(waker, prev_cpu);
}

/* ---- Decisions ------------------------------------------------------------------------------------------------- */

/* What is decided, and from what. */
enum {
  GATE_ASK,   /* all inputs, four in a word -> verdict of the active model */
  GATE_WAIT,  /* verdict, tasks at its CPU, limit, tasks in the queue of all, may it run there -> wait */
  GATE_KEY,   /* vtime, the queue's vtime, slice -> key */
  GATE_CLOCK, /* the queue's vtime, vtime of who runs -> the queue's vtime */
  GATE_USED,  /* vtime, slice, what is left of it, weight -> vtime */
};

static __always_inline u64 packed(const u16 *in) {
  return in[0] | (u64)in[1] << 16 | (u64)in[2] << 32 | (u64)in[3] << 48;
}

static __always_inline u64 gate_decide(u32 kind, const u64 *in) {
  u16 inputs[MLP_ROW];
  u32 i;

  switch (kind) {
    case GATE_ASK:
      MLP_UNROLL
      for (i = 0; i < MLP_ROW; i++) inputs[i] = in[i / 4] >> i % 4 * 16;
      return model_decide(inputs);
    case GATE_WAIT:
      return in[0] == MLP_STAY && in[1] < in[2] && !in[3] && in[4];
    case GATE_KEY:
      return vtime_key(in[0], in[1], in[2]);
    case GATE_CLOCK:
      return vtime_later(in[0], in[1]);
    case GATE_USED:
      return vtime_after(in[0], in[1] - in[2], in[3]);
  }
  return 0;
}
DECISIONS(gate_decide)

/* ---- Callbacks ------------------------------------------------------------------------------------------------- */

s32 BPF_STRUCT_OPS(gate_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  struct gate_task *task = task_of(p);
  struct gate_stats *s = counters();
  enum mlp_verdict verdict;
  u16 in[MLP_ROW] = {};
  bool is_idle = false;
  s32 cpu;

  if (!s || !task) return prev_cpu;
  describe_task(p, task, scx_bpf_now(), in);
  describe_cpus(prev_cpu, in);
  in[GATE_SYNC] = !!(wake_flags & SCX_WAKE_SYNC);
  in[GATE_FORK] = !!(wake_flags & SCX_WAKE_FORK);
  verdict = DECIDE(gate_decide, GATE_ASK, packed(in), packed(in + 4), packed(in + 8), packed(in + 12));

  s->decided++;
  if (DECIDE(gate_decide, GATE_WAIT, verdict, in[GATE_PREV_QUEUE], max_waiting, in[GATE_SHARED_QUEUE],
             bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr))) {
    s->stay++;
    scx_bpf_test_and_clear_cpu_idle(prev_cpu);
    scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
    return prev_cpu;
  }
  if (verdict == MLP_MOVE)
    s->move++;
  else
    s->fallback++;
  cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
  if (is_idle) {
    s->local++;
    scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
  }
  return cpu;
}

void BPF_STRUCT_OPS(gate_enqueue, struct task_struct *p, u64 enq_flags) {
  struct gate_stats *s = counters();
  u64 vtime = DECIDE(gate_decide, GATE_KEY, p->scx.dsq_vtime, vtime_now, slice_ns);

  if (s) s->queued++;
  scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns, vtime, enq_flags);
}

void BPF_STRUCT_OPS(gate_dispatch, s32 cpu, struct task_struct *prev) {
  if (scx_bpf_dsq_move_to_local(SHARED_DSQ)) return;
  /* The kernel would let prev go on with its default slice. */
  if (slice_ns != SCX_SLICE_DFL && prev && (prev->scx.flags & SCX_TASK_QUEUED)) scx_bpf_task_set_slice(prev, slice_ns);
}

void BPF_STRUCT_OPS(gate_runnable, struct task_struct *p, u64 enq_flags) {
  struct gate_task *task = task_of(p);

  if (!task || !task->blocked_at) return;
  task->avg_sleep = __calc_avg(task->avg_sleep, (u64)time_delta(scx_bpf_now(), task->blocked_at), 2);
  task->blocked_at = 0;
}

void BPF_STRUCT_OPS(gate_running, struct task_struct *p) {
  struct gate_task *task = task_of(p);

  vtime_now = DECIDE(gate_decide, GATE_CLOCK, vtime_now, p->scx.dsq_vtime);
  if (task) task->running_since = scx_bpf_now();
}

void BPF_STRUCT_OPS(gate_stopping, struct task_struct *p, bool runnable) {
  struct gate_task *task = task_of(p);
  u64 left = p->scx.slice, now = scx_bpf_now();

  if (left < slice_ns)
    scx_bpf_task_set_dsq_vtime(p, DECIDE(gate_decide, GATE_USED, p->scx.dsq_vtime, slice_ns, left, p->scx.weight));
  if (!task) return;
  task->run += time_delta(now, task->running_since);
  task->stopped_at = now;
  if (runnable) return;
  task->avg_run = __calc_avg(task->avg_run, task->run, 2);
  task->run = 0;
  task->blocked_at = now;
}

void BPF_STRUCT_OPS(gate_enable, struct task_struct *p) {
  scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

s32 BPF_STRUCT_OPS(gate_init_task, struct task_struct *p, struct scx_init_task_args *args) {
  struct gate_task *task = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

  if (!task) return -ENOMEM;
  task->stopped_at = scx_bpf_now();
  return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(gate_init) {
  return scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(gate_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(gate_ops,
               .select_cpu = (void *)gate_select_cpu,
               .enqueue = (void *)gate_enqueue,
               .dispatch = (void *)gate_dispatch,
               .runnable = (void *)gate_runnable,
               .running = (void *)gate_running,
               .stopping = (void *)gate_stopping,
               .enable = (void *)gate_enable,
               .init_task = (void *)gate_init_task,
               .init = (void *)gate_init,
               .exit = (void *)gate_exit,
               .name = "gate")
