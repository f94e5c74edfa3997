#include "experiment/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/load/load.h"

namespace simsched {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  uint64_t switches = 1000;  // of 1000
  int64_t latency = 10000;   // of 10000
  uint64_t pulled = 0;       // of 0
  uint64_t free_waits = 0;   // of 1000
  uint64_t let_go = 0;
  size_t recordings = 1;
};

TraceStats stats(uint64_t switches, int64_t latency, uint64_t pulled) {
  TraceStats made;
  made.makespan = Nanos(1000000);
  made.switches = switches;
  made.latencies = {Nanos(latency)};
  made.latency_mean = Nanos(latency);
  made.moves.by_kind[4] = pulled;
  return made;
}

// All reasons, in one line.
std::string reasons(const Case& given, const Grounds& grounds = {}) {
  const RecordedRun run{stats(1000, 10000, 0),
                        {{stats(given.switches, given.latency, given.pulled), 1000, given.free_waits, given.let_go}}};
  const Fidelity fidelity(std::vector<RecordedRun>(given.recordings, run), {}, grounds.causes);
  std::string text;
  for (const Diagnosis& diagnosis : diagnose(fidelity, grounds))
    text += diagnosis.reason + "; " + diagnosis.remedy + "\n";
  return text;
}

TEST(Diagnose, SaysNothingWhereAllIsWell) {
  EXPECT_THAT(reasons({}), IsEmpty());
  Grounds grounds;
  grounds.lost_events = 7;
  EXPECT_THAT(reasons({}, grounds), IsEmpty());
}

TEST(Diagnose, FreeWaitsAskForCauses) {
  EXPECT_THAT(reasons({.free_waits = 530}), HasSubstr("not replayable closed-loop: 53 % of the waits"));
  EXPECT_THAT(reasons({.free_waits = 530}), HasSubstr("--causes"));
  Grounds grounds;
  grounds.causes = true;
  EXPECT_THAT(reasons({.switches = 500, .free_waits = 530}, grounds), Not(HasSubstr("--causes")));
}

TEST(Diagnose, AReplayThatLockedUpComesFirst) {
  EXPECT_THAT(reasons({.free_waits = 530, .let_go = 20}), testing::StartsWith("the replay locked up"));
}

TEST(Diagnose, KnowsWhichFairClassAKernelHas) {
  Grounds grounds;
  grounds.policy = "eevdf";
  grounds.kernel = "6.5";
  EXPECT_THAT(reasons({.switches = 500}, grounds), HasSubstr("whose fair class is CFS"));
  EXPECT_EQ(fair_policy_of("6.5"), "cfs");
  EXPECT_EQ(fair_policy_of("6.6"), "eevdf");
  grounds.kernel = "6.12";
  EXPECT_THAT(reasons({.switches = 500}, grounds), Not(HasSubstr("fair class")));
  grounds.policy = "cfs";
  EXPECT_THAT(reasons({.switches = 500}, grounds), HasSubstr("whose fair class is EEVDF"));
}

TEST(Diagnose, NamesWhatWasAssumed) {
  std::vector<Recording> recordings;
  recordings.push_back({SchedTrace(), load_machine("vm-2c"), {}, {}, {}});
  EXPECT_EQ(grounds_of(recordings, "eevdf").assumed, "machine, HZ, preemption");
  EXPECT_EQ(grounds_of(recordings, "eevdf", true).assumed, "HZ, preemption");
  recordings[0].trace.circumstances.told.hz = recordings[0].trace.circumstances.told.preempt = true;
  const Grounds grounds = grounds_of(recordings, "eevdf");
  EXPECT_THAT(reasons({.switches = 500}, grounds), HasSubstr("nobody told its machine"));
  EXPECT_THAT(reasons({.switches = 500}, grounds_of(recordings, "eevdf", true)), Not(HasSubstr("nobody told")));
}

TEST(Diagnose, NamesLostEventsAndOtherPrograms) {
  Grounds grounds;
  grounds.lost_events = 7;
  grounds.not_command = 0.31;
  const std::string text = reasons({.switches = 500}, grounds);
  EXPECT_THAT(text, HasSubstr("7 events were lost"));
  EXPECT_THAT(text, HasSubstr("31 % of the CPU time was not the command's"));
}

TEST(Diagnose, TellsLatenciesAndPlacementFromTheRest) {
  EXPECT_THAT(reasons({.latency = 20000}), HasSubstr("only latencies differ"));
  EXPECT_THAT(reasons({.pulled = 500}), HasSubstr("only placement differs"));
  EXPECT_THAT(reasons({.switches = 500, .latency = 20000, .pulled = 500}), Not(HasSubstr("only")));
}

TEST(Diagnose, OneRecordingAsksForMore) {
  EXPECT_THAT(reasons({.switches = 500}), HasSubstr("--runs 3"));
  EXPECT_THAT(reasons({.switches = 500, .recordings = 2}), Not(HasSubstr("--runs")));
}

}  // namespace
}  // namespace simsched
