/* SPDX-License-Identifier: GPL-2.0-only
 * scx_packet: even CPUs for packet processing, odd CPUs for all else. Three modes (option `mode`):
 *   MODE_TALK       as the scheduler was presented: packet tasks run on even CPUs, all others on odd ones; each half
 *                   has a queue ordered by virtual time and takes nothing from the other, be it idle.
 *   MODE_PUBLISHED  as it was published: one queue for everything that only even CPUs take from; odd CPUs only run
 *                   threads that belong to one of them. Every idle even CPU is kicked for every task that is queued.
 *   MODE_FIRST      as it was first: no exception for such threads, and CPU 0 alone is kicked. A task that may only use
 *                   odd CPUs never runs, and the watchdog ends the scheduler: "runnable task stall".
 * Packet tasks are known by how their names begin (option `prefixes`).
 *
 * MODE_TALK is good where packet work and other work are about equal and must not disturb each other: queues of the one
 * never stand behind the other. Bad when they are not equal, as half of the machine idles while the other half queues,
 * and where neighbours (0 and 1, ...) are hyper-threads of a core: then every core is shared by both. The other two are
 * here to compare with. None sees packets: what runs in soft interrupts on its own is placed by interrupt affinity.
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>
#include <simsched/vtime.bpf.h>

char _license[] SEC("license") = "GPL";

enum packet_mode { MODE_TALK, MODE_PUBLISHED, MODE_FIRST };
enum { MAX_PREFIXES = 16, COMM_LEN = 16 };

const volatile u32 mode = MODE_TALK;
/* By name's start: an empty one ends the list. */
const volatile char prefixes[MAX_PREFIXES][COMM_LEN] = {
    "ksoftirqd/", "napi/", "upf", "dpdk", "ovs", "xdp", "nr-gnb", "gtp", "vpp", "pktgen",
};

/* Queues: halves of MODE_TALK; the one queue of the others is that of the even CPUs. */
enum { EVEN, ODD, NR_HALVES };

/* Where each queue's virtual time is. */
static u64 vtime_now[NR_HALVES];
/* All CPUs serve the queue of the even ones, as there are none of the other kind. */
static bool undivided;
private(HALVES) struct bpf_cpumask __kptr *even_cpus;
private(HALVES) struct bpf_cpumask __kptr *odd_cpus;
UEI_DEFINE(uei);

struct packet_stats {
  u64 packet; /* packet tasks enqueued or placed */
  u64 other;  /* tasks of all other kinds */
  u64 idle;   /* of both: placed on an idle CPU */
  u64 bound;  /* of both: run where they must, outside of their half */
  u64 kicks;  /* CPUs woken */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, u32);
  __type(value, struct packet_stats);
  __uint(max_entries, 1);
} stats SEC(".maps");

static __always_inline struct packet_stats *counters(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&stats, &zero);
}

/* What is decided, and from what. */
enum {
  PACKET_KIND,  /* the task's name, in two words -> is it a packet task */
  PACKET_HALF,  /* mode, undivided, is it a packet task -> half */
  PACKET_QUEUE, /* mode, half, may it use a CPU of its half, is it a kernel thread of one CPU -> queue */
  PACKET_KEY,   /* vtime, the queue's vtime -> key */
  PACKET_TAKE,  /* mode, undivided, CPU -> queue to take from, or PACKET_NONE */
  PACKET_CLOCK, /* the queue's vtime, vtime of who runs -> the queue's vtime */
  PACKET_USED,  /* vtime, what is left of the slice, weight -> vtime */
};
#define PACKET_NONE (~0ULL)

static __always_inline bool has_prefix(u64 low, u64 high) {
  u32 i, at;

  for (i = 0; i < MAX_PREFIXES; i++) {
    if (!prefixes[i][0]) break;
    for (at = 0; at < COMM_LEN; at++) {
      char want = prefixes[i][at];
      if (!want) return true;
      if ((char)((at < 8 ? low : high) >> (at & 7) * 8) != want) break;
    }
  }
  return false;
}

