// The tuner: how busy the CPUs were since its last look decides how long slices are and which domains take in tasks of
// others.
#pragma once

#include <vector>

#include "scx_port/schedulers/rusty/rusty.h"
#include "scx_port/schedulers/rusty/domains.h"
#include "scx_port/schedulers/rusty/options.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::rusty {

struct Tuning {
  bool fully_utilized = false;  // no CPU was ever idle; the balancer then looks at weights, too
  rusty_tune values{};          // without `gen`
};

// Share of its time that a CPU was busy, in 1e-9; waiting for I/O is not. 0 when no time has passed.
int64_t busy_share(const UserHost::CpuUse& before, const UserHost::CpuUse& after);

Tuning tune(const std::vector<UserHost::CpuUse>& before, const std::vector<UserHost::CpuUse>& after,
            const Domains& domains, const Options& options);

}  // namespace simsched::rusty
