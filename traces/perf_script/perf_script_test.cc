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

TEST(PerfScriptLine, TheColumnsOfLatencyFormats) {
  struct Form {
    const char* text;
    bool has_context;
    uint8_t context;
    int64_t time;
  };
  for (Form form : {Form{"  <idle>-0       3d.h2. 100.000001: sched_waking: x", true, kHardIrq, 100000001000},
                    Form{"  <idle>-0       3d.s2. 100us+: sched_waking: x", true, kSoftIrq, 100000},
                    Form{"  <idle>-0       3d..2. 4100us : sched_waking: x", true, 0, 4100000},
                    Form{" swapper     0   3   100.000001: sched:sched_waking: x", false, 0, 100000001000},
                    Form{" swapper     0 [003] K   100.000001: sched:sched_waking: x", false, 0, 100000001000},
                    Form{" <idle>-0 [003] d.h2 100.000001: (+12) sched_waking: x", true, kHardIrq, 100000001000}}) {
    auto line = text::parse_line(form.text);
    ASSERT_TRUE(line) << form.text;
    EXPECT_EQ(line->current, Pid(0)) << form.text;
    EXPECT_EQ(line->cpu, CpuId(3)) << form.text;
    EXPECT_EQ(line->time, Nanos(form.time)) << form.text;
    EXPECT_EQ(line->event, "sched_waking") << form.text;
    EXPECT_EQ(line->has_context, form.has_context) << form.text;
    EXPECT_EQ(line->context, form.context) << form.text;
  }
}

TEST(PerfScriptLine, LossOfEveryTool) {
  EXPECT_EQ(text::parse_loss("CPU:3 [LOST 5120 EVENTS]")->events, 5120);
  EXPECT_EQ(text::parse_loss("CPU:3 [5120 EVENTS DROPPED]")->cpu, CpuId(3));
  EXPECT_EQ(text::parse_loss("CPU:3 [LOST EVENTS]")->events, 1) << "how many is not told";
  EXPECT_EQ(text::parse_loss("CPU:3 [EVENTS DROPPED]")->events, 1);
  for (const char* text : {"", "CPU:", "CPU:x [LOST 1 EVENTS]", "CPU:3 buffer started", "CPU:99999 [LOST 1 EVENTS]"})
    EXPECT_FALSE(text::parse_loss(text)) << text;
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
 a b 6 [000]     1.000001000: irq:softirq_entry: vec=1
 a b 6 [000]     1.000001100: power:cpu_idle: state=4294967295 cpu_id=0
 a b 6 [000]     1.000001200: power:cpu_frequency: state=1100000 cpu_id=3
)");
  ASSERT_EQ(trace.events.size(), 9u);
  EXPECT_EQ(trace.origin, Nanos(1000000100));
  EXPECT_EQ(trace.holes.unknown_records, 1u);
  EXPECT_EQ(trace.holes.clock_backwards, 1u);
  EXPECT_THAT(trace.power, testing::ElementsAre(PowerEvent{1_us, CpuId(0), kNotIdle, PowerEvent::Kind::kIdle},
                                                PowerEvent{1100_ns, CpuId(3), 1100000, PowerEvent::Kind::kFrequency}));
  EXPECT_EQ(trace.nr_cpus, 4u);
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

TEST(PerfScript, WakeupsInAllTheirForms) {
  SchedTrace trace = read(
      " swapper 0 [000] 1.000001: sched:sched_wakeup: task a b:10 [120] success=1 [001]\n"
      " swapper 0 [000] 1.000002: sched:sched_wakeup: a b:11 [49] success=1 CPU:001\n"
      " swapper 0 [000] 1.000003: sched:sched_wakeup: a [x]:12 [120] CPU:001\n"
      " swapper 0 [000] 1.000004: sched:sched_wakeup: comm=a b pid=13 prio=120 success=1 target_cpu=001\n"
      " swapper 0 [000] 1.000005: sched:sched_wakeup: comm=a b pid=14 prio=120 success=0 target_cpu=001\n"
      " swapper 0 [000] 1.000006: sched:sched_migrate_task: task a b:15 [120] from: 0  to: 1\n"
      " swapper 0 [000] 1.000007: sched:sched_switch: task swapper:0 [140] (R) ==> a b:16 [120]\n");
  ASSERT_EQ(trace.events.size(), 6u) << "one woke nobody";
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(trace.events[i].kind, TraceKind::kWaking);
    EXPECT_EQ(trace.events[i].pid, Pid(10 + static_cast<int>(i)));
    EXPECT_EQ(trace.events[i].other_cpu, CpuId(1));
  }
  EXPECT_EQ(trace.names[trace.events[2].name], "a [x]");
  EXPECT_EQ(trace.events[1].prio, 49);
  EXPECT_EQ(trace.events[4].dest_cpu, CpuId(1));
  EXPECT_EQ(trace.events[5].pid, Pid(16));
  EXPECT_EQ(trace.holes.unreadable + trace.holes.unknown_records, 0u);
}

std::string switch_line(const std::string& time, const std::string& state) {
  return " a-5 [000] d..2 " + time + ": sched_switch: prev_comm=a prev_pid=5 prev_prio=120 prev_state=" + state +
         " ==> next_comm=b next_pid=6 next_prio=120\n";
}

