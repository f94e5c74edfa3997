#include "sweep/simulate.h"

#include <set>
#include <string_view>

#include "base/parallel.h"

namespace simsched {

std::vector<const SweepItem*> missing_runs(const Sweep& sweep, const Journal& journal, const Shard& shard) {
  std::vector<const SweepItem*> missing;
  std::set<std::string_view> seen;
  for (size_t i = shard.number - 1; i < sweep.items().size(); i += shard.count) {
    const SweepItem& item = sweep.items()[i];
    if (!journal.has(item.key) && seen.insert(item.key).second) missing.push_back(&item);
  }
  return missing;
}

bool simulate(const Sweep& sweep, const std::vector<const SweepItem*>& runs, Journal& journal, int jobs,
              const std::function<bool()>& stop, const Progress& progress) {
  auto run = [&](size_t i) {
    if (!stop || !stop()) journal.add(sweep.run(*runs[i]));
  };
  parallel_for(runs.size(), jobs, run, progress);
  return !stop || !stop();
}

}  // namespace simsched
