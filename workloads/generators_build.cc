// build: a build as `simsched fit` found it in a recording, with another -j and of other size.
//
// GNU make's job server lets so many commands run at a time over all makes. Each make has one job without asking, which
// it passes on to the first of its own: so no more folders are entered at a time than there are jobs. Both are counting
// tokens here, the jobs' and the folders'.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "workloads/build_plan.h"
#include "workloads/build_yaml.h"
#include "workloads/generators.h"

namespace simsched {
namespace {

// From the last wake of an exiting process until it is gone; what a process does before its exec of make's.
constexpr Work kExitTail{10'000}, kBeforeExec{80'000};
constexpr uint8_t kTellsExit = kOpSync | kOpKernel;
constexpr int kBackgroundRounds = 64;  // sleeps of a kernel thread, again and again

// Ranks for `count` draws, one in each of as many equal parts, in the order of chance: their sum varies less than that
// of so many independent ones, so that the seed decides who is large, and not how much there is to do.
class Ranks {
 public:
  Ranks(int64_t count, Rng rng) : rng_(rng), order_(static_cast<size_t>(count)) {
    std::iota(order_.begin(), order_.end(), 0u);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[rng_.below(i)]);
  }
  uint32_t next() {
    const uint64_t part = order_[taken_++ % order_.size()];
    const uint64_t from = (part << 32) / order_.size(), to = ((part + 1) << 32) / order_.size();
    return static_cast<uint32_t>(from + rng_.below(std::max<uint64_t>(to - from, 1)));
  }

 private:
  Rng rng_;
  std::vector<uint32_t> order_;
  size_t taken_ = 0;
};

// What a process tells its starter by.
struct Starter {
  TaskId task;
  TokenId exec, exit, pipe;
};

class BuildMaker {
 public:
  BuildMaker(const BuildModel& model, int64_t jobs, bool background, const Rng& rng)
      : model_(model), jobs_(jobs), background_(background), rng_(rng), loops_(rng.split(1)) {
    if (model.session) {
      w_.groups.resize(3);  // the root, the build's session, and that of others
      group_ = GroupId(1);
    }
  }

  Workload make(const BuildMake& plan) {
    const std::vector<int64_t> counts = jobs_of(plan, model_.kinds.size());
    for (size_t kind = 0; kind < counts.size(); ++kind) ranks_.emplace_back(counts[kind], rng_.split(16 + kind));
    slots_ = token();
    folders_ = token();
    io_ = token();
    add_make(plan, {}, false);
    if (background_) add_background();
    return std::move(w_);
  }

 private:
  TokenId token() { return TokenId(w_.nr_tokens++); }

  TaskId new_task(const std::string& name, TaskId parent) {
    TaskId task = w_.add_task(name, {});
    w_.tasks[task.index()].parent = parent;
    w_.tasks[task.index()].group = group_;
    return task;
  }

  void set_program(TaskId task, const std::vector<Op>& program) {
    w_.tasks[task.index()].first_op = static_cast<uint32_t>(w_.ops.size());
    w_.tasks[task.index()].nr_ops = static_cast<uint32_t>(program.size());
    w_.ops.insert(w_.ops.end(), program.begin(), program.end());
  }

  static void compute(std::vector<Op>& ops, int64_t work) {
    if (work > 0) ops.push_back(op::compute(Work(work)));
  }

  static int elsewhere(int32_t percent, Rng& rng) {
    return static_cast<int32_t>(rng.below(100)) < percent ? kOpElsewhere : 0;
  }

  // The exit of a process, of which its starter is told, and who waits for `freed` before that.
  static void exit(std::vector<Op>& ops, const Starter& up, TokenId freed) {
    if (freed.valid()) ops.push_back(op::signal(freed, kTellsExit));
    if (up.exit.valid()) ops.push_back(op::signal(up.exit, kTellsExit | kOpExits));
    ops.push_back(op::compute(kExitTail));
    ops.push_back(op::exit());
  }

