/* A scheduler of cids that counts where what it is told does not agree. */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA */
	__uint(map_flags, 1 << 10);
	__uint(max_entries, 16);
} arena SEC(".maps");

const volatile s32 bad_cid = -1; /* where to send a task, instead of where it is */
u64 nr_wrong, nr_cids, nr_online, nr_masks, allowed, bound_cid = ~0ULL;
s32 cpus[16];
struct scx_cid_topo topos[16];

static void check(bool right)
{
	if (!right)
		nr_wrong++;
}

s32 BPF_STRUCT_OPS(cids_select_cid, struct task_struct *p, s32 prev_cid, u64 wake_flags)
{
	check(prev_cid == scx_bpf_task_cid(p));
	return bad_cid >= 0 ? bad_cid : prev_cid;
}

void BPF_STRUCT_OPS(cids_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cid = scx_bpf_task_cid(p);

	check(scx_bpf_cid_to_cpu(cid) == scx_bpf_task_cpu(p));
	check(scx_bpf_cpu_to_cid(scx_bpf_task_cpu(p)) == cid);
	if (p->nr_cpus_allowed == 1)
		bound_cid = cid;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cid, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cid(cid, SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(cids_dispatch, s32 cid, struct task_struct *prev)
{
	check(cid == scx_bpf_this_cid());
}

void BPF_STRUCT_OPS(cids_running, struct task_struct *p)
{
	check(scx_bpf_task_cid(p) == scx_bpf_this_cid());
	check(scx_bpf_cid_curr(scx_bpf_this_cid()) == p);
}

void BPF_STRUCT_OPS(cids_update_idle, s32 cid, bool idle)
{
	check(cid == scx_bpf_this_cid());
}

void BPF_STRUCT_OPS(cids_set_cmask, struct task_struct *p, const struct scx_cmask *cmask)
{
	nr_masks++;
	check(cmask->base == 0 && cmask->nr_cids == scx_bpf_nr_cids());
	allowed = cmask->bits[0];
}

s32 BPF_STRUCT_OPS_SLEEPABLE(cids_init)
{
	s32 cid;

	nr_cids = scx_bpf_nr_cids();
	nr_online = scx_bpf_nr_online_cids();
	bpf_for(cid, 0, nr_cids) {
		if (cid < 0 || cid >= 16)
			break;
		cpus[cid] = scx_bpf_cid_to_cpu(cid);
		scx_bpf_cid_topo(cid, &topos[cid]);
	}
	return 0;
}

SCX_OPS_CID_DEFINE(cids_ops,
		   .select_cid = (void *)cids_select_cid,
		   .enqueue = (void *)cids_enqueue,
		   .dispatch = (void *)cids_dispatch,
		   .running = (void *)cids_running,
		   .update_idle = (void *)cids_update_idle,
		   .set_cmask = (void *)cids_set_cmask,
		   .init = (void *)cids_init,
		   .name = "cids")
