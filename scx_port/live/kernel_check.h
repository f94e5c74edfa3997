// Whether the running kernel and this process can load a sched_ext scheduler, and what is missing.
#pragma once

#include <string>
#include <vector>

namespace simsched::live {

// One sentence for each thing that is missing; empty: all is there.
std::vector<std::string> kernel_problems();

std::string kernel_release();  // "6.18.12+deb13-cloud-amd64"

// "disabled", "enabled", ...; empty where there is no sched_ext.
std::string sched_ext_state();
// How many schedulers were enabled since the kernel booted, and how often a CPU came or went; empty where not known.
std::string enable_sequence();
std::string hotplug_sequence();
// The name of the scheduler that is attached; empty: none.
std::string attached_scheduler();

// What a loader needs of root's rights: CAP_BPF and CAP_PERFMON. Drops all others, for good.
void keep_needed_capabilities();

}  // namespace simsched::live
