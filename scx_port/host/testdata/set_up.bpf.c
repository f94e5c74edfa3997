/* A scheduler that starts only where its loader has done all that it asks for; for simulations and kernels alike. */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

UEI_DEFINE(uei);

struct lesson {
	u32 add;
	u32 times;
};
struct share {
	u64 weight;
};
u64 total, repeated;
s32 ran_on = -1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct share);
} by_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct share);
} of_cpu SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u64);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, u32);
	__array(values, struct inner);
} of_maps SEC(".maps");

SEC("syscall")
int learn(struct lesson *ctx)
{
	total += ctx->add * ctx->times;
	ran_on = bpf_get_smp_processor_id();
	return 0;
}

SEC("syscall")
int repeat(void *ctx)
{
	repeated++;
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(set_up_init)
{
	u32 key = 9, zero = 0, last = 2;
	struct share *found = bpf_map_lookup_elem(&by_key, &key);
	struct share *mine = bpf_map_lookup_percpu_elem(&of_cpu, &zero, 1);
	void *inner = bpf_map_lookup_elem(&of_maps, &last);

	if (total != 42 || ran_on != 1) {
		scx_bpf_error("program: total %llu, CPU %d", total, ran_on);
		return 0;
	}
	if (!found || found->weight != 7 || !mine || mine->weight != 5 || !inner)
		scx_bpf_error("maps are not filled");
	return 0;
}

void BPF_STRUCT_OPS(set_up_enqueue, struct task_struct *p, u64 flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, flags);
}

void BPF_STRUCT_OPS(set_up_tick, struct task_struct *p)
{
	scx_bpf_error("a loader takes this away");
}

void BPF_STRUCT_OPS(set_up_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SEC(".struct_ops.link")
struct sched_ext_ops other = {
	.enqueue = (void *)set_up_enqueue,
	.name = "other",
};

SEC(".struct_ops.link")
struct sched_ext_ops set_up = {
	.init = (void *)set_up_init,
	.enqueue = (void *)set_up_enqueue,
	.tick = (void *)set_up_tick,
	.exit = (void *)set_up_exit,
	.name = "set_up",
};
