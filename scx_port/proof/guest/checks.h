// What a scheduler must do on a real kernel, in groups; the kernel's command line says which:
// simsched.checks=GROUP,GROUP... Every group begins and ends without a scheduler.
#pragma once

#include <string>

#include "scx_port/proof/guest/report.h"

namespace simsched::guest {

class Loader;
bool attaches(Report& report, const std::string& name, Loader& loader);  // what most begin with

bool check_kernel(Report& report);   // always, first; false: no scheduler loads in this kernel
void check_basic(Report& report);    // loads, schedules all tasks under load, CPUs come and go, ends when told so
void check_log(Report& report);      // logs decisions for the host to compare; ended by the kernel's SysRq key
void check_end(Report& report);      // ... only the latter, for policies that have no decisions
void check_trace(Report& report);    // a recording of tasks under it for the host to read; its loader is killed
void check_model(Report& report);    // the model is replaced while it decides
void check_weights(Report& report);  // nice values give shares, as virtual time does
void check_repeat(Report& report);   // the same little work, for two boots to be compared
void check_costs(Report& report);    // what each callback costs, by the kernel's own statistics
void check_bad(Report& report);      // schedulers with a fault are ended or refused
void check_sound(Report& report);    // always, last: the kernel has nothing to complain of

// Parts of them, with a loader that is attached.
void check_hotplug(Report& report, Loader& loader);
void check_sysrq(Report& report, Loader& loader);  // ends it
void check_kill(Report& report, Loader& loader);   // ends it

}  // namespace simsched::guest
