#include "fit/background.h"

namespace simsched::fit {
namespace {

constexpr size_t kFewest = 20;  // sleeps

// A parent stands before its children.
std::vector<bool> descendants(const Workload& workload, TaskId root) {
  std::vector<bool> below(workload.tasks.size());
  below[root.index()] = true;
  for (size_t i = root.index() + 1; i < below.size(); ++i) {
    const TaskId parent = workload.tasks[i].parent;
    below[i] = parent.valid() && below[parent.index()];
  }
  return below;
}

}  // namespace

void fit_background(const BuildTree& tree, TaskId root, Nanos length, BuildModel& model) {
  const Workload& workload = tree.workload();
  const std::vector<bool> build = descendants(workload, root);
  std::vector<int64_t> asked;  // work of a worker whom a task woke
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& spec = workload.tasks[i];
    if (build[i]) continue;
    std::vector<int64_t> sleeps, works;
    int64_t ticks = 0, elsewhere = 0, slept = 0;
    const bool worker = tree.name(TaskId(i)).starts_with("kworker/");
    std::vector<int64_t>* doing = nullptr;
    for (const Op& op : workload.program(TaskId(i))) {
      if (op.kind == OpKind::kSleep) {
        sleeps.push_back(op.value);
        slept += op.value;
        works.push_back(0);
        ticks += (op.flags & kOpTick) != 0;
        elsewhere += (op.flags & kOpElsewhere) != 0;
        doing = &works;
      } else if (op.kind == OpKind::kWait) {
        doing = worker ? &asked : nullptr;
        if (worker) asked.push_back(0);
      } else if (op.kind == OpKind::kCompute && doing != nullptr) {
        doing->back() += op.value;
      }
    }
    // Block I/O is done by workers of high priority: that of the build asks for them itself, what is left is the
    // recorder's.
    if (sleeps.size() < kFewest || (worker && tree.name(TaskId(i)).ends_with('H'))) continue;
    if (!spec.kthread && slept < length.count() * 3 / 4) continue;
    BuildBackground thread{
        tree.name(TaskId(i)), 1, {}, {}, 2 * ticks > static_cast<int64_t>(sleeps.size()), 0, false, -1};
    thread.user = !spec.kthread;
    thread.elsewhere = static_cast<int32_t>(100 * elsewhere / static_cast<int64_t>(sleeps.size()));
    thread.sleep = Distribution::of(sleeps);
    thread.work = Distribution::of(works);
    if (spec.affinity != AffinityId(0)) thread.cpu = workload.affinities[spec.affinity.index()].first_cpu().value();
    model.background.push_back(std::move(thread));
  }
  model.io_work = Distribution::of(asked);
}

}  // namespace simsched::fit
