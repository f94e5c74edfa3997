#include "workloads/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/rng.h"

namespace simsched {
namespace {

TEST(Workload, NamesAndAffinitiesAreInterned) {
  Workload workload;
  EXPECT_EQ(workload.intern_name("a"), 0u);
  EXPECT_EQ(workload.intern_name("b"), 1u);
  EXPECT_EQ(workload.intern_name("a"), 0u);
  workload.names.push_back("c");
  EXPECT_EQ(workload.intern_name("c"), 2u);
  EXPECT_EQ(workload.intern_affinity(CpuSet::single(CpuId(3))), AffinityId(1));
  EXPECT_EQ(workload.intern_affinity(CpuSet::first(2)), AffinityId(2));
  EXPECT_EQ(workload.intern_affinity(CpuSet::single(CpuId(3))), AffinityId(1));
}

TEST(Workload, HasRoomForSoMuch) {
  Workload workload;
  workload.add_task("t", std::array{op::compute(Work(1)), op::exit()});
  workload.check_room((size_t{1} << 22) - 1, (size_t{1} << 26) - 2);
  EXPECT_THROW(workload.check_room(size_t{1} << 22, 0), Error);
  EXPECT_THROW(workload.check_room(0, (size_t{1} << 26) - 1), Error);
}

TEST(Workload, FitsASmallerMachine) {
  Workload workload;
  TaskId task = workload.add_task("t", std::array{op::exit()});
  workload.tasks[task.index()].start_cpu = CpuId(5);
  workload.tasks[task.index()].affinity = workload.intern_affinity(CpuSet::parse("1,5"));
  workload.intern_affinity(CpuSet::single(CpuId(7)));
  EXPECT_THROW(workload.check(2), Error);
  workload.fit(2);
  workload.check(2);
  EXPECT_EQ(workload.tasks[task.index()].start_cpu, CpuId(1));
  EXPECT_EQ(workload.affinities[1], CpuSet::single(CpuId(1)));
  EXPECT_EQ(workload.affinities[2], CpuSet::first(2));
}

// A sound workload with a bit of everything.
Workload random_workload(Rng rng) {
  Workload workload;
  workload.nr_tokens = 1 + rng.below(5);
  workload.groups.resize(1 + rng.below(3));
  workload.intern_affinity(CpuSet::first(1 + rng.below(4)));
  auto token = [&] { return TokenId(static_cast<size_t>(rng.below(workload.nr_tokens))); };
  uint64_t tasks = 1 + rng.below(20);
  std::vector<Op> program;
  for (uint64_t i = 0; i < tasks; ++i) {
    program.assign({op::exec(), op::compute(Work(static_cast<int64_t>(1 + rng.below(1000)))), op::wait(token()),
                    op::signal(token())});
    program.push_back(
        op::loop(static_cast<int32_t>(rng.below(4)), rng.between(1, 5), static_cast<uint16_t>(rng.below(kLoopSlots))));
    if (i + 1 < tasks) program.push_back(op::fork(TaskId(static_cast<size_t>(i + 1))));
    program.push_back(op::set_affinity(AffinityId(1)));
    program.push_back(op::exit());
    TaskId task = workload.add_task("t" + std::to_string(i % 3), program);
    TaskSpec& spec = workload.tasks[task.index()];
    if (i > 0) spec.parent = TaskId(static_cast<size_t>(i - 1));
    spec.nice = static_cast<int8_t>(rng.between(-20, 19));
    spec.group = GroupId(static_cast<size_t>(rng.below(workload.nr_groups())));
    spec.affinity = AffinityId(static_cast<size_t>(rng.below(2)));
  }
  return workload;
}

TEST(WorkloadProperty, SoundOnesPassTheCheck) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    random_workload(Rng(seed)).check(4);
    random_workload(Rng(seed)).check(0);
  }));
}