  TaskId add_make(const BuildMake& make, const Starter& up, bool has_folder) {
    const TaskId task = new_task(model_.make, up.task);
    const Starter down{task, token(), token(), {}};
    std::vector<Op> ops;
    if (!up.task.valid()) {
      for (TokenId tokens : {slots_, folders_}) {
        ops.push_back(op::signal(tokens));
        if (jobs_ > 1) ops.push_back(op::loop(static_cast<int32_t>(ops.size()) - 1, jobs_));
      }
      ops.push_back(op::wait(folders_));
      has_folder = true;
    }
    compute(ops, std::min(make.start / 2, kBeforeExec.count()));
    ops.push_back(op::exec());
    if (up.exec.valid()) ops.push_back(op::signal(up.exec));
    compute(ops, make.start - std::min(make.start / 2, kBeforeExec.count()));
    int64_t started = 0;
    auto collect = [&] {
      if (started > 0) ops.push_back(op::wait(down.exit));
      if (started > 1) ops.push_back(op::loop(static_cast<int32_t>(ops.size()) - 1, started));
      started = 0;
    };
    for (const BuildItem& item : make.items) {
      if (item.then) collect();
      for (int64_t i = 0; i < item.runs.times; ++i, ++started) {
        compute(ops, make.each * 2 / 5);
        TaskId child;
        bool vfork = true;
        if (item.make.empty()) {
          ops.push_back(op::wait(slots_));
          child = add_job(item.runs.job, down, slots_, ranks_[item.runs.job].next());
          vfork = model_.kinds[item.runs.job].vfork;
        } else {
          if (!has_folder) ops.push_back(op::wait(folders_));
          has_folder = false;
          child = add_make(item.make[0], down, true);
        }
        ops.push_back(op::fork(child));
        if (vfork) ops.push_back(op::wait(down.exec, kOpIo));
        compute(ops, make.each - make.each * 2 / 5);
      }
    }
    collect();
    compute(ops, make.end);
    exit(ops, up, has_folder ? folders_ : TokenId());
    set_program(task, ops);
    return task;
  }

  // Returns its first process. `freed`: what its end frees.
  TaskId add_job(uint32_t kind, const Starter& up, TokenId freed, uint32_t rank) {
    const BuildJob& job = model_.kinds[kind];
    Rng rng = rng_.split((uint64_t{1} << 32) + made_++);
    std::vector<Starter> own;  // by process: what its children tell it by
    for (const BuildProcess& process : job.processes)
      own.push_back({new_task(process.name, {}), token(), token(), token()});
    std::vector<Starter> starters(job.processes.size(), up);
    for (size_t i = 0; i < job.processes.size(); ++i)
      for (const BuildStep& step : job.processes[i].steps)
        if (step.kind == BuildStep::Kind::kFork || step.kind == BuildStep::Kind::kVfork) {
          Starter& starter = starters[static_cast<size_t>(step.value)];
          starter = own[i];
          if (step.kind == BuildStep::Kind::kFork) starter.exec = {};
        }
    if (!job.vfork) starters[0].exec = {};
    for (size_t i = 0; i < job.processes.size(); ++i) {
      const BuildProcess& process = job.processes[i];
      w_.tasks[own[i].task.index()].parent = starters[i].task;
      const bool with_job = static_cast<int32_t>(rng.below(100)) < process.follows;
      const auto chance = static_cast<uint32_t>(rng.next() >> 32);
      const int64_t work = std::max(process.work.at(with_job ? rank : chance) - kExitTail.count(), int64_t{1});
      add_process(process, own, i, starters[i], i == 0 ? freed : TokenId(), up, work, rng);
    }
    return own[0].task;
  }

