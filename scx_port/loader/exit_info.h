// How a scheduler ended, as the kernel told its BPF half (UEI_DEFINE(uei) in scx/user_exit_info.bpf.h).
#pragma once

#include <cstdint>
#include <string>

#include "scx_port/live/kernel_object.h"

namespace simsched::live {

struct ExitInfo {
  int64_t kind = 0;   // enum scx_exit_kind; 0: it runs
  uint64_t code = 0;  // exit_code
  std::string reason, message, dump;

  bool ended() const { return kind != 0; }
  // A CPU came or went (hotplug), and the kernel would have the scheduler loaded again.
  bool wants_restart() const;
  // Of this process: 0 ended by somebody's wish, 42 stall, 43 any other error.
  int process_exit_code() const;
  std::string text() const;  // "runnable task stall: stallme[594] failed to run for 7.356s"
};

// Room for the kernel's debug dump; before load().
void make_room_for_dump(KernelObject& object, const std::string& ops);
ExitInfo read_exit_info(KernelObject& object);
// Of a scheduler that is gone and has recorded nothing (no UEI_RECORD()).
ExitInfo unrecorded_exit(bool cpus_changed);

}  // namespace simsched::live
