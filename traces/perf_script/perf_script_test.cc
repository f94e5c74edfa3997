#include "traces/perf_script/perf_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "traces/perf_script/perf_script_line.h"

namespace simsched {
namespace {

SchedTrace read(const std::string& text) { return read_perf_script(std::as_bytes(std::span(text)), "test.txt"); }

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PerfScriptLine, TaskCpuTimeAndEvent) {
  auto line =
      text::parse_line("    Web Content [x]  4711 [003]  5965.453290650:       sched:sched_waking: comm=a pid=1");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->current, Pid(4711));
  EXPECT_EQ(line->cpu, CpuId(3));
  EXPECT_EQ(line->time, Nanos(5965453290650));
  EXPECT_EQ(line->event, "sched_waking");
  EXPECT_EQ(line->rest, "comm=a pid=1");
  EXPECT_FALSE(line->has_context);

  line = text::parse_line("   :-1    -1 [000]     1.5: sched:sched_switch: x");
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->current.valid());
  EXPECT_EQ(line->time, Nanos(1500000000));

  line = text::parse_line(" make 10/12 [000]     1.000001:          1 sched:sched_switch: x");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->current, Pid(12));

  line = text::parse_line("  <idle>-0     (-----) [001] d.H3.  12.345678: sched_waking: comm=a pid=1");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->current, Pid(0));
  EXPECT_EQ(line->context, kHardIrq | kSoftIrq);
  EXPECT_TRUE(line->has_context);

  for (const char* strange :
       {"", "make", "make 1 [001]", "make 1 [001] 1.5:", "make [001] 1.5: a:b: c", "x 1 [1] d: e: f"})
    EXPECT_FALSE(text::parse_line(strange)) << strange;
}

TEST(PerfScriptLine, States) {
  EXPECT_EQ(text::parse_state("R"), kStateRunning);
  EXPECT_EQ(text::parse_state("R+"), kStatePreempted);
  EXPECT_EQ(text::parse_state("D|W"), kStateUninterruptible);
  EXPECT_EQ(text::parse_state("I"), kStateIdle);
  EXPECT_EQ(text::parse_state("t"), kStateTraced);
  EXPECT_EQ(text::parse_state(" Z "), kStateZombie);
}

TEST(PerfScript, ReadsEveryKindOfEvent) {
  SchedTrace trace = read(R"(# a comment

 make 5 [000]     1.000000100:       sched:sched_switch: prev_comm=make prev_pid=5 prev_prio=120 prev_state=D ==> next_comm=a b next_pid=6 next_prio=49
 a b 6 [000]     1.000000300:       sched:sched_waking: comm=cc1 pid=7 prio=120 target_cpu=001
 a b 6 [000]     1.000000200: sched:sched_migrate_task: comm=cc1 pid=7 prio=120 orig_cpu=1 dest_cpu=0
 :-1 -1 [000]    1.000000400: sched:sched_stat_runtime: comm=a b pid=6 runtime=300 [ns]
 a b 6 [000]     1.000000500: sched:sched_process_fork: comm=a b pid=6 child_comm=a b child_pid=8
 a b 6 [000]     1.000000600:   sched:sched_wakeup_new: comm=a b pid=8 prio=120 target_cpu=001
 swapper 0 [001]     1.000000700:       sched:sched_waking: comm=cc1 pid=7 prio=120 target_cpu=001
 a b 6 [000]     1.000000800: PERF_RECORD_COMM exec: as:6/6
 a b 6 [000]     1.000000900: PERF_RECORD_EXIT(6:6):(5:5)
 a b 6 [000]     1.000001000: power:cpu_idle: state=1
)");
  ASSERT_EQ(trace.events.size(), 9u);
  EXPECT_EQ(trace.origin, Nanos(1000000100));
  EXPECT_EQ(trace.holes.unknown_records, 1u);
  EXPECT_EQ(trace.holes.clock_backwards, 1u);
  const TraceEvent& change = trace.events[0];
  EXPECT_EQ(change.kind, TraceKind::kSwitch);
  EXPECT_EQ(change.state, kStateUninterruptible);
  EXPECT_EQ(change.prio, 49);
  EXPECT_EQ(change.current_prio, 120);
  EXPECT_EQ(trace.names[change.name], "a b");
  EXPECT_EQ(trace.events[1].kind, TraceKind::kMigrate);
  EXPECT_EQ(trace.events[1].dest_cpu, CpuId(0));
  EXPECT_EQ(trace.events[2].context, 0);
  EXPECT_EQ(trace.events[3].current, Pid(6));  // the text says -1
  EXPECT_EQ(trace.events[3].value, 300);
  EXPECT_EQ(trace.events[4].pid, Pid(8));
  EXPECT_EQ(trace.events[5].kind, TraceKind::kWakeupNew);
  EXPECT_EQ(trace.events[6].context, kHardIrq);  // nobody but an interrupt wakes while a CPU idles
  EXPECT_EQ(trace.events[7].kind, TraceKind::kExec);
  EXPECT_EQ(trace.names[trace.events[7].name], "as");
  EXPECT_EQ(trace.events[8].kind, TraceKind::kExit);
}

TEST(PerfScript, ReadsFtraceTextAndItsShortForms) {
  SchedTrace trace = read(
      "   make-5       [001] d..2.  1.000001: sched_switch: make:5 [120] D ==> swapper/1:0 [120]\n"
      " <idle>-0       [001] d.s2.  1.000002: sched_wakeup: cc1:99 [110] success=1 CPU:001\n"
      " <idle>-0       [001] d..2.  1.000003: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R"
      " ==> next_comm=cc1 next_pid=99 next_prio=110\n");
  ASSERT_EQ(trace.events.size(), 3u);
  EXPECT_EQ(trace.events[0].pid, Pid(0));
  EXPECT_EQ(trace.events[0].state, kStateUninterruptible);
  EXPECT_EQ(trace.events[1].kind, TraceKind::kWaking);  // there is no sched_waking
  EXPECT_EQ(trace.events[1].pid, Pid(99));
  EXPECT_EQ(trace.events[1].context, kSoftIrq);
  EXPECT_EQ(trace.events[2].pid, Pid(99));
}

TEST(PerfScript, SaysWhatIsWrong) {
  EXPECT_THAT(error_of("# only\nhello world\n"), testing::HasSubstr("test.txt:2: no scheduler event"));
  EXPECT_THAT(error_of(" make 5 [000] 1.5: sched:sched_waking: comm=a pid=7 prio=120\n"),
              testing::HasSubstr("test.txt:1: the event has no number after ' target_cpu='"));
  EXPECT_THAT(error_of(" make 5 [000] 1.5: sched:sched_waking: comm=a pid=7 prio=120 target_cpu=99999\n"),
              testing::HasSubstr("CPU 99999 makes no sense"));
}

}  // namespace
}  // namespace simsched
