/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The arithmetic of scx_rusty: decaying averages and deadlines. Integers only, no loops, no kernel types: the BPF
 * program, the user-space half and the tests compile the same functions.
 */
#ifndef SIMSCHED_RUSTY_MATH_H
#define SIMSCHED_RUSTY_MATH_H

#include "rusty.h"

#ifdef __cplusplus
namespace simsched::rusty {
#endif

/* ---- Decaying average ------------------------------------------------------------------------------------------
 * Time is cut into windows of one half-life, aligned to multiples of it. `old` is the average at the start of the
 * current window, `cur` the integral of the value over this window, as a share of it. When a window ends, the average
 * becomes (old + cur) / 2; in between it is read as old * (1 - P/2) + cur/2, P being the share of the window that has
 * passed. All three agree at the border. Values below 2^24 (tasks), shares in 20 bits: nothing overflows.
 */
enum { RAVG_FRAC_BITS = 20 };
#define RAVG_ONE (1ULL << RAVG_FRAC_BITS)

static inline u64 ravg_share(u64 time, u64 half_life)
{
	return (time << RAVG_FRAC_BITS) / half_life;
}

static inline u64 ravg_shift(u64 value, u64 by)
{
	return by < 64 ? value >> by : 0;
}

/* Brings old and cur to `now` and sets the value that holds from now on. Time that runs backwards stands still. */
static inline void ravg_accumulate(struct rusty_ravg *r, u64 new_val, u64 now, u64 half_life)
{
	u64 val = r->val, at = r->val_at, windows, in_window;

	r->val = new_val;
	if (now <= at)
		return;
	r->val_at = now;

	windows = now / half_life - at / half_life;
	if (!windows) {
		r->cur += val * ravg_share(now - at, half_life);
		return;
	}
	in_window = now % half_life;
	/* The window that `at` lies in, to its end; then whole windows of the same value; then a part of one. */
	r->cur += val * ravg_share(half_life - at % half_life, half_life);
	r->old = (r->old + r->cur) >> 1;
	val <<= RAVG_FRAC_BITS;
	r->old = ravg_shift(r->old, windows - 1) + (val - ravg_shift(val, windows - 1));
	r->cur = (val >> RAVG_FRAC_BITS) * ravg_share(in_window, half_life);
}

/* The average at `now`, in 2^-20. */
static inline u64 ravg_read(const struct rusty_ravg *r, u64 now, u64 half_life)
{
	struct rusty_ravg at_now = *r;
	u64 share;

	ravg_accumulate(&at_now, r->val, now, half_life);
	share = ravg_share(at_now.val_at % half_life, half_life);
	return ((at_now.old * (RAVG_ONE - (share >> 1))) >> RAVG_FRAC_BITS) + (at_now.cur >> 1);
}

static inline u64 sub_or_zero(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

/* Adds or takes away the history `part`, which must have been brought to the same time; the current value follows. */
static inline void ravg_join(struct rusty_ravg *r, const struct rusty_ravg *part, u64 now, u64 half_life)
{
	ravg_accumulate(r, r->val + part->val, now, half_life);
	r->old += part->old;
	r->cur += part->cur;
}

static inline void ravg_leave(struct rusty_ravg *r, const struct rusty_ravg *part, u64 now, u64 half_life)
{
	ravg_accumulate(r, sub_or_zero(r->val, part->val), now, half_life);
	r->old = sub_or_zero(r->old, part->old);
	r->cur = sub_or_zero(r->cur, part->cur);
}

/* Weights of 100 to a bucket; the last one takes the greatest weight, too. */
static inline u32 bucket_of(u32 weight)
{
	u32 bucket = weight * RUSTY_BUCKETS / RUSTY_MAX_WEIGHT;

	return bucket < RUSTY_BUCKETS ? bucket : RUSTY_BUCKETS - 1;
}

/* ---- Deadline ------------------------------------------------------------------------------------------------ */
#define DL_RUNTIME_SCALE 2
#define DL_MAX_LATENCY_NS 50000000ULL
#define DL_FREQ_FT_MAX 100000ULL
#define DL_MAX_LAT_PRIO 39
#define DL_FREQ_PERIOD_NS 100000000ULL

/* Length in bits, at least 1. In BPF a global function: the verifier follows its 64 ways once, and not once more for
 * each way that led to a call. */
#ifdef __cplusplus
static inline
#else
__attribute__((noinline))
#endif
u32 bit_length(u64 v)
{
	u32 length = 1;

	if (v >> 32) {
		length += 32;
		v >>= 32;
	}
	if (v >> 16) {
		length += 16;
		v >>= 16;
	}
	if (v >> 8) {
		length += 8;
		v >>= 8;
	}
	if (v >> 4) {
		length += 4;
		v >>= 4;
	}
	if (v >> 2) {
		length += 2;
		v >>= 2;
	}
	if (v >> 1)
		length += 1;
	return length;
}

static inline u64 moving_average(u64 old_value, u64 new_value)
{
	return old_value - (old_value >> 2) + (new_value >> 2);
}

/* How often in 100 ms, as a moving average; an interval of 0 counts as never, as BPF divides. */
static inline u64 update_freq(u64 freq, u64 interval)
{
	return moving_average(freq, interval ? DL_FREQ_PERIOD_NS / interval : 0);
}

/* Weight 100 is nice 0. */
static inline u64 scale_by_weight(u64 value, u32 weight)
{
	return value * weight / 100;
}

static inline u64 scale_inverse(u64 value, u32 weight)
{
	return weight ? value * 100 / weight : 0;
}

/* 0..38: tasks that wake others and block often are critical, those that then run long are less so. */
static inline u32 latency_priority(u64 blocked_freq, u64 waker_freq, u64 avg_runtime, u32 weight)
{
	u64 blocked = blocked_freq < DL_FREQ_FT_MAX ? blocked_freq : DL_FREQ_FT_MAX;
	u64 waker = waker_freq < DL_FREQ_FT_MAX ? waker_freq : DL_FREQ_FT_MAX;
	u64 runtime = avg_runtime / DL_RUNTIME_SCALE;
	u32 lat, run;

	lat = bit_length(scale_by_weight(blocked * waker * waker, weight) + 1);
	if (lat > DL_MAX_LAT_PRIO)
		lat = DL_MAX_LAT_PRIO;
	if (runtime > DL_MAX_LATENCY_NS)
		runtime = DL_MAX_LATENCY_NS;
	run = bit_length(scale_inverse(runtime, weight) + 1);
	return lat > run ? lat - run : 0;
}

/* What the deadline adds to the vtime, given sched_prio_to_weight[38 - latency_priority]. */
static inline u64 deadline_length(u64 avg_runtime, u32 prio_weight)
{
	return scale_inverse(avg_runtime, prio_weight < RUSTY_MAX_WEIGHT ? prio_weight : (u32)RUSTY_MAX_WEIGHT);
}

/* The weights of nice -20 to 19, each step a factor of about 1.25 (sched_prio_to_weight of the kernel's
 * kernel/sched/core.c); part of the kernel's interface by now. */
#define RUSTY_PRIO_TO_WEIGHT { \
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, \
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277, \
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, \
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15 }

#ifdef __cplusplus
}  // namespace simsched::rusty
#endif
#endif
