#include "fit/fit_build.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/int128.h"
#include "fit/background.h"
#include "fit/build_tree.h"
#include "fit/job_shape.h"
#include "fit/slots.h"

namespace simsched {
namespace fit {
namespace {

const std::set<std::string> kMakes = {"make", "gmake", "ninja", "samu"};
const std::set<std::string> kCompilers = {"cc1",   "cc1plus", "cc1obj", "clang",  "clang++",
                                          "rustc", "f951",    "javac",  "compile"};
constexpr size_t kFewest = 8;  // jobs from which on it is told whether their processes are large together

// In percent, how well the order of `a` is that of `b` (Spearman); 0 when it is none.
int32_t same_order(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  if (a.size() < kFewest) return 0;
  auto ranks = [](const std::vector<int64_t>& values) {
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return values[x] < values[y]; });
    std::vector<int64_t> rank(values.size());
    for (size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<int64_t>(i);
    return rank;
  };
  const std::vector<int64_t> x = ranks(a), y = ranks(b);
  Int128 squares = 0;
  for (size_t i = 0; i < x.size(); ++i) squares += Int128{x[i] - y[i]} * (x[i] - y[i]);
  const auto n = static_cast<Int128>(a.size());
  return static_cast<int32_t>(std::max<Int128>(100 - 600 * squares / (n * (n * n - 1)), 0));
}

class Fitter {
 public:
  Fitter(const SchedTrace& trace, const Workload& workload)
      : tree_(trace, workload), length_(trace.events.empty() ? Nanos(0) : trace.events.back().time) {}

  BuildFit run(const std::string& where) {
    const TaskId root = find_root(where);
    model_.make = tree_.name(root);
    list_commands(root);
    if (2 * commands_.size() < nr_commands_) refuse_times(where);
    slots_.emplace(commands_);
    model_.jobs = slots_->jobs();
    decide(root);
    model_.root = make_of(root);
    name_kinds();
    fit_background(tree_, root, length_, model_);
    BuildFit made;
    for (size_t i = 0; i < tree_.workload().tasks.size(); ++i) {
      const TaskSpec& spec = tree_.workload().tasks[i];
      if (!spec.kthread) made.other_work += tree_.work(TaskId(i));
    }
    made.work = tree_.tree_work(root);
    made.other_work -= made.work;
    made.processes = count(root);
    made.model = std::move(model_);
    return made;
  }

 private:
  bool is_make(TaskId task) const { return kMakes.contains(tree_.name(task)); }

  int64_t count(TaskId task) const {
    int64_t sum = 1;
    for (TaskId child : tree_.children(task)) sum += count(child);
    return sum;
  }

  // The make with most below it.
  TaskId find_root(const std::string& where) const {
    TaskId best;
    for (size_t i = 0; i < tree_.workload().tasks.size(); ++i) {
      const TaskId task(i);
      if (!is_make(task) || tree_.children(task).empty()) continue;
      if (!best.valid() || tree_.tree_work(task) > tree_.tree_work(best)) best = task;
    }
    if (best.valid()) return best;
    throw Error(where, "no make runs anything in this recording",
                "record a build with make or ninja: scripts/record -o build make -j4");
  }

  // What makes start that is no make itself.
  void list_commands(TaskId make) {
    for (TaskId child : tree_.children(make)) {
      if (is_make(child)) {
        list_commands(child);
        continue;
      }
      ++nr_commands_;
      if (tree_.forked(child) != kUnknownTime && tree_.ended(child) != kUnknownTime)
        commands_.emplace_back(tree_.forked(child), tree_.ended(child));
    }
  }

  // Taken as they are, they would be a build of -j1 in which everything waits for everything.
  [[noreturn]] void refuse_times(const std::string& where) const {
    throw Error(where,
                "tells of " + std::to_string(commands_.size()) + " of " + std::to_string(nr_commands_) +
                    " commands of its make when they began and ended, so not how many ran at a time",
                "record it with scripts/record, or with sched:sched_process_fork, and whole");
  }