static __always_inline u64 packet_decide(u32 kind, const u64 *in) {
  switch (kind) {
    case PACKET_KIND:
      return has_prefix(in[0], in[1]);
    case PACKET_HALF:
      if (in[0] != MODE_TALK || in[1]) return EVEN;
      return in[2] ? EVEN : ODD;
    case PACKET_QUEUE:
      /* Who may use no CPU of its half, a thread of one CPU above all, stays where it is. */
      if (in[0] != MODE_FIRST && !in[2]) return SCX_DSQ_LOCAL;
      if (in[0] == MODE_PUBLISHED && in[3]) return SCX_DSQ_LOCAL;
      return in[1];
    case PACKET_KEY:
      return vtime_key(in[0], in[1], SCX_SLICE_DFL);
    case PACKET_TAKE: {
      u64 half = in[1] ? EVEN : in[2] & 1;
      return half == EVEN || in[0] == MODE_TALK ? half : PACKET_NONE;
    }
    case PACKET_CLOCK:
      return vtime_later(in[0], in[1]);
    case PACKET_USED:
      return vtime_after(in[0], SCX_SLICE_DFL - in[1], in[2]);
  }
  return 0;
}
DECISIONS(packet_decide)

static __always_inline bool is_packet_task(const struct task_struct *p) {
  u64 comm[COMM_LEN / 8] = {};

  bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
  return DECIDE(packet_decide, PACKET_KIND, comm[0], comm[1]);
}

/* The half a task belongs to. */
static __always_inline u32 half_of(const struct task_struct *p, bool packet) {
  return DECIDE(packet_decide, PACKET_HALF, mode, undivided, packet);
}

static __always_inline const struct cpumask *cpus_of(u32 half) {
  return cast_mask(half == EVEN ? even_cpus : odd_cpus);
}

static __always_inline void count_task(struct packet_stats *s, bool packet) {
  if (!s) return;
  if (packet)
    s->packet++;
  else
    s->other++;
}

s32 BPF_STRUCT_OPS(packet_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) {
  const struct cpumask *cpus;
  struct packet_stats *s;
  bool packet;
  s32 cpu;

  /* The others leave all to the queue. */
  if (mode != MODE_TALK) return prev_cpu;
  packet = is_packet_task(p);
  cpus = cpus_of(half_of(p, packet));
  if (!cpus) return prev_cpu;
  cpu = prev_cpu;
  if (!bpf_cpumask_test_cpu(cpu, cpus) || !scx_bpf_test_and_clear_cpu_idle(cpu)) {
    /* Of a task that may not use all CPUs, only the last one is tried; the queue knows who may take it. */
    if ((u32)p->nr_cpus_allowed < scx_bpf_nr_cpu_ids()) return prev_cpu;
    cpu = scx_bpf_pick_idle_cpu(cpus, 0);
    if (cpu < 0) return prev_cpu;
  }
  s = counters();
  count_task(s, packet);
  if (s) s->idle++;
  scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
  return cpu;
}

/* Wakes every even CPU that idles. */
static __always_inline u32 kick_even(void) {
  const struct cpumask *idle = scx_bpf_get_idle_cpumask();
  u32 i, kicks = 0;

  bpf_for(i, 0, (scx_bpf_nr_cpu_ids() + 1) / 2) {
    if (!bpf_cpumask_test_cpu(2 * i, idle)) continue;
    scx_bpf_kick_cpu(2 * i, SCX_KICK_IDLE);
    kicks++;
  }
  scx_bpf_put_idle_cpumask(idle);
  return kicks;
}

