/* SPDX-License-Identifier: GPL-2.0-only
 *
 * rusty_ml: scx_rusty with a learned model at three places: where a waking task goes, what a free CPU takes from a
 * queue, and, in user space (rusty_ml_user.h), what the balancer moves. The model answers "move", "stay", or nothing
 * that it is sure of, and then scx_rusty decides; so it does when there is no model, and without a gate this is
 * scx_rusty. All that is not named here is scx_rusty's own source (../rusty/).
 *
 * The question is always the same: shall this task go from the CPU where it is to that one? (ml/model/features.h).
 * A waking task: from its last CPU to each of up to eight others that scx_rusty might choose; the best one, if it is to
 * move at all. A free CPU: each of the first few tasks of its domain's queue, then of others', to this CPU.
 *
 * "Stay" needs a queue of its own: scx_rusty's tasks wait for any CPU of their domain. Who stays waits for its CPU, in
 * the order of deadlines with those of the domain.
 *
 * Whatever the model says: a task runs only where it may; it waits behind max_waiting others at most; it is not made to
 * wait beside an idle CPU for longer than a limit, nor longer than another when all are busy; it moves by the
 * model's will only as often as its bucket of tokens allows. Each of these has a counter.
 *
 *   rusty_ml.h, rusty_ml_rules.h   shared with user space: layouts; the rules
 *   rusty_ml_state.bpf.h           options, maps, what is known of tasks
 *   rusty_ml_decide.bpf.h          what is decided, as pure functions
 *   rusty_ml_ask.bpf.h             question and answer
 *   rusty_ml_place.bpf.h           waking
 *   rusty_ml_steal.bpf.h           taking and rescue
 */
#include <scx/common.bpf.h>
#include <simsched/decision.bpf.h>
#include <simsched/model.bpf.h>
#include <simsched/vtime.bpf.h>

#include "../rusty/rusty.h"
#include "../rusty/rusty_math.h"
#include "rusty_ml.h"
#include "rusty_ml_rules.h"

char _license[] SEC("license") = "GPL";

#include "../rusty/rusty_state.bpf.h"
#include "../rusty/rusty_decide.bpf.h"
#include "../rusty/rusty_load.bpf.h"

#include "rusty_ml_state.bpf.h"
#include "rusty_ml_decide.bpf.h"
#include "rusty_ml_ask.bpf.h"
#include "rusty_ml_steal.bpf.h"

#include "../rusty/rusty_place.bpf.h"
#include "rusty_ml_place.bpf.h"
#include "../rusty/rusty_init.bpf.h"
#include "../rusty/rusty_callbacks.bpf.h"

RUSTY_OPS_DEFINE(rusty_ml_ops, "rusty_ml")