  // Whether a child of make was started when all before it had ended, although there was a free slot: it had to wait
  // for them.
  enum class Order : uint8_t { kFree, kAfter, kUnknown };
  Order order_of(TaskId make, size_t number) const {
    const std::vector<TaskId>& children = tree_.children(make);
    const Nanos forked = tree_.forked(children[number]);
    Nanos last{0};
    for (size_t i = 0; i < number; ++i) {
      const Nanos end = tree_.ended(children[i]);
      if (end == kUnknownTime) continue;
      if (end > forked) return Order::kFree;
      last = std::max(last, end);
    }
    if (forked == kUnknownTime) return Order::kUnknown;
    const Nanos before = tree_.forked(children[number - 1]);
    return slots_->free_share(before, last) > 512 ? Order::kAfter : Order::kUnknown;
  }

  // Kinds of commands: what most of each are is what all are.
  void decide(TaskId make) {
    const std::vector<TaskId>& children = tree_.children(make);
    for (size_t i = 0; i < children.size(); ++i) {
      if (is_make(children[i])) {
        decide(children[i]);
        continue;
      }
      const std::string kind = kind_of(tree_, children[i]);
      jobs_[kind].push_back(children[i]);
      if (i == 0) continue;
      const Order order = order_of(make, i);
      free_[kind] += order == Order::kFree ? 1 : order == Order::kAfter ? -1 : 0;
    }
  }

  bool compiles(TaskId task) const {
    if (kCompilers.contains(tree_.name(task))) return true;
    const std::vector<TaskId>& children = tree_.children(task);
    return std::any_of(children.begin(), children.end(), [&](TaskId child) { return compiles(child); });
  }

  bool after(TaskId make, size_t number) const {
    const TaskId child = tree_.children(make)[number];
    if (number == 0) return false;
    if (is_make(child)) return order_of(make, number) == Order::kAfter;
    const int64_t votes = free_.at(kind_of(tree_, child));
    return votes != 0 ? votes < 0 : !compiles(child);
  }

  BuildMake make_of(TaskId make) {
    BuildMake made;
    const std::vector<TaskId>& children = tree_.children(make);
    int64_t before = 0, between = 0, last = 0;
    size_t forks = 0;
    for (const Op& op : tree_.program(make)) {
      forks += op.kind == OpKind::kFork;
      if (op.kind == OpKind::kCompute) (forks == 0 ? before : forks < children.size() ? between : last) += op.value;
    }
    if (children.size() > 1) made.each = between / static_cast<int64_t>(children.size() - 1);
    // The generator does two fifths of it before a fork.
    made.start = std::max(before - made.each * 2 / 5, int64_t{0});
    made.end = std::max(last - made.each * 3 / 5, int64_t{0});
    for (size_t i = 0; i < children.size(); ++i) {
      BuildItem item;
      item.then = after(make, i);
      if (is_make(children[i])) {
        item.make.push_back(make_of(children[i]));
      } else {
        const std::string kind = kind_of(tree_, children[i]);
        item.runs.job = kind_number(kind, free_[kind]);
        const bool same = !item.then && !made.items.empty() && made.items.back().make.empty() &&
                          made.items.back().runs.job == item.runs.job;
        if (same) {
          ++made.items.back().runs.times;
          continue;
        }
      }
      made.items.push_back(std::move(item));
    }
    return made;
  }

  uint32_t kind_number(const std::string& kind, int64_t votes) {
    auto found = numbers_.find(kind);
    if (found != numbers_.end()) return found->second;
    const std::vector<TaskId>& jobs = jobs_.at(kind);
    const uint32_t number = add_kind(kind, jobs);
    model_.kinds[number].object = compiles(jobs[0]) && votes >= 0;
    return number;
  }

  // Those that its loops run come before it.
  uint32_t add_kind(const std::string& kind, const std::vector<TaskId>& jobs) {
    if (auto found = numbers_.find(kind); found != numbers_.end()) return found->second;
    JobShape shape = shape_of(tree_, jobs);
    BuildJob job;
    job.vfork = shape.vfork;
    std::vector<std::vector<TaskId>> tasks;  // by process, of each job
    for (TaskId first : jobs) {
      const std::vector<TaskId> own = processes_of(tree_, first);
      tasks.resize(own.size());
      for (size_t i = 0; i < own.size(); ++i) tasks[i].push_back(own[i]);
    }
    std::vector<int64_t> whole;
    for (TaskId first : jobs) whole.push_back(tree_.tree_work(first));
    for (size_t i = 0; i < tasks.size(); ++i) {
      BuildProcess process = process_of(tasks[i], whole);
      process.steps = std::move(shape.steps[i]);
      if (loops(tree_, tasks[i][0])) process.loop = loop_of(tasks[i]);
      job.processes.push_back(std::move(process));
    }
    model_.kinds.push_back(std::move(job));
    return numbers_[kind] = static_cast<uint32_t>(model_.kinds.size() - 1);
  }

