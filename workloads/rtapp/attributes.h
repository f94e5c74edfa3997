// What the numbers of an rt-app file mean.
#pragma once

#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {

SchedPolicy kernel_policy(Scheduling::Policy policy);

// What `priority` means hangs on the policy. Throw Error for what that has not.
uint8_t rt_priority(const Scheduling& scheduling, const std::string& where);
int8_t nice(const Scheduling& scheduling, const std::string& where);
// Of SCHED_DEADLINE: `of_task`, where a phase does not say otherwise. Throws Error for what the kernel refuses.
Reservation reservation(const Scheduling& of_task, const Scheduling& of_phase, const std::string& where);
// Custom slice, as the kernel limits it; 0: none.
Nanos slice(Scheduling::Policy policy, Nanos runtime);

// Whole loops of `piece`, in bursts of a second; 0: all of it.
Work run_work(Nanos time, Nanos piece);
// Of kMem, kMemRead, kMemWrite, kMemChase.
Work memory_work(const Event& event);

}  // namespace simsched::rtapp
