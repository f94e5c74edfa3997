#include "scx_port/proof/guest_load.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "scx_port/proof/load/load_file.h"

namespace simsched {
namespace {

Workload two_hogs() {
  Workload workload;
  const Op work = op::compute(Work(7));
  workload.add_task("hog", {&work, 1});
  workload.add_task("hog", {&work, 1});
  return workload;
}

TEST(GuestLoad, OneTaskStartsAllThatStartByThemselvesAndWaitsForThem) {
  Workload workload = two_hogs();
  workload.tasks[1].background = true;
  workload = launched(std::move(workload), Work(5));
  workload.check(0);
  ASSERT_EQ(workload.tasks.size(), 3u);
  EXPECT_EQ(workload.task_name(TaskId(2)), load::kLaunch);
  const std::array expected{op::compute(Work(5)), op::fork(TaskId(0)), op::compute(Work(5)), op::fork(TaskId(1)),
                            op::wait_child()};
  const auto program = workload.program(TaskId(2));
  EXPECT_TRUE(std::equal(program.begin(), program.end(), expected.begin(), expected.end()));
}

TEST(GuestLoad, TheGuestGetsTheSamePrograms) {
  const std::string bytes = guest_load(launched(two_hogs(), Work(5)));
  load::Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  EXPECT_EQ(header.magic, load::kMagic);
  ASSERT_EQ(header.nr_tasks, 3u);
  ASSERT_EQ(bytes.size(), sizeof(header) + 3 * sizeof(load::Task) + header.nr_ops * sizeof(load::Op));
  load::Task task;
  std::memcpy(&task, bytes.data() + sizeof(header) + sizeof(task), sizeof(task));
  EXPECT_STREQ(task.name, "hog");
  load::Op op;
  std::memcpy(&op, bytes.data() + sizeof(header) + 3 * sizeof(task) + task.first_op * sizeof(op), sizeof(op));
  EXPECT_EQ(op.kind, load::OpKind::kCompute);
  EXPECT_EQ(op.value, 7);
}

TEST(GuestLoad, WhoIsWokenWithTheHintSleepsInAPipe) {
  Workload workload;
  workload.nr_tokens = 2;
  workload.add_task("a", std::array{op::signal(TokenId(0), kOpSync), op::wait(TokenId(1))});
  workload.add_task("b", std::array{op::wait(TokenId(0)), op::signal(TokenId(1))});
  const std::string bytes = guest_load(launched(std::move(workload), Work(5)));
  load::Task tasks[2];
  std::memcpy(tasks, bytes.data() + sizeof(load::Header), sizeof(tasks));
  EXPECT_EQ(tasks[0].reads, 0u);
  EXPECT_EQ(tasks[1].reads, 1u);
}

TEST(GuestLoad, WhatAnEmulatedKernelTakesToStartTasksIsWorkOfTheSimulatedOnes) {
  Workload workload;
  workload.add_task(
      "sh", std::array{op::exec(), op::compute(Work(7)), op::fork(TaskId(1)), op::fork(TaskId(2)), op::loop(1, 1)});
  workload.add_task("cc", std::array{op::exec(), op::compute(Work(7)), op::loop(1, 3)});
  workload.add_task("hog", std::array{op::compute(Work(7))});
  workload.tasks[1].parent = workload.tasks[2].parent = TaskId(0);
  workload = launched(std::move(workload), Work(5));
  const Workload dearer = with_costs(workload, {{"sh", Work(8)}, {"cc", Work(9)}, {"hog", Work(1)}});
  dearer.check(0);
  auto is = [&](int task, const std::vector<Op>& expected) {
    const auto program = dearer.program(TaskId(task));
    return std::equal(program.begin(), program.end(), expected.begin(), expected.end());
  };
  EXPECT_TRUE(is(0, {op::exec(), op::compute(Work(7)), op::compute(Work(4)), op::fork(TaskId(1)), op::compute(Work(4)),
                     op::fork(TaskId(2)), op::loop(1, 1)}));
  EXPECT_TRUE(is(1, {op::exec(), op::compute(Work(9)), op::compute(Work(7)), op::loop(1, 3)}));
  EXPECT_TRUE(is(2, {op::compute(Work(7))}));
}

TEST(GuestLoad, WhatNoGuestCanDoIsRefused) {
  Workload workload = two_hogs();
  workload.tasks[0].policy = SchedPolicy::kFifo;
  EXPECT_THROW(guest_load(workload), Error);
  workload = two_hogs();
  workload.ops[0] = op::killed();
  EXPECT_THROW(guest_load(workload), Error);
}

}  // namespace
}  // namespace simsched