  BuildProcess process_of(const std::vector<TaskId>& tasks, const std::vector<int64_t>& whole) const {
    BuildProcess made;
    made.name = tree_.name(tasks[0]).substr(0, 64);
    if (made.name.empty()) made.name = "?";
    std::vector<int64_t> works, blocks;
    int64_t by_kernel = 0, elsewhere = 0;
    for (TaskId task : tasks) {
      works.push_back(tree_.work(task));
      bool asked = false;  // a kernel thread was woken just before
      for (const Op& op : tree_.program(task)) {
        if (op.kind == OpKind::kSleep) {
          blocks.push_back(op.value);
          by_kernel += asked;
          elsewhere += (op.flags & kOpElsewhere) != 0;
        }
        if (op.kind == OpKind::kSignal) asked = wakes_kernel(op);
      }
    }
    made.follows = same_order(works, whole);
    made.work = Distribution::of(works);
    made.io_times = static_cast<int32_t>(1000 * blocks.size() / tasks.size());
    if (made.io_times == 0) return made;
    made.io_by_kernel = 2 * by_kernel > static_cast<int64_t>(blocks.size());
    made.io_elsewhere = static_cast<int32_t>(100 * elsewhere / static_cast<int64_t>(blocks.size()));
    made.io = Distribution::of(blocks);
    return made;
  }

  bool wakes_kernel(const Op& signal) const {
    if (signal.slot != 0) return true;  // the workers of a CPU
    const TaskId waiter = tree_.waiter(signal.arg);
    return waiter.valid() && tree_.workload().tasks[waiter.index()].kthread;
  }

  std::vector<BuildRuns> loop_of(const std::vector<TaskId>& tasks) {
    std::map<std::string, std::vector<TaskId>> kinds;
    std::vector<std::string> order;
    for (TaskId task : tasks) {
      for (TaskId child : tree_.children(task)) {
        std::vector<TaskId>& alike = kinds[kind_of(tree_, child)];
        if (alike.empty()) order.push_back(kind_of(tree_, child));
        alike.push_back(child);
      }
    }
    std::vector<BuildRuns> loop;
    for (const std::string& kind : order) {
      const auto times = static_cast<int64_t>((kinds[kind].size() + tasks.size() / 2) / tasks.size());
      if (times > 0) loop.push_back({add_kind("loop " + kind, kinds[kind]), times});
    }
    return loop;
  }

  // By the programs in them, with a number where several have the same.
  void name_kinds() {
    std::map<std::string, int> taken;
    for (BuildJob& job : model_.kinds) {
      std::vector<std::string> programs;
      for (const BuildProcess& process : job.processes) {
        if (std::find(programs.begin(), programs.end(), process.name) == programs.end() && programs.size() < 6)
          programs.push_back(process.name);
      }
      std::string name;
      for (const std::string& program : programs) name += (name.empty() ? "" : "-") + program;
      for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.' && c != '+') c = '_';
      if (!std::isalpha(static_cast<unsigned char>(name[0]))) name = "job-" + name;
      name.resize(std::min(name.size(), size_t{60}));
      const int number = ++taken[name];
      job.name = number == 1 ? name : name + ":" + std::to_string(number);
    }
  }

  const BuildTree tree_;
  const Nanos length_;  // of the recording
  BuildModel model_;
  size_t nr_commands_ = 0;                         // what makes start that is no make itself
  std::vector<std::pair<Nanos, Nanos>> commands_;  // of them, those whose times are known
  std::optional<Slots> slots_;
  std::map<std::string, std::vector<TaskId>> jobs_;  // by kind
  std::map<std::string, int64_t> free_;              // by kind: more than 0 when it need not wait for those before it
  std::map<std::string, uint32_t> numbers_;
};

}  // namespace
}  // namespace fit

BuildFit fit_build(const SchedTrace& trace, const Workload& workload, const std::string& where) {
  BuildFit made = fit::Fitter(trace, workload).run(where);
  made.model.session = trace.circumstances.autogroup;
  return made;
}

}  // namespace simsched
