/* Schedulers that would hang a simulator, or that a kernel answers in a way of its own; `mode` says which. */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

enum mode { TIMER, REENQ, BURN, KICK_IDLE, MOVE_SLICE, NR_QUEUED, SLOTS, NULL_TASK };
const volatile enum mode mode;
const volatile u64 burn, wait; /* wait: of a timer */

u64 sink, ran_with[2], nr_ran, weights;

struct element {
	struct bpf_timer timer;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct element);
} timers SEC(".maps");

static int again(void *map, int *key, struct bpf_timer *timer)
{
	bpf_timer_start(timer, wait, 0);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(hostile_init)
{
	u32 key = 0;
	struct element *e = bpf_map_lookup_elem(&timers, &key);

	if (mode == TIMER && e) {
		bpf_timer_init(&e->timer, &timers, 1);
		bpf_timer_set_callback(&e->timer, again);
		bpf_timer_start(&e->timer, wait, 0);
	}
	return scx_bpf_create_dsq(0, -1);
}

s32 BPF_STRUCT_OPS(hostile_select_cpu, struct task_struct *p, s32 prev, u64 flags)
{
	return mode == MOVE_SLICE ? 0 : prev;
}

void BPF_STRUCT_OPS(hostile_enqueue, struct task_struct *p, u64 flags)
{
	u64 dsq = mode == REENQ || mode == KICK_IDLE ? SCX_DSQ_LOCAL : 0;
	u32 i;

	for (i = 0; i < burn; i++) {
		sink++;
		asm volatile("" ::: "memory");
	}
	if (mode == NR_QUEUED)
		sink = scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | 4711);
	if (mode == SLOTS)
		sink = scx_bpf_dispatch_nr_slots();
	scx_bpf_dsq_insert(mode == NULL_TASK ? NULL : p, dsq, 20000000, flags);
	if (mode == REENQ)
		scx_bpf_reenqueue_local();
	/* Of the CPU that goes idle, whose run queue is locked. */
	if (mode == KICK_IDLE && (flags & SCX_ENQ_LAST))
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(hostile_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;
	u32 n = 0;

	if (mode != MOVE_SLICE) {
		scx_bpf_dsq_move_to_local(0);
		return;
	}
	if (scx_bpf_dsq_nr_queued(0) < 2)
		return;
	bpf_for_each(scx_dsq, p, 0, 0) {
		scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL, 0);
		if (n++)
			break;
		scx_bpf_dsq_move_set_slice(BPF_FOR_EACH_ITER, 2000000);
		scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL, 0); /* it has gone */
	}
}

void BPF_STRUCT_OPS(hostile_running, struct task_struct *p)
{
	if (nr_ran < 2)
		ran_with[nr_ran++] = p->scx.slice;
}

SEC(".struct_ops.link")
struct sched_ext_ops ops = {
	.init = (void *)hostile_init,
	.select_cpu = (void *)hostile_select_cpu,
	.enqueue = (void *)hostile_enqueue,
	.dispatch = (void *)hostile_dispatch,
	.running = (void *)hostile_running,
	.flags = SCX_OPS_ENQ_LAST,
	.timeout_ms = 1000,
	.name = "hostile",
};