  void add_process(const BuildProcess& process, const std::vector<Starter>& own, size_t number, const Starter& starter,
                   TokenId freed, const Starter& up, int64_t work, Rng& rng) {
    const Starter& self = own[number];
    std::vector<Op> ops;
    std::vector<int64_t> blocks(static_cast<size_t>(process.io_times / 1000));  // where in its work
    if (static_cast<int32_t>(rng.below(1000)) < process.io_times % 1000) blocks.push_back(0);
    for (int64_t& at : blocks) at = rng.between(0, work);
    std::sort(blocks.begin(), blocks.end());
    auto block = blocks.begin();

    TokenId on_exec = starter.exec;  // the first exec tells
    int64_t shares = 0, passed = 0, done = 0;
    for (const BuildStep& step : process.steps)
      if (step.kind == BuildStep::Kind::kWork || step.kind == BuildStep::Kind::kLoop) shares += step.value;
    auto work_on = [&](int64_t to) {
      for (; block != blocks.end() && *block <= to; ++block) {
        compute(ops, *block - done);
        done = std::max(done, *block);
        if (process.io_by_kernel && background_) ops.push_back(op::signal(io_, kOpKernel));
        ops.push_back(op::sleep(Nanos(process.io.draw(rng)),
                                static_cast<uint8_t>(kOpIo | kOpSoftIrq | elsewhere(process.io_elsewhere, rng))));
      }
      compute(ops, to - done);
      done = std::max(done, to);
    };
    auto after = [&](int64_t share) {
      return shares == 0 ? work : static_cast<int64_t>(Int128{work} * share / shares);
    };
    for (const BuildStep& step : process.steps) {
      switch (step.kind) {
        case BuildStep::Kind::kWork:
          work_on(after(passed += step.value));
          break;
        case BuildStep::Kind::kExec:
          ops.push_back(op::exec());
          if (on_exec.valid()) ops.push_back(op::signal(on_exec));
          on_exec = {};
          break;
        case BuildStep::Kind::kFork:
        case BuildStep::Kind::kVfork:
          ops.push_back(op::fork(own[static_cast<size_t>(step.value)].task));
          if (step.kind == BuildStep::Kind::kVfork) ops.push_back(op::wait(self.exec, kOpIo));
          break;
        case BuildStep::Kind::kJoin:
          ops.push_back(op::wait(self.exit));
          break;
        case BuildStep::Kind::kTell: {
          const TokenId pipe = step.value == BuildStep::kStarter ? up.pipe : own[static_cast<size_t>(step.value)].pipe;
          if (pipe.valid()) ops.push_back(op::signal(pipe));
          break;
        }
        case BuildStep::Kind::kHear:
          ops.push_back(op::wait(self.pipe));
          break;
        case BuildStep::Kind::kLoop: {
          const std::vector<uint32_t> order = in_turn(process.loop);
          std::vector<Ranks> ranks;
          for (const BuildRuns& runs : process.loop) ranks.emplace_back(runs.times, loops_.split(made_ + ranks.size()));
          for (size_t i = 0; i < order.size(); ++i) {
            work_on(after(passed + static_cast<int64_t>(Int128{step.value} * static_cast<int64_t>(i + 1) /
                                                        static_cast<int64_t>(order.size()))));
            const BuildRuns& runs = process.loop[order[i]];
            run_in_loop(ops, runs.job, self, ranks[order[i]].next());
          }
          passed += step.value;
          work_on(after(passed));
          break;
        }
      }
    }
    work_on(work);
    exit(ops, starter, freed);
    set_program(self.task, ops);
  }

  void run_in_loop(std::vector<Op>& ops, uint32_t kind, const Starter& self, uint32_t rank) {
    const BuildJob& job = model_.kinds[kind];
    ops.push_back(op::fork(add_job(kind, self, {}, rank)));
    if (job.vfork) ops.push_back(op::wait(self.exec, kOpIo));
    for (const BuildProcess& process : job.processes)
      for (const BuildStep& step : process.steps)
        if (step.kind == BuildStep::Kind::kTell && step.value == BuildStep::kStarter)
          ops.push_back(op::wait(self.pipe));
    ops.push_back(op::wait(self.exit));
  }

