// The policies that sched_ext hosts: those in scx_port/schedulers, and any other .bpf.c that a config names.
#pragma once

#include <vector>

#include "policies/registry.h"

namespace simsched {

// scx_simple, scx_packet, scx_packet_even, scx_rusty, scx_gate; and `bpf`, whose tunable `bpf` is the path of a .bpf.c
// or .bpf.o.
std::vector<PolicyEntry> scx_policies();

}  // namespace simsched