TEST(WorkloadProperty, OneFaultIsFound) {
  using Fault = std::function<void(Workload&, TaskSpec&, Op*)>;
  const std::vector<Fault> faults{
      [](Workload& w, TaskSpec& task, Op*) { task.name = static_cast<uint32_t>(w.names.size()); },
      [](Workload& w, TaskSpec& task, Op*) { task.nr_ops = static_cast<uint32_t>(w.ops.size()) + 1; },
      [](Workload&, TaskSpec& task, Op*) { task.first_op = ~uint32_t{0}; },
      [](Workload&, TaskSpec& task, Op*) { task.start = Nanos(-1); },
      [](Workload&, TaskSpec& task, Op*) { task.slice = Nanos(-1); },
      [](Workload&, TaskSpec& task, Op*) { task.nice = 20; },
      [](Workload&, TaskSpec& task, Op*) { task.policy = SchedPolicy::kFifo; },
      [](Workload&, TaskSpec& task, Op*) { task.policy = static_cast<SchedPolicy>(4); },
      [](Workload&, TaskSpec& task, Op*) { task.rt_priority = 50; },
      [](Workload&, TaskSpec& task, Op*) { task.start_cpu = CpuId(4); },
      [](Workload&, TaskSpec& task, Op*) { task.affinity = AffinityId(2); },
      [](Workload&, TaskSpec& task, Op*) { task.affinity = AffinityId(); },
      [](Workload& w, TaskSpec& task, Op*) { task.group = GroupId(w.nr_groups()); },
      [](Workload& w, TaskSpec& task, Op*) { task.parent = TaskId(w.tasks.size()); },
      [](Workload&, TaskSpec&, Op* ops) { ops[1].value = -1; },
      [](Workload& w, TaskSpec&, Op* ops) { ops[2].arg = static_cast<int32_t>(w.nr_tokens); },
      [](Workload&, TaskSpec&, Op* ops) { ops[3].arg = -1; },
      [](Workload&, TaskSpec&, Op* ops) { ops[4].arg = 4; },
      [](Workload&, TaskSpec&, Op* ops) { ops[4].arg = -1; },
      [](Workload&, TaskSpec&, Op* ops) { ops[4].slot = kLoopSlots; },
      [](Workload&, TaskSpec&, Op* ops) { ops[4] = op::loop(0, -1); },
      [](Workload&, TaskSpec&, Op* ops) { ops[1] = op::yield(), ops[2] = op::yield(), ops[4] = op::loop(0, 0); },
      [](Workload& w, TaskSpec&, Op* ops) { ops[0] = op::fork(TaskId(w.tasks.size())); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::fork(TaskId(0)); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_nice(-21); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_policy(4); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_policy(SchedPolicy::kDeadline); },
      [](Workload&, TaskSpec& task, Op*) { task.policy = SchedPolicy::kDeadline; },
      [](Workload& w, TaskSpec& task, Op*) {
        task.reservation = w.intern_reservation({1_ms, 2_ms, 2_ms});
      },
      [](Workload& w, TaskSpec&, Op*) {
        w.intern_reservation({3_ms, 2_ms, 2_ms});
      },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_affinity(AffinityId(2)); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::sleep_period(Nanos(0)); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0].kind = static_cast<OpKind>(200); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_group(GroupId(9)); },
      [](Workload& w, TaskSpec&, Op* ops) { ops[0] = op::set_nice(0, TaskId(w.tasks.size())); },
      [](Workload&, TaskSpec&, Op* ops) { ops[0] = op::set_policy(SchedPolicy::kRr, {}, 100); },
      [](Workload&, TaskSpec&, Op* ops) {
        ops[0] = {OpKind::kChangeGroup, 0, 0, 1, 0};
      },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .parent = GroupId(w.nr_groups())}); },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .weight = 0}); },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .quota = 999_us}); },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .quota = 5_ms, .period = 2_s}); },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .quota = 5_ms, .burst = 6_ms}); },
      [](Workload& w, TaskSpec&, Op*) { w.groups.push_back({.name = "g", .cpus = AffinityId(2)}); },
      [](Workload& w, TaskSpec&, Op*) { w.settings.push_back({.name = "", .weight = 10001}); },
      [](Workload& w, TaskSpec&, Op*) {
        w.changes.push_back({1_s, Nanos(0), op::set_nice(3)});
      },  // of nobody
      [](Workload& w, TaskSpec&, Op*) {
        w.changes.push_back({Nanos(-1), Nanos(0), op::set_nice(3, TaskId(0))});
      },
      [](Workload& w, TaskSpec&, Op*) {
        w.changes.push_back({1_s, Nanos(0), op::yield()});
      },
      [](Workload& w, TaskSpec&, Op*) { w.affinities[1].clear(); },
      [](Workload& w, TaskSpec&, Op*) { w.affinities[1] = CpuSet::single(CpuId(9)); },
  };
  EXPECT_TRUE(rc::check([&](uint64_t seed) {
    for (size_t fault = 0; fault < faults.size(); ++fault) {
      Rng rng(seed);
      Workload workload = random_workload(rng.split(fault));
      TaskSpec& task = workload.tasks[rng.below(workload.tasks.size())];
      faults[fault](workload, task, workload.ops.data() + task.first_op);
      bool found = false;
      try {
        workload.check(4);
      } catch (const Error& error) {
        found = true;
      }
      if (!found) RC_FAIL("fault " + std::to_string(fault) + " is not found");
    }
  }));
}

TEST(Workload, ChildrenAreForkedOnceByTheirParent) {
  Workload workload;
  workload.add_task("parent", std::array{op::fork(TaskId(1))});
  workload.add_task("child", std::array{op::exit()});
  EXPECT_THROW(workload.check(0), Error);  // not its child
  workload.tasks[1].parent = TaskId(0);
  workload.check(0);
  workload.ops[0] = op::exit();
  EXPECT_THROW(workload.check(0), Error);  // never forked
}

TEST(Workload, ErrorsNameTheTask) {
  Workload workload;
  workload.add_task("worker", std::array{op::wait(TokenId(7))});
  try {
    workload.check(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("task 0 (worker): op 0: no such token"));
  }
}

}  // namespace
}  // namespace simsched
