#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/error.h"
#include "base/rng.h"
#include "workloads/ideal_run.h"
#include "workloads/rtapp/rtapp.h"

namespace simsched {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Workload made(const std::string& text) {
  Workload workload = rtapp::make_workload(rtapp::parse(text, "t.json"));
  workload.check(0);
  return workload;
}

std::string error_of(const std::string& text) {
  try {
    made(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

std::string task(const std::string& fields) { return R"({"tasks": {"t": {)" + fields + "}}}"; }

Work work_of(const Workload& workload, size_t index) { return run_ideally(workload).tasks[index].work; }

TEST(RtApp, EventsAreInOrderAndNoneIsDropped) {
  const Workload w = made(task(R"("loop": 2, "run": 10, "sleep": 5, "run": 20, "sleep": 6)"));
  const std::vector<Op> expected{op::compute(Work(10'000)), op::sleep(5_us),   op::compute(Work(20'000)),
                                 op::sleep(6_us),           op::loop(0, 2, 1), op::exit()};
  EXPECT_EQ(w.ops, expected);
  EXPECT_THAT(w.notes, testing::ElementsAre(AllOf(HasSubstr("t.json:1"), HasSubstr("'run' stands there again"))));
}

TEST(RtApp, KeysAreKnownByHowTheyBegin) {
  const Workload w = made(task(R"("loop": 1, "run1": 1, "run-2": 2, "runtime3": 3, "runB": 4)"));
  EXPECT_EQ(work_of(w, 0), Work(10'000));
  EXPECT_TRUE(w.notes.empty());
}

TEST(RtApp, IsReadAsPeopleWriteIt) {
  const Workload w =
      made("// head\n/* a { b\n */ {\n'tasks': {\"t\": {\"loop\": 1, \"run\": 7, /*}*/ \"sleep\": 010,},},}\n");
  EXPECT_EQ(run_ideally(w).end, 17_us);
  EXPECT_EQ(made(R"({"tasks": {"a//b": {"loop": 1, "run": 1}}})").names[0], "a//b-0");
}

TEST(RtApp, LoopsAreOfThreadsAndPhases) {
  EXPECT_EQ(work_of(made(task(R"("loop": 3, "phases": {"a": {"loop": 10, "run": 1}, "b": {"run": 100}})")), 0),
            Work(330'000));
  EXPECT_EQ(work_of(made(task(R"("loop": 0, "phases": {"a": {"run": 1}})")), 0), Work(0));
  // Without a bound of its own a thread goes on for ever, and nobody waits for it; so does a phase of 0 rounds.
  for (const char* fields : {R"("run": 1)", R"("loop": -1, "run": 1)", R"("phases": {"a": {"run": 1}})",
                             R"("loop": 5, "phases": {"a": {"loop": 0, "run": 1}, "b": {"run": 9}})"}) {
    const Workload w = made(task(fields));
    EXPECT_TRUE(w.tasks[0].background) << fields;
    EXPECT_EQ(std::ranges::count(w.ops, OpKind::kLoop, &Op::kind), 1) << fields;
  }
}

TEST(RtApp, AnEndlessRoundTakesTimeWhateverIsInIt) {
  for (const char* event : {R"("yield": "")", R"("resume": "x")", R"("run": 0)", R"("sem_post": "s")", R"("mem": 1)"})
    EXPECT_EQ(error_of(task(event)), "none") << event;
  EXPECT_EQ(error_of(R"({"tasks": {"t": {"run": 5}}, "global": {"calibration": 100000}})"), "none");
}

TEST(RtApp, CalibratedRunsAreWholeLoops) {
  const Workload w =
      made(R"({"tasks": {"t": {"loop": 1, "run": 1000, "run1": 2500000}}, "global": {"calibration": 300}})");
  EXPECT_EQ(w.ops[0].value, 1'000'000 / 300 * 300);
  EXPECT_EQ(w.ops[1].value, int64_t{2} * (1'000'000'000 / 300 * 300) + 500'000'000 / 300 * 300);
}

TEST(RtApp, InstancesShareAProgramButForTheirOwnTimers) {
  const Workload same = made(task(R"("instance": 5, "loop": 1, "run": 1)"));
  ASSERT_EQ(same.tasks.size(), 5u);
  EXPECT_EQ(same.tasks[4].first_op, same.tasks[0].first_op);
  EXPECT_EQ(same.task_name(TaskId(4)), "t-4");
  const Workload own = made(task(R"("instance": 2, "loop": 1, "timer": {"ref": "uniqueA", "period": 5})"));
  EXPECT_EQ(own.timers.size(), 2u);
  EXPECT_EQ(made(task(R"("instance": 2, "loop": 1, "timer": {"ref": "A", "period": 5})")).timers.size(), 1u);
}

TEST(RtApp, ThreadsHaveTheirAttributes) {
  const Workload w = made(R"({"tasks": {
    "a": {"run": 1, "priority": -19, "dl-runtime": 20, "cpus": [0, 2], "util_min": 5, "util_max": -1, "taskgroup": "/x/"},
    "b": {"run": 1, "policy": "SCHED_FIFO", "taskgroup": "/"},
    "c": {"run": 1, "policy": "SCHED_RR", "priority": 30, "taskgroup": "/x"},
    "d": {"runtime": 5000, "delay": 100}}, "global": {"default_policy": "SCHED_BATCH"}})");
  EXPECT_EQ(w.tasks[0].policy, SchedPolicy::kBatch);
  EXPECT_EQ(w.tasks[0].nice, -19);
  EXPECT_EQ(w.tasks[0].slice, 100_us);  // the kernel's least
  EXPECT_EQ(w.affinities[w.tasks[0].affinity.index()], CpuSet::parse("0,2"));
  EXPECT_EQ(w.tasks[0].uclamp_min, 5);
  EXPECT_EQ(w.tasks[0].uclamp_max, 1024);
  EXPECT_EQ(w.tasks[1].policy, SchedPolicy::kFifo);
  EXPECT_EQ(w.tasks[1].rt_priority, 10);
  EXPECT_EQ(w.tasks[1].group, GroupId(0));
  EXPECT_EQ(w.tasks[2].rt_priority, 30);
  EXPECT_EQ(w.tasks[2].group, w.tasks[0].group);
  EXPECT_EQ(w.tasks[3].slice, 5_ms);  // as the old name of dl-runtime
  EXPECT_EQ(w.program(TaskId(3))[0], op::sleep_until(100_us));
}

TEST(RtApp, DeadlineThreadsHaveReservations) {
  const Workload w = made(R"({"tasks": {
    "a": {"run": 1, "policy": "SCHED_DEADLINE", "dl-runtime": 2000, "dl-period": 10000, "dl-deadline": 5000},
    "b": {"run": 1, "policy": "SCHED_DEADLINE", "dl-runtime": 2000, "dl-period": 10000},
    "c": {"run": 1, "policy": "SCHED_DEADLINE", "dl-runtime": 2000},
    "d": {"dl-runtime": 1000, "dl-period": 9000, "phases": {
      "p": {"run": 1}, "q": {"run": 1, "policy": "SCHED_DEADLINE"}, "r": {"run": 1, "dl-runtime": 3000}}}}})");
  auto of = [&](size_t number) {
    Reservation r = w.reservations.at(number - 1);
    r.where.clear();
    return r;
  };
  EXPECT_EQ(w.tasks[0].policy, SchedPolicy::kDeadline);
  EXPECT_EQ(of(w.tasks[0].reservation), (Reservation{2_ms, 5_ms, 10_ms}));
  EXPECT_EQ(of(w.tasks[1].reservation), (Reservation{2_ms, 10_ms, 10_ms}));
  EXPECT_EQ(of(w.tasks[2].reservation), (Reservation{2_ms, 2_ms, 2_ms}));
  EXPECT_EQ(w.tasks[3].policy, SchedPolicy::kNormal);
  std::vector<Reservation> set;
  for (const Op& op : w.program(TaskId(3)))
    if (op.kind == OpKind::kSetPolicy) set.push_back(of(op.slot));
  EXPECT_EQ(set, (std::vector<Reservation>{{1_ms, 9_ms, 9_ms}, {3_ms, 9_ms, 9_ms}}));
  EXPECT_TRUE(w.notes.empty());
}

TEST(RtApp, ReservationsThatTheKernelRefusesAreErrors) {
  auto refused = [](const std::string& fields) {
    return error_of(task("\"run\": 1,\n\"policy\": \"SCHED_DEADLINE\"" + fields));
  };
  EXPECT_THAT(refused(""), AllOf(HasSubstr("t.json:1"), HasSubstr("no runtime"), HasSubstr("dl-runtime")));
  EXPECT_THAT(refused(R"(, "dl-runtime": 1)"), HasSubstr("the runtime must be 1024ns at least"));
  EXPECT_THAT(refused(R"(, "dl-runtime": 50)"), HasSubstr("the period must be 100us..4194304us"));
  EXPECT_THAT(refused(R"(, "dl-runtime": 500, "dl-period": 400)"), HasSubstr("longer than the deadline"));
  EXPECT_THAT(refused(R"(, "dl-runtime": 500, "dl-period": 1000, "dl-deadline": 2000)"),
              HasSubstr("later than the period"));
}

TEST(RtApp, GroupsAreTreesAndPhasesChangeThem) {
  const Workload w =
      made(task(R"("phases": {"a": {"run": 1, "taskgroup": "/x/y"}, "b": {"run": 1, "taskgroup": "/x"}})"));
  ASSERT_EQ(w.groups.size(), 3u);
  EXPECT_EQ(w.group_path(w.tasks[0].group), "x/y");
  const auto program = w.program(TaskId(0));
  EXPECT_EQ(std::count(program.begin(), program.end(), op::set_group(GroupId(1))), 1);
}

TEST(RtApp, WhatIsNotModelledIsSaid) {
  auto notes = [](const std::string& text) { return made(text).notes; };
  EXPECT_THAT(
      notes(task("\"run\": 1,\n\"slep\": 3")),
      testing::ElementsAre(AllOf(HasSubstr("t.json:2"), HasSubstr("'slep'"), HasSubstr("did you mean 'sleep'"))));
  EXPECT_THAT(notes(R"({"tasks": {"t": {"run": 1}}, "global": {"frag": 1, "pi_enabled": true}})"),
              testing::ElementsAre(HasSubstr("'frag'"), HasSubstr("pi_enabled is not modelled")));
  EXPECT_THAT(notes(task(R"("run": 5, "phases": {"a": {"run": 1, "nodes_membind": [0]}})")),
              testing::ElementsAre(HasSubstr("beside phases"), HasSubstr("nodes_membind")));
  EXPECT_THAT(notes(task(R"("suspend": "u", "run": 1)")), testing::ElementsAre(HasSubstr("'u' is resumed")));
  EXPECT_TRUE(notes(task(R"("suspend": "t", "run": 1)")).empty());
  EXPECT_TRUE(notes(task(R"("suspend", "run": 1)")).empty());
  EXPECT_THAT(notes(task(R"("phases": {"a": {"run": 1}, "b": {"run": 1, "util_min": 4}})")),
              testing::ElementsAre(HasSubstr("clamps stay")));
  EXPECT_THAT(notes(R"({"tasks": {"t": {"iorun": 1}}, "global": {"io_device": "/dev/sda"}})"),
              testing::ElementsAre(HasSubstr("/dev/sda is written as fast")));
}

TEST(RtApp, ForksAreTasksOfTheirOwn) {
  const Workload w = made(R"({"tasks": {"child": {"instance": 0, "loop": 1, "run": 10},
    "t": {"loop": 2, "phases": {"a": {"loop": 3, "fork": "child"}, "b": {"loop": 5, "run": 1}}}}})");
  ASSERT_EQ(w.tasks.size(), 7u);
  EXPECT_EQ(w.task_name(TaskId(6)), "child-6-0005");
  EXPECT_EQ(run_ideally(w).tasks[6].work, Work(10'000));
  EXPECT_EQ(work_of(w, 0), Work(10'000));
  // What rt-app would do until it ends.
  const Workload endless =
      made(R"({"tasks": {"child": {"instance": 0, "loop": 1, "run": 1}, "t": {"fork": "child", "run": 5}}})");
  EXPECT_EQ(endless.tasks.size(), 1025u);
  EXPECT_THAT(endless.notes, testing::ElementsAre(HasSubstr("forked 1024 times")));
  EXPECT_THAT(error_of(R"({"tasks": {"c": {"instance": 0, "loop": 1, "run": 1}, "t": {"loop": 2000, "fork": "c"}}})"),
              HasSubstr("more than 1024 times"));
  EXPECT_THAT(error_of(task(R"("loop": 1, "fork": "x")")), HasSubstr("no task 'x'"));
}

TEST(RtApp, BadFilesAreRefusedWithTheirLine) {
  EXPECT_THAT(error_of(""), HasSubstr("t.json:1: is no JSON object"));
  EXPECT_THAT(error_of("tasks: {}"), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(error_of("{\n\"tasks\": *a}"), HasSubstr("t.json:2: is not JSON: '*'"));
  EXPECT_THAT(error_of("{\n\"tasks\": \"a}"), HasSubstr("t.json:2: a string does not end"));
  EXPECT_THAT(error_of("{\n/* \n"), HasSubstr("t.json:2: a comment does not end"));
  EXPECT_THAT(error_of("{\n\"tasks\": {\n"), HasSubstr("this is not YAML"));
  EXPECT_THAT(error_of("{\"global\": {}}"), HasSubstr("has no \"tasks\""));
  EXPECT_THAT(error_of("{\"tasks\": {}}"), HasSubstr("there is no task"));
  EXPECT_THAT(error_of(R"({"tasks": [1]})"), HasSubstr("tasks is no object"));
  EXPECT_THAT(error_of(task("\"run\": 1,\n\"loop\": 1.5")), HasSubstr("t.json:2: loop is '1.5'"));
  EXPECT_THAT(error_of(task(R"("run": "1000")")), HasSubstr("without quotes"));
  EXPECT_THAT(error_of(task(R"("run": -1)")), HasSubstr("run is -1"));
  EXPECT_THAT(error_of(task(R"("run": 99999999999)")), HasSubstr("run is 99999999999"));
  EXPECT_THAT(error_of(task(R"("run": 1, "loop": 1, "loop": 2)")), HasSubstr("'loop' is given twice"));
  EXPECT_THAT(error_of(task(R"("lock": 5)")), HasSubstr("lock is no text"));
  EXPECT_THAT(error_of(task(R"("timer": 5)")), HasSubstr("timer is no object"));
  EXPECT_THAT(error_of(task(R"("cpus": [], "run": 1)")), HasSubstr("cpus is empty"));
  EXPECT_THAT(error_of(task(R"("cpus": [99999], "run": 1)")), HasSubstr("a CPU is 99999"));
  EXPECT_THAT(error_of(task(R"("policy": "SCHED_FFO", "run": 1)")), HasSubstr("did you mean 'SCHED_FIFO'"));
  EXPECT_THAT(error_of(task(R"("policy": "SCHED_FIFO", "priority": -3, "run": 1)")), HasSubstr("take 1 to 99"));
  EXPECT_THAT(error_of(task(R"("priority": 40, "run": 1)")), HasSubstr("nice"));
  EXPECT_THAT(error_of(task(R"("taskgroup": "a", "run": 1)")), HasSubstr("begin with '/'"));
  EXPECT_THAT(error_of(task(R"("loop": 1)")), HasSubstr("has no events"));
  EXPECT_THAT(error_of(task(R"("phases": {})")), HasSubstr("has no phase"));
  EXPECT_THAT(error_of(task(R"("exec": 5, "lock_order": ["a"])")), HasSubstr("before 2014"));
  EXPECT_THAT(error_of(task(R"("memrun": {"type": "read", "size": 5})")), HasSubstr("has no count"));
  EXPECT_THAT(error_of(task(R"("memrun": {"type": "raed", "size": 5})")), HasSubstr("one of read, write, chase"));
  EXPECT_THAT(error_of(R"({"tasks": {"t": {"run": 1}}, "global": {"calibration": "cpu0"}})"), HasSubstr("CPU0"));
  EXPECT_THAT(error_of(task(R"("instance": 1000000, "run": 1)")), HasSubstr("more than 100000 threads"));
}

// Whatever is taken away from a file, or doubled: a sound workload or an Error.
TEST(RtAppProperty, DamagedFilesAreSoundOrRefused) {
  const std::string whole = R"({"tasks": {"a": {"instance": 2, "loop": 3, "phases": {"p": {"loop": 2, "run": 5,
    "lock": "m", "wait": {"ref": "c", "mutex": "m"}, "unlock": "m"}, "q": {"fork": "b", "timer": {"ref": "unique", "period": 9}}}},
    "b": {"loop": 1, "suspend", "barrier": "x", "resume": "a"}}, "global": {"duration": 1}})";
  EXPECT_TRUE(rc::check([&](uint64_t seed) {
    Rng rng(seed);
    std::string text = whole;
    for (uint64_t i = rng.below(4) + 1; i > 0; --i) {
      const size_t at = rng.below(text.size()), length = rng.below(20);
      const std::string part = text.substr(at, length);
      rng.below(2) == 0 ? text.erase(at, length) : text.insert(rng.below(text.size()), part);
    }
    error_of(text);
  }));
}

}  // namespace
}  // namespace simsched
