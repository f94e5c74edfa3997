// What the numbers of an rt-app file mean.
#pragma once

#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {

// SCHED_DEADLINE, which is not modelled, is SCHED_FIFO of the highest priority.
SchedPolicy kernel_policy(Scheduling::Policy policy);

// What `priority` means hangs on the policy, which is that of `scheduling` or the one before. Throw Error for what that
// policy has not.
uint8_t rt_priority(Scheduling::Policy policy, const Scheduling& scheduling, const std::string& where);
int8_t nice(const Scheduling& scheduling, const std::string& where);
// Custom slice, as the kernel limits it; 0: none.
Nanos slice(Scheduling::Policy policy, Nanos runtime);

// Whole loops of `piece`, in bursts of a second; 0: all of it.
Work run_work(Nanos time, Nanos piece);
// Of kMem, kMemRead, kMemWrite, kMemChase.
Work memory_work(const Event& event);

}  // namespace simsched::rtapp
