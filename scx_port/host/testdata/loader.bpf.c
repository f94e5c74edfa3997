/* A scheduler that a loader has to set up: another source, structures in arrays, maps, programs, an arena. */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

struct layer {
	u32 kind;
	u64 limits[2];
	char name[8];
};
const volatile struct layer layers[3];

struct setup {
	u32 add;
	u32 pad;
	u64 times;
};
u64 total, calls, seen_limit, arena_sum, map_sum;
s32 signed_value = -7;
u32 numbers[3] = { 1, 2, 3 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct layer);
} by_key SEC(".maps");

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA */
	__uint(map_flags, 1 << 10);
	__uint(max_entries, 16);
} arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct layer);
} of_cpu SEC(".maps");

void *bpf_arena_alloc_pages(void *map, void *addr, u32 pages, int node, u64 flags) __ksym __weak;
void bpf_arena_free_pages(void *map, void *addr, u32 pages) __ksym __weak;

u64 twice(u64 value); /* in loader_part.bpf.c */

SEC("syscall")
int set_up(struct setup *ctx)
{
	u32 key = 9;
	struct layer *found = bpf_map_lookup_elem(&by_key, &key);
	u64 *page = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	u64 *other = bpf_arena_alloc_pages(&arena, NULL, 2, -1, 0);

	total += twice(ctx->add) * ctx->times;
	calls++;
	if (found)
		map_sum += found->kind + found->limits[1];
	if (page && other) {
		page[511] = 5;
		other[1023] = 6;
		arena_sum = page[511] + other[1023];
	}
	bpf_arena_free_pages(&arena, page, 1);
	bpf_arena_free_pages(&arena, other, 2);
	return 0;
}

struct placed {
	u64 pad;
	u64 page;
};

SEC("syscall")
int place(struct placed *ctx)
{
	ctx->page = (u64)bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	return 0;
}

struct added {
	u64 page;
	u64 more;
};

SEC("syscall")
int add(struct added *ctx)
{
	u64 *page = (u64 *)ctx->page;

	arena_sum = page[0] + page[1] + ctx->more;
	return 0;
}

SEC("syscall")
int read(void *ctx)
{
	u32 key = 0;
	struct layer *mine = bpf_map_lookup_elem(&of_cpu, &key);

	if (mine)
		total += mine->kind;
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(loader_init)
{
	seen_limit = layers[1].limits[1];
	return 0;
}

void BPF_STRUCT_OPS(loader_enqueue, struct task_struct *p, u64 flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, flags);
}

void BPF_STRUCT_OPS(loader_tick, struct task_struct *p)
{
	scx_bpf_error("a loader takes this away");
}

SEC(".struct_ops.link")
struct sched_ext_ops first = {
	.init = (void *)loader_init,
	.enqueue = (void *)loader_enqueue,
	.tick = (void *)loader_tick,
	.name = "first",
};

SEC(".struct_ops.link")
struct sched_ext_ops second = {
	.enqueue = (void *)loader_enqueue,
	.name = "second",
};
