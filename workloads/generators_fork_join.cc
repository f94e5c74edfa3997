// fork_join: a build. make keeps up to `jobs` shells going; each forks a compiler, which execs, and waits for it.
#include <algorithm>
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

// make's own work for a job: it looks for it, forks, and collects it.
constexpr int64_t kMakePart = 2;

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  int64_t jobs = params.count("jobs"), total = params.count("total");
  Work shell_work = params.work("shell_work");
  std::vector<Op> make_program, shell_program, compiler_program;
  // Tasks are numbered in the order in which they are added: make, then shell and compiler of each job.
  auto shell = [](int64_t job) { return TaskId(static_cast<int32_t>(1 + 2 * job)); };
  auto compiler = [](int64_t job) { return TaskId(static_cast<int32_t>(2 + 2 * job)); };

  for (int64_t job = 0; job < total; ++job) {
    if (job >= jobs) make_program.push_back(op::wait_child());
    if (shell_work >= Work(kMakePart)) make_program.push_back(op::compute(shell_work / kMakePart));
    make_program.push_back(op::fork(shell(job)));
  }
  for (int64_t job = std::max(int64_t{0}, total - jobs); job < total; ++job) make_program.push_back(op::wait_child());
  workload.add_task("make", make_program);

  for (int64_t job = 0; job < total; ++job) {
    Rng own = rng.split(static_cast<uint64_t>(job));
    shell_program = {op::exec(), op::compute(shell_work), op::fork(compiler(job)), op::wait_child()};
    compiler_program = {op::exec(), op::compute(spread(params.work("work"), params.count("spread"), own))};
    TaskId sh = workload.add_task("sh", shell_program);
    workload.tasks[sh.index()].parent = TaskId(0);
    TaskId cc = workload.add_task("cc", compiler_program);
    workload.tasks[cc.index()].parent = sh;
  }
  return workload;
}

}  // namespace

Generator fork_join_generator() {
  using Unit = ParamInfo::Unit;
  return {
      {"fork_join",
       "a build: make, and for each job a shell and a compiler",
       {{"jobs", Unit::kCount, 4, 1, 100'000, "at a time (make -j)"},
        {"total", Unit::kCount, 64, 1, kMostTasks / 2, "how many jobs there are"},
        {"work", Unit::kDuration, 100'000'000, 1, kLongest, "of a compiler"},
        {"spread", Unit::kPercent, 80, 0, 100, "the work of each compiler differs from that by up to this, by seed"},
        {"shell_work", Unit::kDuration, 1'000'000, 1, kLongest, "of a shell; make does half of it for each job"}}},
      make};
}

}  // namespace simsched
