// This process's capabilities, as capget() and capset() know them.
#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simsched::live {

// Version 3 has 64 capabilities, in two words.
struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct words[2]{};

  bool read() { return syscall(SYS_capget, &header, words) == 0; }
  bool write() { return syscall(SYS_capset, &header, words) == 0; }
  bool has(int capability) const { return (words[capability / 32].effective >> (capability % 32) & 1) != 0; }
};

}  // namespace simsched::live
