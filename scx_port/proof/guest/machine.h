// The virtual machine from inside: what its first process has to do before, after, and at the end.
#pragma once

#include <string>

namespace simsched::guest {

void set_up_machine();  // mounts, folders, the console

// QEMU lets an emulated CPU run until the next of its timers expires, which may take milliseconds in which no other
// gets on. A timer that nobody listens to makes the turns so short: the old one of PCs; on arm64 that of a watchdog.
void shorten_turns(int us);

// A word of the kernel's command line: "basic,log" of simsched.checks=basic,log.
std::string command_line(const std::string& name);

// The files in `folder` as a tar archive, through the virtio port "out". False: there is no port, or it took not all.
bool send_files(const std::string& folder);

// Ends the machine; QEMU's exit code is 2 * code + 1.
[[noreturn]] void end_machine(int code);

}  // namespace simsched::guest
