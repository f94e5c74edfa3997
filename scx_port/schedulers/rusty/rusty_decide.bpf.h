/* SPDX-License-Identifier: GPL-2.0-only
 * scx_rusty: what it decides, as pure functions of their inputs. Part of rusty.bpf.c; the arithmetic is rusty_math.h's.
 */
enum {
	RUSTY_PLACE,    /* facts about CPUs (PLACE_*) -> attempts, 4 bits each, the first one lowest */
	RUSTY_FOLLOW,   /* request: task, domain; task, its domain, domains, balancer -> domain, or RUSTY_NO_DOM */
	RUSTY_CLAMP,    /* vtime, the domain's, slice -> vtime */
	RUSTY_LENGTH,   /* avg_runtime, waker_freq, blocked_freq, weight -> what the deadline adds to the vtime */
	RUSTY_USED,     /* vtime, run time, weight -> vtime */
	RUSTY_AVERAGE,  /* average, new value -> average */
	RUSTY_FREQ,     /* frequency, interval -> frequency */
	RUSTY_STEAL,    /* own domain and node, from domain and node, another node?, tasks there, threshold -> try it */
	RUSTY_DOMAIN,   /* domains where it may run, where its memory is, start of the round -> domain, or RUSTY_NO_DOM */
	RUSTY_CLOCK,    /* the domain's vtime, vtime of who runs -> the domain's vtime */
};

/* Facts for RUSTY_PLACE. */
enum {
	PLACE_DOMESTIC   = 1 << 0, /* the previous CPU is of the task's domain */
	PLACE_PREV_CORE  = 1 << 1, /* all of its core is idle */
	PLACE_PREV_ROOM  = 1 << 2, /* its domain has room for foreign tasks, and the task may use it */
	PLACE_CORES      = 1 << 3, /* there are idle cores */
	PLACE_ANYWHERE   = 1 << 4, /* the task may use every CPU */
	PLACE_GREEDY     = 1 << 5, /* there are domains with room */
};

/* Attempts to find an idle CPU. 0 ends the list. */
enum {
	TRY_PREV = 1,
	TRY_PREV_FOREIGN,
	TRY_OWN_CORE,
	TRY_OWN,
	TRY_NEAR_CORE,
	TRY_FAR_CORE,
	TRY_NEAR,
	TRY_FAR,
	MAX_TRIES = 8,
};

static __always_inline u64 plan_place(u64 facts)
{
	u64 plan = 0;
	u32 at = 0;

#define ADD(attempt) ({ plan |= (u64)(attempt) << at; at += 4; })
	/* The previous CPU, when all of its core is idle; a foreign one only while its domain has room. */
	if (facts & PLACE_PREV_CORE) {
		if (facts & PLACE_DOMESTIC)
			ADD(TRY_PREV);
		else if (facts & PLACE_PREV_ROOM)
			ADD(TRY_PREV_FOREIGN);
	}
	if (facts & PLACE_CORES)
		ADD(TRY_OWN_CORE);
	/* The previous CPU although its sibling is busy, then any CPU of the domain. */
	if (facts & PLACE_DOMESTIC)
		ADD(TRY_PREV);
	ADD(TRY_OWN);
	/* Domains with room, for a task that may run anywhere: those near its previous CPU first, whole cores first. */
	if ((facts & PLACE_ANYWHERE) && (facts & PLACE_GREEDY)) {
		if (facts & PLACE_CORES) {
			ADD(TRY_NEAR_CORE);
			ADD(TRY_FAR_CORE);
		}
		ADD(TRY_NEAR);
		ADD(TRY_FAR);
	}
#undef ADD
	return plan;
}

/* The first of `doms` from `start` on, and round. */
static __always_inline u64 first_from(u64 doms, u64 start)
{
	u64 after = doms & ~((1ULL << (start & 63)) - 1), from = after ? after : doms;

	return from ? bit_length(from & -from) - 1 : RUSTY_NO_DOM;
}

static __always_inline u64 rusty_decide(u32 kind, const u64 *in)
{
	switch (kind) {
	case RUSTY_PLACE:
		return plan_place(in[0]);
	case RUSTY_FOLLOW:
		if (in[0] != in[2] || in[1] == in[3] || in[1] >= in[4])
			return RUSTY_NO_DOM;
		return in[5] == RUSTY_LB_AS_CODED ? in[3] : in[1];
	case RUSTY_CLAMP:
		return vtime_key(in[0], in[1], in[2]);
	case RUSTY_LENGTH: {
		u32 lat = latency_priority(in[2], in[1], in[0], in[3]);

		return deadline_length(in[0], prio_to_weight[(DL_MAX_LAT_PRIO - 1 - lat) & 63]);
	}
	case RUSTY_USED:
		return in[0] + scale_inverse(in[1], in[2]);
	case RUSTY_AVERAGE:
		return moving_average(in[0], in[1]);
	case RUSTY_FREQ:
		return update_freq(in[0], in[1]);
	case RUSTY_STEAL:
		if (in[2] == in[0] || (in[3] != in[1]) != in[4])
			return false;
		/* Upstream's help text has it the other way round; this is what its code does. */
		return !in[4] || in[5] < in[6];
	case RUSTY_DOMAIN:
		return first_from(in[0] & in[1] ? in[0] & in[1] : in[0], in[2]);
	case RUSTY_CLOCK:
		return vtime_later(in[0], in[1]);
	}
	return 0;
}
