// What can be set of scx_rusty, under the names of its command line ("-" is "_"), with its defaults.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"
#include "base/tunables.h"
#include "scx_port/schedulers/rusty/rusty.h"

namespace simsched::rusty {

struct Options {
  int64_t slice_us_underutil = 20000;  // while any CPU is idle at times
  int64_t slice_us_overutil = 1000;    // while none is
  Nanos interval = 2_s;                // of the balancer
  Nanos tune_interval = 100_ms;
  Nanos load_half_life = 1_s;
  int64_t greedy_threshold = 1;         // 0: no stealing from other domains
  int64_t greedy_threshold_x_numa = 0;  // 0: none from other nodes
  int64_t direct_greedy_under = 90;     // percent: a domain busier than this takes in no foreign tasks; 100: all do
  int64_t kick_greedy_under = 100;      // percent: ... and is not told of foreign tasks
  bool direct_greedy_numa = false;
  bool kthreads_local = false;
  bool balanced_kworkers = false;  // kworkers are left to the workqueues' own balancing
  bool fifo_sched = false;
  bool mempolicy_affinity = false;
  int64_t perf = 0;  // fixed performance level of all CPUs, of 1024; 0: the governor decides
  std::string balancer = "as_designed";

  void bind(TunableReader& reader);
  rusty_balancer balancer_kind() const;
};

}  // namespace simsched::rusty
