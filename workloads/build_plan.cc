#include "workloads/build_plan.h"

#include <algorithm>

#include "base/int128.h"

namespace simsched {
namespace {

int64_t objects_of(const BuildMake& make, const BuildModel& model) {
  int64_t count = 0;
  for (const BuildItem& item : make.items) {
    if (!item.make.empty())
      count += objects_of(item.make[0], model);
    else if (model.kinds[item.runs.job].object)
      count += item.runs.times;
  }
  return count;
}

// Shares out the objects, so that what one folder is short of the next one gets.
class Planner {
 public:
  Planner(const BuildModel& model, int64_t objects)
      : model_(model),
        recorded_(std::max(model.objects(), int64_t{1})),
        objects_(objects),
        copies_(std::max(objects / recorded_, int64_t{1})) {}

  BuildMake plan(const BuildMake& make, bool copied) {
    BuildMake made{make.start, make.each, make.end, {}};
    bool then = false;  // of an item that is left out
    auto add = [&](BuildItem item) {
      item.then |= then;
      then = false;
      made.items.push_back(std::move(item));
    };
    for (const BuildItem& item : make.items) {
      then |= item.then;
      if (item.make.empty()) {
        BuildItem kept = item;
        if (model_.kinds[item.runs.job].object) kept.runs.times = share(item.runs.times, copied);
        if (kept.runs.times > 0) add(std::move(kept));
        continue;
      }
      const bool copy = !copied && !item.then;
      for (int64_t i = 0; i < (copy ? copies_ : 1); ++i) {
        BuildItem kept{item.then && i == 0, {}, {plan(item.make[0], copied || copy)}};
        if (objects_of(item.make[0], model_) == 0 || objects_of(kept.make[0], model_) > 0) add(std::move(kept));
      }
    }
    return made;
  }

 private:
  int64_t share(int64_t times, bool copied) {
    const Int128 whole = Int128{recorded_} * copies_;
    const Int128 due = carry_ + Int128{times} * objects_ * (copied ? 1 : copies_);
    carry_ = due % whole;
    return static_cast<int64_t>(due / whole);
  }

  const BuildModel& model_;
  const int64_t recorded_, objects_, copies_;
  Int128 carry_ = 0;
};

constexpr int64_t kTooMany = INT64_MAX / 4;

int64_t add_up(int64_t sum, int64_t times, int64_t each) {
  const Int128 all = sum + Int128{times} * each;
  return all > kTooMany ? kTooMany : static_cast<int64_t>(all);
}

void count_jobs(const BuildMake& make, std::vector<int64_t>& counts) {
  for (const BuildItem& item : make.items) {
    if (!item.make.empty())
      count_jobs(item.make[0], counts);
    else
      counts[item.runs.job] += item.runs.times;
  }
}

int64_t count_tasks(const BuildMake& make, const std::vector<int64_t>& by_kind) {
  int64_t count = 1;
  for (const BuildItem& item : make.items) {
    if (!item.make.empty())
      count = add_up(count, 1, count_tasks(item.make[0], by_kind));
    else
      count = add_up(count, item.runs.times, by_kind[item.runs.job]);
  }
  return count;
}

}  // namespace

int64_t BuildModel::objects() const { return objects_of(root, *this); }

BuildMake build_plan(const BuildModel& model, int64_t objects) {
  return Planner(model, objects).plan(model.root, false);
}

std::vector<int64_t> jobs_of(const BuildMake& make, size_t kinds) {
  std::vector<int64_t> counts(kinds);
  count_jobs(make, counts);
  return counts;
}

std::vector<int64_t> tasks_by_kind(const BuildModel& model) {
  std::vector<int64_t> counts;
  for (const BuildJob& job : model.kinds) {
    int64_t count = 0;
    for (const BuildProcess& process : job.processes) {
      count = add_up(count, 1, 1);
      for (const BuildRuns& runs : process.loop) count = add_up(count, runs.times, counts[runs.job]);
    }
    counts.push_back(count);
  }
  return counts;
}

int64_t tasks_of(const BuildMake& make, const BuildModel& model) { return count_tasks(make, tasks_by_kind(model)); }

}  // namespace simsched
