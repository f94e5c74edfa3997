#include "scx_port/schedulers/rusty/tuner.h"

#include <algorithm>

#include "base/error.h"
#include "scx_port/schedulers/rusty/fixed.h"

namespace simsched::rusty {
namespace {

constexpr int64_t kWhole = 1'000'000'000;
// At least this busy on average, all CPUs count as never idle: 99.999 %.
constexpr int64_t kFull = 999'990'000;

bool under(int64_t busy_sum, size_t nr_cpus, int64_t percent) {
  return percent >= 100 || busy_sum * 100 < percent * kWhole * static_cast<int64_t>(nr_cpus);
}

void add_cpus(uint64_t* words, const CpuSet& cpus) {
  for (CpuId cpu : cpus) words[cpu.index() / 64] |= uint64_t{1} << (cpu.index() % 64);
}

}  // namespace

int64_t busy_share(const UserHost::CpuUse& before, const UserHost::CpuUse& after) {
  int64_t busy = (after.busy - before.busy).count(), total = (after.total - before.total).count();
  if (total <= 0) return 0;
  return static_cast<int64_t>(Wide{std::clamp<int64_t>(busy, 0, total)} * kWhole / total);
}

Tuning tune(const std::vector<UserHost::CpuUse>& before, const std::vector<UserHost::CpuUse>& after,
            const Domains& domains, const Options& options) {
  SIMSCHED_CHECK(before.size() == after.size() && after.size() >= domains.cpu_dom.size(), "the use of every CPU");
  Tuning tuning;
  int64_t sum = 0;
  for (const Domains::Domain& domain : domains.domains) {
    int64_t busy = 0;
    for (CpuId cpu : domain.cpus) busy += busy_share(before[cpu.index()], after[cpu.index()]);
    sum += busy;
    size_t nr = domain.cpus.size();
    if (under(busy, nr, options.direct_greedy_under)) add_cpus(tuning.values.direct_greedy, domain.cpus);
    if (under(busy, nr, options.kick_greedy_under)) add_cpus(tuning.values.kick_greedy, domain.cpus);
  }
  tuning.fully_utilized = sum >= kFull * static_cast<int64_t>(domains.nr_cpus);
  tuning.values.slice_ns =
      static_cast<uint64_t>(tuning.fully_utilized ? options.slice_us_overutil : options.slice_us_underutil) * 1000;
  return tuning;
}

}  // namespace simsched::rusty
