// What a scheduler must do on a real kernel, in groups; the kernel's command line says which:
// simsched.checks=GROUP,GROUP... Every group begins and ends without a scheduler.
#pragma once

#include <string>

#include "scx_port/vm/guest/report.h"

namespace simsched::guest {

class Loader;
bool attaches(Report& report, const std::string& name, Loader& loader);  // what most begin with

bool check_kernel(Report& report);   // always, first; false: no scheduler loads in this kernel
void check_basic(Report& report);    // loads, schedules all tasks under load, ends when told so
void check_weights(Report& report);  // nice values give shares, as virtual time does
void check_ends(Report& report);     // killed, ended by the kernel's SysRq key, CPUs that come and go
void check_model(Report& report);    // the model is replaced while it decides
void check_log(Report& report);      // logs decisions, for the host to compare
void check_repeat(Report& report);   // the same little work, for two boots to be compared
void check_trace(Report& report);    // a recording of tasks under it, for the host to read
void check_bad(Report& report);      // schedulers with a fault are ended or refused
void check_sound(Report& report);    // always, last: the kernel has nothing to complain of

}  // namespace simsched::guest
