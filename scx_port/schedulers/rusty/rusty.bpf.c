/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scx_rusty: a multi-domain scheduler with a load balancer in user space, written anew after the published behaviour
 * of the scheduler of that name (sched-ext/scx, main 7a58a3a1a of 2026-08-07). Its other half is rusty_user.h.
 *
 * The CPUs of a last-level cache form a domain, and a domain has one queue, ordered by deadline. A task belongs to a
 * domain. It is placed on idle CPUs of that domain, or on those of other domains with room ("greedy"); a CPU whose
 * queue is empty takes tasks from the queues of others. User space moves tasks between domains when their loads
 * differ (every 2 s), and says which domains have room and how long slices are (every 100 ms).
 *
 *   rusty.h, rusty_math.h   shared with user space: layouts; decaying averages, deadlines
 *   rusty_state.bpf.h       options, globals, maps
 *   rusty_decide.bpf.h      what is decided, as pure functions
 *   rusty_load.bpf.h        load, deadline, choice of domain
 *   rusty_place.bpf.h       choice of CPU, stealing
 *   rusty_hooks.bpf.h       where another policy decides otherwise: here, nowhere
 *   rusty_init.bpf.h        the start
 *   rusty_callbacks.bpf.h   the callbacks
 *
 * Differences from the original: user space learns of tasks through the hash `task_loads` and makes its requests
 * through the hash `lb_requests`, both by pid, where the original has task contexts in an arena.
 * vtime: scx_bpf_dsq_insert_vtime() sets p->scx.dsq_vtime to the key it is given, which here is the deadline, so that
 * tasks that wait in a queue go on from their deadline. It is so in the original, and kept.
 *
 * Compile: clang -target bpf -g -O2 -mcpu=v3 -I scx_port/include -c rusty.bpf.c
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>
#include <simsched/vtime.bpf.h>

#include "rusty.h"
#include "rusty_math.h"

char _license[] SEC("license") = "GPL";

#include "rusty_state.bpf.h"
#include "rusty_decide.bpf.h"
#include "rusty_load.bpf.h"
DECISIONS(rusty_decide)
#include "rusty_hooks.bpf.h"
#include "rusty_place.bpf.h"
#include "rusty_init.bpf.h"
#include "rusty_callbacks.bpf.h"

RUSTY_OPS_DEFINE(rusty_ops, "rusty")
