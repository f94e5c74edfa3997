// Small files, as /proc and /sys are made of, and what the guest's checks read there.
#pragma once

#include <sys/types.h>

#include <string>

namespace simsched::guest {

std::string read_text(const std::string& path);  // empty: there is none
std::string first_line(const std::string& path);
bool write_text(const std::string& path, const std::string& text);
size_t count(const std::string& text, const std::string& part);

std::string scx(const std::string& file);  // of /sys/kernel/sched_ext
inline bool scheduler_is(const std::string& state) { return scx("state") == state; }

// Whether the kernel's sched_ext class has a task; of threads: its folder in /proc.
bool in_ext(const std::string& folder = "/proc/self");
// All threads of the machine that the fair class would have otherwise, kernel threads too.
struct Classes {
  int ext = 0, other = 0;
  std::string first_ext, first_other;  // "kworker/1:0[23]"
};
Classes count_classes();

std::string kernel_log();

}  // namespace simsched::guest
