/* SPDX-License-Identifier: GPL-2.0-only
 * scx_simple: one queue for all CPUs, ordered by weighted virtual time, or first come first served (option fifo).
 * A task that wakes while a CPU is idle goes straight there; all else waits in the queue, which every CPU takes from.
 *
 * Good where all CPUs share a cache and tasks are many and alike: work conserving and fair by weight, with nothing to
 * tune. Not good on several nodes or last-level caches (a task lands anywhere), on many CPUs (one queue, one lock), or
 * where sleepers need an answer at once (a woken task waits for its turn; nobody is preempted).
 *
 * A model of the example of this name in the kernel's tools/sched_ext, with its constants: 20 ms slices, a
 * sleeper's credit of at most one slice, (slice - what is left) * 100 / weight of virtual time for what was used.
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>
#include <simsched/vtime.bpf.h>

char _license[] SEC("license") = "GPL";

const volatile bool fifo = false;
const volatile u64 slice_ns = SCX_SLICE_DFL;

#define SHARED_DSQ 0

/* Where the queue's virtual time is: that of the task furthest ahead of those that have run. */
static u64 vtime_now;
UEI_DEFINE(uei);

struct simple_stats {
  u64 local;  /* tasks placed on an idle CPU */
  u64 queued; /* tasks that went through the queue */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, u32);
  __type(value, struct simple_stats);
  __uint(max_entries, 1);
} stats SEC(".maps");

static __always_inline struct simple_stats *counters(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&stats, &zero);
}

/* What is decided, and from what. */
enum {
  SIMPLE_QUEUE, /* is its CPU idle -> queue */
  SIMPLE_KEY,   /* vtime, the queue's vtime, slice -> key */
  SIMPLE_CLOCK, /* the queue's vtime, vtime of who runs -> the queue's vtime */
  SIMPLE_USED,  /* vtime, slice, what is left of it, weight -> vtime */
};

static __always_inline u64 simple_decide(u32 kind, const u64 *in) {
  switch (kind) {
    case SIMPLE_QUEUE:
      return in[0] ? SCX_DSQ_LOCAL : SHARED_DSQ;
    case SIMPLE_KEY:
      return vtime_key(in[0], in[1], in[2]);
    case SIMPLE_CLOCK:
      return vtime_later(in[0], in[1]);
    case SIMPLE_USED:
      return vtime_after(in[0], in[1] - in[2], in[3]);
  }
  return 0;
}
DECISIONS(simple_decide)

s32 BPF_STRUCT_OPS(simple_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  bool is_idle = false;
  s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

  if (DECIDE(simple_decide, SIMPLE_QUEUE, is_idle) == SCX_DSQ_LOCAL) {
    struct simple_stats *s = counters();
    if (s) s->local++;
    scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
  }
  return cpu;
}

void BPF_STRUCT_OPS(simple_enqueue, struct task_struct *p, u64 enq_flags) {
  struct simple_stats *s = counters();
  u64 vtime;

  if (s) s->queued++;
  if (fifo) {
    scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns, enq_flags);
    return;
  }
  vtime = DECIDE(simple_decide, SIMPLE_KEY, p->scx.dsq_vtime, vtime_now, slice_ns);
  scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns, vtime, enq_flags);
}

void BPF_STRUCT_OPS(simple_dispatch, s32 cpu, struct task_struct *prev) {
  if (scx_bpf_dsq_move_to_local(SHARED_DSQ)) return;
  /* The kernel would let prev go on with its default slice. */
  if (slice_ns != SCX_SLICE_DFL && prev && (prev->scx.flags & SCX_TASK_QUEUED)) scx_bpf_task_set_slice(prev, slice_ns);
}

void BPF_STRUCT_OPS(simple_running, struct task_struct *p) {
  if (!fifo) vtime_now = DECIDE(simple_decide, SIMPLE_CLOCK, vtime_now, p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(simple_stopping, struct task_struct *p, bool runnable) {
  u64 left = p->scx.slice;

  if (fifo || left >= slice_ns) return;
  scx_bpf_task_set_dsq_vtime(p, DECIDE(simple_decide, SIMPLE_USED, p->scx.dsq_vtime, slice_ns, left, p->scx.weight));
}

void BPF_STRUCT_OPS(simple_enable, struct task_struct *p) {
  scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(simple_init) {
  return scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(simple_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(simple_ops,
               .select_cpu = (void *)simple_select_cpu,
               .enqueue = (void *)simple_enqueue,
               .dispatch = (void *)simple_dispatch,
               .running = (void *)simple_running,
               .stopping = (void *)simple_stopping,
               .enable = (void *)simple_enable,
               .init = (void *)simple_init,
               .exit = (void *)simple_exit,
               .name = "simple")
