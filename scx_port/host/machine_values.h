// What the settings of a scheduler say of the machine, in place of numbers: "$smt", "$cpu.llc", "$sizeof task_ctx". A
// loader finds them out before it attaches; here they follow from the simulated machine, so that one text sets a
// scheduler up on any. See docs/sched_ext.md.
#pragma once

#include "base/tunables.h"
#include "bpf/btf.h"
#include "topology/machine.h"

namespace simsched::bpf {

// The same settings with numbers and lists:
//   $NAME of the machine, $THING.NAME of each cpu, core, llc or node: a list, by number;
//   {each: THING, KEY: $THING.NAME}: a list of such maps, where $THING.NAME is that one's own;
//   {when: VALUE, ...} in a list: left out where the value is false or 0;
//   "$NAME OP NUMBER" with one of * / + - == != < >.
// Throws Error for a name that there is not, or more values than anybody needs.
Tunables resolve_machine_values(const Tunables& settings, const Machine& machine, const Btf& btf);

}  // namespace simsched::bpf
