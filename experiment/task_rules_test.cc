#include "experiment/task_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "workloads/append.h"

namespace simsched {
namespace {

using testing::HasSubstr;

std::vector<TaskRule> read(const std::string& text) {
  return read_task_rules(YamlMap(YAML::Load(text), "c.yaml", "an experiment", {"tasks"}), {});
}

Workload three_tasks() {
  Workload workload;
  for (const char* name : {"cc1", "cc1plus", "make"}) {
    const Op op = op::compute(Work(1));
    workload.add_task(name, {&op, 1});
  }
  return workload;
}

std::string refusal(const std::string& text) {
  Workload workload = three_tasks();
  try {
    apply_task_rules(read(text), workload);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TaskRules, IsGivenByName) {
  Workload workload = three_tasks();
  apply_task_rules(read("tasks:\n"
                        "  - {name: 'cc1*', memory: 50%, footprint: 8MiB}\n"
                        "  - {name: cc1, memory: 100%, class: vector, isa: [avx512, sve]}\n"),
                   workload);
  EXPECT_EQ(workload.tasks[0].memory, 1024);
  EXPECT_EQ(workload.tasks[0].footprint_kib, 8192);
  EXPECT_EQ(workload.tasks[0].work_class, WorkClass::kVector);
  EXPECT_EQ(workload.tasks[0].isa, 0b100010u);
  EXPECT_EQ(workload.tasks[1].memory, 512);
  EXPECT_EQ(workload.tasks[1].work_class, WorkClass::kScalar);
  EXPECT_EQ(workload.tasks[2].memory, 0);
  EXPECT_EQ(workload.tasks[2].footprint_kib, 0);
}

TEST(TaskRules, AMemoryIsSharedByItsName) {
  Workload workload = three_tasks();
  apply_task_rules(read("tasks:\n"
                        "  - {name: 'cc1*', memory: 50%, footprint: 8MiB, share: heap}\n"),
                   workload);
  EXPECT_EQ(workload.tasks[0].share, 1);
  EXPECT_EQ(workload.tasks[1].share, 1);
  EXPECT_EQ(workload.tasks[2].share, 0);
}

TEST(TaskRules, WhatSharesAMemoryFitsTogether) {
  EXPECT_EQ(refusal("tasks:\n"
                    "  - {name: cc1, memory: 5%, footprint: 8MiB, share: heap}\n"
                    "  - {name: make, memory: 5%, footprint: 8MiB, share: heap}\n"
                    "  - {name: cc1plus, memory: 5%, footprint: 8MiB, share: heep}\n"),
            "c.yaml:4: only one task shares 'heep'; did you mean 'heap'?");
  EXPECT_EQ(refusal("tasks:\n"
                    "  - {name: cc1, memory: 5%, footprint: 8MiB, share: heap}\n"
                    "  - {name: make, memory: 5%, footprint: 9MiB, share: heap}\n"),
            "c.yaml:3: 'make' shares 'heap' with another footprint; give both the same");
  EXPECT_THAT(refusal("tasks:\n  - {name: 'cc1*', memory: 5%, share: heap}\n"),
              HasSubstr("c.yaml:2: 'cc1' shares 'heap' and has no memory"));
  EXPECT_THAT(refusal("tasks:\n  - {name: make, memory: 5%, footprint: 1MiB, share: alone}\n"),
              HasSubstr("c.yaml:2: only one task shares 'alone'"));
  EXPECT_THAT(refusal("tasks:\n  - {name: make, memory: 5%, footprint: 1MiB, share: ''}\n"),
              HasSubstr("share is empty"));
  EXPECT_THAT(refusal("tasks:\n  - {name: make, share: [a]}\n"), HasSubstr("c.yaml:2"));
}

TEST(TaskRules, DeadlineTasksHaveReservations) {
  Workload workload = three_tasks();
  apply_task_rules(read("tasks:\n"
                        "  - {name: cc1, policy: deadline, runtime: 2ms, period: 10ms}\n"
                        "  - {name: cc1plus, policy: deadline, runtime: 2ms, deadline: 5ms, period: 10ms}\n"
                        "  - {name: make, changes: [{at: 1s, policy: deadline, runtime: 1ms, deadline: 4ms},\n"
                        "                           {every: 1s, policy: [deadline, fifo], runtime: 2ms, period: 10ms, "
                        "priority: 3}]}\n"),
                   workload);
  auto of = [&](size_t number) {
    Reservation r = workload.reservations.at(number - 1);
    r.where.clear();
    return r;
  };
  EXPECT_EQ(workload.tasks[0].policy, SchedPolicy::kDeadline);
  EXPECT_EQ(of(workload.tasks[0].reservation), (Reservation{2_ms, 10_ms, 10_ms}));
  EXPECT_EQ(of(workload.tasks[1].reservation), (Reservation{2_ms, 5_ms, 10_ms}));
  ASSERT_EQ(workload.changes.size(), 3u);
  EXPECT_EQ(of(workload.changes[0].op.slot), (Reservation{1_ms, 4_ms, 4_ms}));
  EXPECT_EQ(of(workload.changes[1].op.slot), (Reservation{2_ms, 10_ms, 10_ms}));
  EXPECT_EQ(workload.changes[2].op.slot, 3);
  workload.check(0);
  Workload both = workload;
  append(both, workload);
  both.check(0);
}

TEST(TaskRules, ReservationsThatMakeNoSenseAreRefused) {
  auto of = [](const std::string& keys) { return refusal("tasks:\n  - {name: cc1, " + keys + "}\n"); };
  EXPECT_EQ(of("policy: deadline"),
            "c.yaml:2: a deadline task has no runtime; write it as {policy: deadline, runtime: 10ms, period: 100ms}");
  EXPECT_THAT(of("policy: deadline, runtime: 1ms"), HasSubstr("c.yaml:2: a deadline task has no period"));
  EXPECT_EQ(of("runtime: 1ms"), "c.yaml:2: a runtime is of deadline tasks; add policy: deadline");
  EXPECT_EQ(of("policy: fifo, period: 1ms"), "c.yaml:2: a period is of deadline tasks; add policy: deadline");
  EXPECT_THAT(of("policy: deadline, runtime: 1us, period: 1ms"), HasSubstr("the runtime must be 1024ns at least"));
  EXPECT_THAT(of("policy: deadline, runtime: 3ms, period: 2ms"), HasSubstr("longer than the deadline"));
  EXPECT_THAT(of("policy: deadline, runtime: 1ms, deadline: 3ms, period: 2ms"), HasSubstr("later than the period"));
  EXPECT_THAT(of("policy: deadline, runtime: 50us, period: 99us"), HasSubstr("100us..4194304us"));
  EXPECT_THAT(of("policy: deadline, runtime: 1s, period: 5s"), HasSubstr("100us..4194304us"));
  EXPECT_THAT(of("policy: deadline, runtime: 1ms, period: 2ms, priority: 4"), HasSubstr("priority"));
  EXPECT_THAT(of("changes: [{at: 1s, policy: deadline}]"), HasSubstr("no runtime"));
  EXPECT_THAT(of("changes: [{at: 1s, nice: 3, runtime: 1ms}]"), HasSubstr("a runtime is of deadline tasks"));
}

// The form of a recording's sidecar.
TEST(TaskRules, OfATreeAreOfAllDescendants) {
  Workload workload = three_tasks();
  workload.tasks[0].parent = TaskId(1);
  workload.tasks[1].parent = TaskId(2);
  workload.tasks[2].rt_priority = 7;
  apply_task_rules(
      read("tasks:\n"
           "  - {tree: make, slice_ns: 3000000, policy: normal, nice: 4, cpus: 0-1}\n"
           "  - {tree: cc1plus, policy: fifo}\n"
           "  - {name: cc1, priority: 3, policy: rr, changes: [{at: 1s, nice: 2}, {every: 1s, cpus: [0, 1]}]}\n"),
      workload);
  for (const TaskSpec& task : workload.tasks) {
    EXPECT_EQ(task.slice, 3_ms);
    EXPECT_EQ(task.nice, 4);
    EXPECT_EQ(workload.affinities[task.affinity.index()].str(), "0-1");
  }
  EXPECT_EQ(workload.tasks[0].policy, SchedPolicy::kRr);
  EXPECT_EQ(workload.tasks[0].rt_priority, 3);
  EXPECT_EQ(workload.tasks[1].policy, SchedPolicy::kFifo);
  EXPECT_EQ(workload.tasks[1].rt_priority, 10);
  EXPECT_EQ(workload.tasks[2].policy, SchedPolicy::kNormal);
  EXPECT_EQ(workload.tasks[2].rt_priority, 0);
  ASSERT_EQ(workload.changes.size(), 3u);
  EXPECT_EQ(workload.changes[0].op, op::set_nice(2, TaskId(0)));
  EXPECT_EQ(workload.changes[1].at, 1_s);
  EXPECT_EQ(workload.changes[2].at, 2_s);
  EXPECT_EQ(workload.changes[2].every, 2_s);
}

TEST(TaskRules, MistakesNameTheirLine) {
  EXPECT_EQ(refusal("tasks:\n  - {name: cc1plu}"), "c.yaml:2: no task is called 'cc1plu'; did you mean 'cc1plus'?");
  EXPECT_THAT(refusal("tasks:\n  - {name: 'x*'}"), HasSubstr("c.yaml:2: no task is called 'x*'"));
  EXPECT_THAT(refusal("tasks: {name: make}"), HasSubstr("tasks is not a list"));
  EXPECT_THAT(refusal("tasks: [{memory: 3%}]"), HasSubstr("has no name"));
  EXPECT_THAT(refusal("tasks: [{name: make, memori: 3%}]"), HasSubstr("did you mean 'memory'?"));
  for (const char* memory : {"30", "101%", "-1%", "x%", "1.5%"})
    EXPECT_THAT(refusal(std::string("tasks: [{name: make, memory: ") + memory + "}]"), HasSubstr("memory is '"));
  for (const char* size : {"8", "8MB", "9000000GiB", "-1KiB"})
    EXPECT_THAT(refusal(std::string("tasks: [{name: make, footprint: ") + size + "}]"), HasSubstr("footprint is '"));
  EXPECT_THAT(refusal("tasks: [{name: make, class: vektor}]"), HasSubstr("did you mean 'vector'?"));
  EXPECT_THAT(refusal("tasks: [{name: make, isa: avx}]"), HasSubstr("isa is not a list"));
  EXPECT_THAT(refusal("tasks:\n- {name: make, isa: [avx51]}"), HasSubstr("c.yaml:2: isa is 'avx51'; did you mean"));
}

}  // namespace
}  // namespace simsched