TEST(PerfScript, StatesAreLettersOrTheNumbersOfSomeKernel) {
  SchedTrace trace =
      read(switch_line("1.000001", "1") + switch_line("1.000002", "0x1000") + switch_line("1.000003", "64"));
  ASSERT_EQ(trace.events.size(), 3u);
  EXPECT_EQ(trace.events[0].state, kStateInterruptible);
  EXPECT_EQ(trace.events[1].state, kStatePreempted);
  EXPECT_EQ(trace.events[2].state, kStateDead) << "4.13 and before";
  trace = read(switch_line("1.000001", "256") + switch_line("1.000002", "64"));
  EXPECT_EQ(trace.events[0].state, kStatePreempted);
  EXPECT_EQ(trace.events[1].state, kStateParked);
  trace = read("# os release : 4.9.1\n" + switch_line("1.000001", "64") + switch_line("1.000002", "R"));
  EXPECT_EQ(trace.os_release, "4.9.1");
  EXPECT_EQ(trace.events[0].state, kStateDead);
}

TEST(PerfScript, AStateThatIsNoneCostsItsEventAndIsCounted) {
  SchedTrace trace = read(switch_line("1.000001", "S") + switch_line("1.000002", "Q") + switch_line("1.000003", "R"));
  EXPECT_EQ(trace.events.size(), 2u);
  EXPECT_EQ(trace.holes.unreadable, 1u);
  EXPECT_THAT(trace.notes, testing::ElementsAre(testing::HasSubstr("test.txt:2: prev_state 'Q' is none")));
  EXPECT_THAT(error_of(switch_line("1.000001", "Q")), testing::HasSubstr("test.txt:1: prev_state 'Q'"));
  EXPECT_THAT(error_of(switch_line("1.000001", "20000")), testing::HasSubstr("prev_state 20000"));
}

TEST(PerfScript, LostEventsAreCountedWhicheverToolSaysSo) {
  for (const char* line : {"CPU:0 [LOST 5120 EVENTS]\n", "CPU:0 [5120 EVENTS DROPPED]\n",
                           " perf 9 [000] 1.0000015: PERF_RECORD_LOST lost 5120\n",
                           " perf 9 [000] 1.0000015: PERF_RECORD_LOST_SAMPLES lost 5120\n"}) {
    SchedTrace trace = read(switch_line("1.000001", "S") + line + switch_line("1.000002", "S"));
    EXPECT_EQ(trace.holes.lost_events, 5120u) << line;
    EXPECT_EQ(trace.holes.unknown_records, 0u) << line;
    ASSERT_EQ(trace.events.size(), 3u) << line;
    EXPECT_EQ(trace.events[1].kind, TraceKind::kLost) << line;
  }
}

TEST(PerfScript, ACutEndCostsTheLastLine) {
  std::string text = switch_line("1.000001", "S") + switch_line("1.000002", "R");
  for (size_t size = text.size() - 30; size > text.size() / 2 + 10; --size) {
    SchedTrace trace = read(text.substr(0, size));
    EXPECT_EQ(trace.events.size(), 1u) << size;
    EXPECT_TRUE(trace.holes.cut_end) << size;
    EXPECT_EQ(trace.holes.unreadable + trace.holes.unknown_records, 0u) << size;
  }
  EXPECT_FALSE(read(text).holes.cut_end);
  text.pop_back();
  EXPECT_EQ(read(text).events.size(), 2u) << "the last line may lack its end";
  EXPECT_FALSE(read(text).holes.cut_end);
}

TEST(PerfScript, TimesThatAreDifferencesAreRefused) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += switch_line("0.0000" + std::to_string(10 + i * 7 % 20), "S");
  EXPECT_THAT(error_of(text), testing::HasSubstr("they are differences"));
  EXPECT_THAT(error_of(" a-5 [000] d..2 123456789: sched_switch: prev_comm=a\n"),
              testing::HasSubstr("test.txt:1: its times are counts of a clock"));
}

TEST(PerfScript, TimesMayBeginAtNull) {
  SchedTrace trace = read(switch_line("0.000000", "S") + switch_line("0.000002", "S"));
  EXPECT_EQ(trace.events[0].current, Pid(5));
  EXPECT_EQ(trace.origin, Nanos(0));
}

TEST(PerfScript, TheHeadTellsCpusAndKernel) {
  SchedTrace trace = read("version = 6\ncpus=6\n" + switch_line("1.000001", "S"));
  EXPECT_EQ(trace.nr_cpus, 6u);
  EXPECT_EQ(trace.holes.unknown_records, 0u);
  trace = read("# tracer: nop\n# entries-in-buffer/entries-written: 1/1   #P:8\n" + switch_line("1.000001", "S"));
  EXPECT_EQ(trace.nr_cpus, 8u);
}

TEST(PerfScript, ATaskMayBeCalledLikeAHead) {
  const std::string event = " 5 [000] 1.5: sched:sched_wakeup: comm=x pid=7 prio=120 target_cpu=000\n";
  for (const char* name : {"# x", "cpus=3", "version = 6"}) {
    const SchedTrace trace = read(name + event);
    EXPECT_EQ(trace.events.size(), 1u) << name;
    EXPECT_FALSE(trace.tells_cpus) << name;
  }
}

TEST(PerfScript, SaysOfHowManyWakeUpsTheWakerIsAGuess) {
  const std::string wakeup = "sched_wakeup: comm=x pid=7 prio=120 target_cpu=000\n";
  const auto notes = [&](const std::string& head) { return read(head + wakeup).notes; };
  ASSERT_EQ(notes(" a 5 [000] 1.5: sched:").size(), 1u);
  EXPECT_EQ(notes(" a 5 [000] 1.5: sched:")[0].find("1 wake-ups are taken as by the task"), 0u);
  EXPECT_TRUE(notes(" a-5 [000] d..2. 1.5: ").empty());
  EXPECT_TRUE(notes(" swapper 0 [000] 1.5: sched:").empty());
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
