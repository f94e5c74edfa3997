/* SPDX-License-Identifier: GPL-2.0-only
 * Weighted virtual time, as the kernel's example schedulers keep it. Include it after scx/common.bpf.h.
 */
#ifndef SIMSCHED_VTIME_BPF_H
#define SIMSCHED_VTIME_BPF_H

/* The later of two. */
static __always_inline u64 vtime_later(u64 a, u64 b) { return time_before(a, b) ? b : a; }

/* Where a task queues: who slept long may not make up for all of it at once, but for a slice. */
static __always_inline u64 vtime_key(u64 vtime, u64 now, u64 slice) { return vtime_later(vtime, now - slice); }

/* After so much time on a CPU; weight 100 is nice 0. */
static __always_inline u64 vtime_after(u64 vtime, u64 used, u64 weight) { return vtime + used * 100 / weight; }

#endif
