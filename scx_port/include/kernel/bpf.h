/* SPDX-License-Identifier: GPL-2.0-only
 * include/uapi/linux/bpf.h: maps, flags of helpers, and the objects that programs hold without looking inside. Their
 * sizes are the kernel's. Included by vmlinux.h only.
 */
enum bpf_map_type {
  BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_STACK_TRACE, BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_USER_RINGBUF, BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_ARENA,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2, BPF_F_LOCK = 4 };  /* bpf_map_update_elem() */
enum { BPF_MAX_LOOPS = 8 * 1024 * 1024 };                               /* bpf_loop() */
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };                           /* bpf_task_storage_get() ... */
enum {                                                                 /* map_flags */
  BPF_F_NO_PREALLOC = 1 << 0, BPF_F_NO_COMMON_LRU = 1 << 1, BPF_F_NUMA_NODE = 1 << 2, BPF_F_RDONLY = 1 << 3,
  BPF_F_WRONLY = 1 << 4, BPF_F_STACK_BUILD_ID = 1 << 5, BPF_F_ZERO_SEED = 1 << 6, BPF_F_RDONLY_PROG = 1 << 7,
  BPF_F_WRONLY_PROG = 1 << 8, BPF_F_CLONE = 1 << 9, BPF_F_MMAPABLE = 1 << 10, BPF_F_PRESERVE_ELEMS = 1 << 11,
  BPF_F_INNER_MAP = 1 << 12, BPF_F_LINK = 1 << 13,
};
enum { BPF_F_TIMER_ABS = 1 << 0, BPF_F_TIMER_CPU_PIN = 1 << 1 };       /* bpf_timer_start() */
enum { BPF_RB_NO_WAKEUP = 1 << 0, BPF_RB_FORCE_WAKEUP = 1 << 1 };      /* bpf_ringbuf_submit() ... */
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1, BPF_RB_CONS_POS = 2, BPF_RB_PROD_POS = 3 };
enum { BPF_RINGBUF_BUSY_BIT = 1U << 31, BPF_RINGBUF_DISCARD_BIT = 1 << 30, BPF_RINGBUF_HDR_SZ = 8 };
enum { BPF_F_INDEX_MASK = 0xffffffffULL, BPF_F_CURRENT_CPU = BPF_F_INDEX_MASK };

struct bpf_map;
struct bpf_prog_aux;
struct bpf_spin_lock {
  __u32 val;
};
struct bpf_res_spin_lock {
  __u32 val;
};
struct bpf_timer {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_wq {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_dynptr {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_head {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
  __u64 __opaque[3];
} __attribute__((aligned(8)));
struct bpf_rb_root {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_rb_node {
  __u64 __opaque[4];
} __attribute__((aligned(8)));
struct bpf_refcount {
  __u32 __opaque[1];
} __attribute__((aligned(4)));
struct bpf_iter_num {
  __u64 __opaque[1];
} __attribute__((aligned(8)));
struct bpf_iter_bits {
  __u64 __opaque[2];
} __attribute__((aligned(8)));
struct bpf_iter_task {
  __u64 __opaque[3];
} __attribute__((aligned(8)));
struct bpf_iter_css {
  __u64 __opaque[3];
} __attribute__((aligned(8)));
struct bpf_iter_css_task {
  __u64 __opaque[1];
} __attribute__((aligned(8)));
struct bpf_iter_task_vma {
  __u64 __opaque[1];
} __attribute__((aligned(8)));
struct bpf_iter_scx_dsq {
  u64 __opaque[6];
} __attribute__((aligned(8)));
enum { BPF_TASK_ITER_ALL_PROCS = 0, BPF_TASK_ITER_ALL_THREADS = 1, BPF_TASK_ITER_PROC_THREADS = 2 };