void BPF_STRUCT_OPS(packet_enqueue, struct task_struct *p, u64 enq_flags) {
  bool packet = is_packet_task(p);
  u32 half = half_of(p, packet);
  const struct cpumask *cpus = cpus_of(half);
  struct packet_stats *s = counters();
  u64 queue, vtime;
  u32 kicks = 0;
  s32 cpu;

  if (!cpus) return;
  count_task(s, packet);
  queue = DECIDE(packet_decide, PACKET_QUEUE, mode, half, bpf_cpumask_intersects(p->cpus_ptr, cpus),
                 p->nr_cpus_allowed == 1 && (p->flags & PF_KTHREAD));
  if (queue == SCX_DSQ_LOCAL) {
    if (s) s->bound++;
    scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
    return;
  }
  vtime = DECIDE(packet_decide, PACKET_KEY, p->scx.dsq_vtime, vtime_now[half & 1]);
  scx_bpf_dsq_insert_vtime(p, queue, SCX_SLICE_DFL, vtime, enq_flags);

  switch (mode) {
    case MODE_TALK:
      /* One idle CPU that may run it; none: all are busy, and will look by themselves. */
      cpu = scx_bpf_pick_idle_cpu(cpus, 0);
      if (cpu >= 0 && !bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) cpu = bpf_cpumask_any_and_distribute(p->cpus_ptr, cpus);
      if (cpu >= 0) {
        scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
        kicks = 1;
      }
      break;
    case MODE_PUBLISHED:
      kicks = kick_even();
      break;
    default:
      scx_bpf_kick_cpu(0, SCX_KICK_IDLE);
      kicks = 1;
  }
  if (s) s->kicks += kicks;
}

void BPF_STRUCT_OPS(packet_dispatch, s32 cpu, struct task_struct *prev) {
  u64 queue = DECIDE(packet_decide, PACKET_TAKE, mode, undivided, cpu);

  if (queue != PACKET_NONE) scx_bpf_dsq_move_to_local(queue);
}

void BPF_STRUCT_OPS(packet_running, struct task_struct *p) {
  u32 half = mode != MODE_TALK || undivided ? EVEN : scx_bpf_task_cpu(p) & 1;

  half &= 1;
  vtime_now[half] = DECIDE(packet_decide, PACKET_CLOCK, vtime_now[half], p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(packet_stopping, struct task_struct *p, bool runnable) {
  u64 left = p->scx.slice;

  if (left >= SCX_SLICE_DFL) return;
  scx_bpf_task_set_dsq_vtime(p, DECIDE(packet_decide, PACKET_USED, p->scx.dsq_vtime, left, p->scx.weight));
}

void BPF_STRUCT_OPS(packet_enable, struct task_struct *p) {
  scx_bpf_task_set_dsq_vtime(p, vtime_now[half_of(p, is_packet_task(p)) & 1]);
}

static __always_inline s32 divide(void) {
  struct bpf_cpumask *even = bpf_cpumask_create(), *odd = bpf_cpumask_create();
  const struct cpumask *online;
  u32 i;

  if (!even || !odd) {
    if (even) bpf_cpumask_release(even);
    if (odd) bpf_cpumask_release(odd);
    return -ENOMEM;
  }
  online = scx_bpf_get_online_cpumask();
  bpf_for(i, 0, scx_bpf_nr_cpu_ids()) {
    if (!bpf_cpumask_test_cpu(i, online)) continue;
    if (i & 1)
      bpf_cpumask_set_cpu(i, odd);
    else
      bpf_cpumask_set_cpu(i, even);
  }
  /* With hyper-threading off there may be even CPUs only. CPU 0 is always there. */
  if (bpf_cpumask_empty(cast_mask(odd))) {
    undivided = true;
    bpf_cpumask_copy(even, online);
    bpf_cpumask_copy(odd, online);
  }
  scx_bpf_put_cpumask(online);
  even = bpf_kptr_xchg(&even_cpus, even);
  if (even) bpf_cpumask_release(even);
  odd = bpf_kptr_xchg(&odd_cpus, odd);
  if (odd) bpf_cpumask_release(odd);
  return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(packet_init) {
  s32 error = divide();

  if (error) return error;
  error = scx_bpf_create_dsq(EVEN, NUMA_NO_NODE);
  return error ?: scx_bpf_create_dsq(ODD, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(packet_exit, struct scx_exit_info *ei) {
  UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(packet_ops,
               .select_cpu = (void *)packet_select_cpu,
               .enqueue = (void *)packet_enqueue,
               .dispatch = (void *)packet_dispatch,
               .running = (void *)packet_running,
               .stopping = (void *)packet_stopping,
               .enable = (void *)packet_enable,
               .init = (void *)packet_init,
               .exit = (void *)packet_exit,
               .name = "packet")