  // Evenly mixed: indices into `loop`.
  static std::vector<uint32_t> in_turn(const std::vector<BuildRuns>& loop) {
    std::vector<std::pair<int64_t, uint32_t>> places;  // of 2^20 of the whole
    for (uint32_t i = 0; i < loop.size(); ++i)
      for (int64_t n = 0; n < loop[i].times; ++n) places.emplace_back(((2 * n + 1) << 20) / (2 * loop[i].times), i);
    std::sort(places.begin(), places.end());
    std::vector<uint32_t> order;
    for (const auto& [place, i] : places) order.push_back(i);
    return order;
  }

  void add_background() {
    auto add = [&](const std::string& name, const std::vector<Op>& program, int32_t cpu, bool user = false) {
      TaskSpec& task = w_.tasks[w_.add_task(name, program).index()];
      task.background = true;
      task.kthread = !user;
      if (user && model_.session) task.group = GroupId(2);
      if (cpu < 0) return;
      task.start_cpu = CpuId(cpu);
      task.affinity = w_.intern_affinity(CpuSet::single(CpuId(cpu)));
    };
    Rng rng = rng_.split(2);
    std::vector<Op> ops;
    for (const BuildBackground& thread : model_.background) {
      for (int64_t i = 0; i < thread.tasks; ++i) {
        ops.clear();
        for (int round = 0; round < kBackgroundRounds; ++round) {
          const Nanos sleep(std::max(thread.sleep.draw(rng), int64_t{1}));
          const int flags =
              (thread.user ? 0 : kOpIdle) | (thread.tick ? kOpSoftIrq | kOpTick : 0) | elsewhere(thread.elsewhere, rng);
          ops.push_back(op::sleep(sleep, static_cast<uint8_t>(flags)));
          compute(ops, std::max(thread.work.draw(rng), int64_t{1}));
        }
        ops.push_back(op::loop(0, 0));
        add(thread.name, ops, thread.cpu, thread.user);
      }
    }
    ops.clear();
    for (int round = 0; round < kBackgroundRounds; ++round) {
      ops.push_back(op::wait(io_, kOpIdle));
      compute(ops, model_.io_work.draw(rng));
    }
    ops.push_back(op::loop(0, 0));
    add("kworker/io", ops, -1);
  }

  const BuildModel& model_;
  const int64_t jobs_;
  const bool background_;
  const Rng rng_, loops_;
  Workload w_;
  GroupId group_{0};
  TokenId slots_, folders_, io_;
  std::vector<Ranks> ranks_;  // by kind of job
  uint64_t made_ = 0;         // jobs so far
};

Workload make(const Params& params, const Rng& rng) {
  const BuildModel model = read_build(params.file("file"));
  const int64_t jobs = params.count("jobs") != 0 ? params.count("jobs") : model.jobs;
  const int64_t objects = params.count("objects") != 0 ? params.count("objects") : model.objects();
  if (model.objects() == 0 && params.given("objects"))
    throw Error(params.file("file"), "no job in it is an object", "mark the kind that compiles with object: true");
  const BuildMake plan = build_plan(model, objects);
  const int64_t tasks = tasks_of(plan, model);
  if (tasks > kMostTasks)
    throw Error(
        params.file("file"),
        "a build of " + std::to_string(objects) + " objects has more than " + std::to_string(kMostTasks) + " processes",
        "take fewer objects");
  return BuildMaker(model, jobs, params.count("background") != 0, rng).make(plan);
}

}  // namespace

Generator build_generator() {
  using Unit = ParamInfo::Unit;
  return {
      {"build",
       "a build as simsched fit found it in a recording, with any -j and of any size",
       {{"file", Unit::kFile, 0, 0, 0, "what simsched fit wrote"},
        {"jobs", Unit::kCount, 0, 0, 100'000, "make -j; 0: as recorded"},
        {"objects", Unit::kCount, 0, 0, 500'000, "files to compile; 0: as recorded"},
        {"background", Unit::kCount, 1, 0, 1, "1: beside the kernel threads and daemons of the recording; 0: alone"}}},
      make};
}

}  // namespace simsched
