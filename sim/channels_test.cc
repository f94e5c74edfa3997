#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::simulate;

constexpr Work kUs{1000};

Workload with_channels(std::vector<ChannelSpec> channels, std::vector<PollLoopSpec> poll_loops = {}) {
  Workload w;
  w.channels = std::move(channels);
  w.poll_loops = std::move(poll_loops);
  return w;
}

TEST(Channels, AReceiveTakesWhatSeveralSendsBring) {
  Workload w = with_channels({{}});
  ChannelId c(0);
  add_task(w, "reader", {op::receive(c, 100), op::compute(5 * kUs)});
  add_task(w, "writer", {op::compute(10 * kUs), op::send(c, 40), op::compute(10 * kUs), op::send(c, 60)});
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 25'000);
  EXPECT_EQ(r.metric("wakeups"), 2) << "it is woken for each part, and blocks again for the rest";
}

TEST(Channels, BytesThatAreThereCostNoBlock) {
  Workload w = with_channels({{}});
  ChannelId c(0);
  add_task(w, "writer", {op::send(c, 100), op::send(c, 100), op::compute(1 * kUs)});
  add_task(w, "reader", {op::compute(10 * kUs), op::receive(c, 150), op::receive(c, 50), op::compute(5 * kUs)});
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("wakeups"), 0);
  EXPECT_EQ(r.metric("makespan_ns"), 15'000);
}

TEST(Channels, AWriterWaitsWhileAPipeIsFull) {
  Workload w = with_channels({{65536, ChannelSpec::Kind::kPipe}});
  ChannelId c(0);
  add_task(w, "writer", {op::send(c, 100'000), op::compute(5 * kUs)});
  add_task(w, "reader", {op::compute(100 * kUs), op::receive(c, 100'000)});
  // The reader empties the pipe at 100 us, which lets the writer put in the rest.
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 105'000);
  EXPECT_EQ(r.metric("wakeups"), 2);
}

TEST(Channels, AMessageGoesIntoASocketWholeWhileThereIsAnyRoom) {
  Workload w = with_channels({{1000, ChannelSpec::Kind::kUnix}});
  ChannelId c(0);
  add_task(w, "writer",
           {op::send(c, 900), op::send(c, 900), op::compute(2 * kUs), op::send(c, 100), op::compute(1 * kUs)});
  add_task(w, "reader",
           {op::compute(50 * kUs), op::receive(c, 900), op::compute(50 * kUs), op::receive(c, 700),
            op::compute(5 * kUs), op::receive(c, 300)});
  // 1,800 bytes are in it until 900 are taken at 50 us; three quarters are free at 100 us.
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 105'000);
  EXPECT_EQ(r.metric("wakeups"), 1);
}

// A poll loop of two messages, whose second comes first.
Workload two_segments() {
  Workload w = with_channels({{}, {}}, {{}});
  add_task(w, "server",
           {op::select(0, 3), op::receive(ChannelId(0), 10), op::compute(10 * kUs),  //
            op::select(0, 3), op::receive(ChannelId(1), 10), op::compute(20 * kUs),  //
            op::select_end(0), op::compute(1 * kUs)});
  add_task(w, "late", {op::compute(100 * kUs), op::send(ChannelId(0), 10)});
  add_task(w, "early", {op::compute(5 * kUs), op::send(ChannelId(1), 10)});
  return w;
}

TEST(Channels, APollLoopHandlesFirstWhatComesFirst) {
  RunResult r = simulate(flat_machine(3), two_segments());
  EXPECT_EQ(r.metric("makespan_ns"), 111'000) << "the second segment ran at 5 us";
  EXPECT_EQ(r.metric("wakeups"), 2);
}

TEST(Channels, APollLoopAsksOnceForWhatIsThereAndAgainWhenThatIsDone) {
  std::vector<Op> server;
  for (int i = 0; i < 4; ++i) {
    server.push_back(op::select(0, 3));
    server.push_back(op::receive(ChannelId(i), 1));
    server.push_back(op::compute(10 * kUs));
  }
  server.push_back(op::select_end(0));
  for (int32_t batch : {4, 1}) {
    Workload w = with_channels({{}, {}, {}, {}}, {{3 * kUs, batch}});
    add_task(w, "client",
             {op::send(ChannelId(0), 1), op::compute(5 * kUs), op::send(ChannelId(3), 1), op::send(ChannelId(2), 1),
              op::send(ChannelId(1), 1)});
    add_task(w, "server", server);
    // The poll before the first message stands before the loop; then three come at once.
    EXPECT_EQ(simulate(flat_machine(2), w).metric("makespan_ns"), batch == 4 ? 43'000 : 49'000);
  }
}

TEST(Channels, MessagesOfOneChannelStayInOrderInAPollLoop) {
  Workload w = with_channels({{}, {}}, {{}});
  // The first wants more than comes at first; the second, of the same channel, must not overtake it.
  add_task(w, "server",
           {op::select(0, 3), op::receive(ChannelId(0), 100), op::compute(10 * kUs),  //
            op::select(0, 4), op::receive(ChannelId(0), 10), op::compute(10 * kUs), op::send(ChannelId(1), 1),
            op::select_end(0)});
  add_task(w, "writer", {op::send(ChannelId(0), 60), op::compute(50 * kUs), op::send(ChannelId(0), 50)});
  add_task(w, "last", {op::receive(ChannelId(1), 1)});
  EXPECT_EQ(simulate(flat_machine(3), w).metric("makespan_ns"), 70'000);
}

TEST(Channels, APollLoopBeginsNothingThatWouldHoldUpTheRest) {
  for (ChannelSpec spec : {ChannelSpec{}, ChannelSpec{1000, ChannelSpec::Kind::kUnix}}) {
    Workload w = with_channels({spec, {}, {}}, {{}});
    // Of 100 bytes 60 are there; what brings the others waits for the answer to the second message.
    add_task(w, "server",
             {op::select(0, 2), op::receive(ChannelId(0), 100),  //
              op::select(0, 3), op::receive(ChannelId(1), 10), op::send(ChannelId(2), 10), op::select_end(0)});
    add_task(w, "first", {op::send(ChannelId(0), 60)});
    add_task(w, "second",
             {op::compute(5 * kUs), op::send(ChannelId(1), 10), op::receive(ChannelId(2), 10),
              op::send(ChannelId(0), 40), op::compute(1 * kUs)});
    w.recorded = true;
    RunResult r = simulate(flat_machine(3), w);
    EXPECT_EQ(r.metric("tasks_exited"), 3);
    EXPECT_EQ(r.metric("waits_let_go"), 0);
  }
}

TEST(Channels, APollLoopTakesAMessageThatIsLongerThanItsChannelInParts) {
  for (ChannelSpec spec :
       {ChannelSpec{1000, ChannelSpec::Kind::kStream}, ChannelSpec{4096, ChannelSpec::Kind::kPipe}}) {
    Workload w = with_channels({spec, {}}, {{}});
    add_task(w, "server",
             {op::select(0, 2), op::receive(ChannelId(0), 10'000),  //
              op::select(0, 2), op::receive(ChannelId(1), 1), op::select_end(0)});
    // The loop waits before the channel is full, and the writer that fills it puts in nothing more.
    add_task(w, "first", {op::compute(5 * kUs), op::send(ChannelId(0), spec.capacity)});
    add_task(w, "second",
             {op::compute(20 * kUs), op::send(ChannelId(0), 10'000 - spec.capacity), op::send(ChannelId(1), 1)});
    w.recorded = true;
    RunResult r = simulate(flat_machine(3), w);
    EXPECT_EQ(r.metric("tasks_exited"), 3);
    EXPECT_EQ(r.metric("waits_let_go"), 0);
  }
}

TEST(Channels, AWaitThatLostARaceLeavesTheCpuAndComesBackThere) {
  Workload w = with_channels({});
  w.nr_tokens = 1;
  add_task(w, "signal", {op::signal(TokenId(0)), op::compute(1 * kUs)});
  add_task(w, "wait", {op::compute(5 * kUs), op::wait(TokenId(0), kOpForce), op::compute(5 * kUs)});
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("wakeups"), 1);
  EXPECT_EQ(r.metric("migrations"), 0);
  EXPECT_EQ(r.metric("makespan_ns"), 10'000);
}

TEST(Channels, OnlyAReplayLetsAWaitGo) {
  Workload w = with_channels({{}});
  w.nr_tokens = 1;
  add_task(w, "a", {op::receive(ChannelId(0), 8), op::compute(1 * kUs), op::signal(TokenId(0))});
  add_task(w, "b", {op::wait(TokenId(0)), op::send(ChannelId(0), 8), op::compute(1 * kUs)});
  EXPECT_THROW(simulate(flat_machine(2), w), Error);
  w.recorded = true;
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("waits_let_go"), 1);
  EXPECT_EQ(r.metric("tasks_exited"), 2);
}

TEST(Channels, EveryKindOfWaitIsLetGo) {
  for (auto& program :
       std::vector<std::vector<Op>>{{op::wait(TokenId(0)), op::compute(1 * kUs)},
                                    {op::receive(ChannelId(0), 8), op::compute(1 * kUs)},
                                    {op::send(ChannelId(1), 8), op::send(ChannelId(1), 8), op::compute(1 * kUs)},
                                    {op::select(0, 2), op::receive(ChannelId(0), 8), op::select(0, 2),
                                     op::receive(ChannelId(0), 8), op::select_end(0), op::compute(1 * kUs)}}) {
    Workload w = with_channels({{}, {8, ChannelSpec::Kind::kUnix}}, {{}});
    w.nr_tokens = 1;
    w.recorded = true;
    add_task(w, "a", program);
    EXPECT_EQ(simulate(flat_machine(2), w).metric("tasks_exited"), 1);
  }
}

TEST(Channels, AWorkloadWithTwoReadersOfOneChannelIsRefused) {
  Workload w = with_channels({{}});
  add_task(w, "a", {op::receive(ChannelId(0), 8)});
  add_task(w, "b", {op::receive(ChannelId(0), 8)});
  EXPECT_THROW(w.check(2), Error);
}

TEST(Channels, ASegmentThatCouldBlockIsRefused) {
  Workload w = with_channels({{}}, {{}});
  add_task(w, "a", {op::select(0, 3), op::receive(ChannelId(0), 8), op::sleep(1_us), op::select_end(0)});
  EXPECT_THROW(w.check(2), Error);
}

// Tasks that talk at random, made by a run that is possible: whatever order the engine takes, it gets to the end.
RC_GTEST_PROP(ChannelsProperty, NoReplayLocksUp, (uint64_t seed)) {
  Rng rng(seed);
  size_t nr_tasks = 2 + rng.below(5), nr_channels = 1 + rng.below(6);
  Workload w = with_channels({});
  std::vector<size_t> reader(nr_channels), writer(nr_channels);
  std::vector<int64_t> inside(nr_channels);
  for (size_t c = 0; c < nr_channels; ++c) {
    reader[c] = rng.below(nr_tasks);
    writer[c] = rng.below(nr_tasks);
    int64_t capacity = 1 + static_cast<int64_t>(rng.below(20'000));
    uint64_t kind = rng.below(4);
    if (kind == 0) w.channels.push_back({});
    if (kind == 1) w.channels.push_back({capacity, ChannelSpec::Kind::kStream});
    if (kind == 2) w.channels.push_back({capacity, ChannelSpec::Kind::kUnix});
    if (kind == 3) w.channels.push_back({kPageSize * static_cast<int64_t>(1 + rng.below(5)), ChannelSpec::Kind::kPipe});
  }
  std::vector<std::vector<Op>> programs(nr_tasks);
  for (int i = 0; i < 300; ++i) {
    size_t c = rng.below(nr_channels);
    const ChannelSpec& spec = w.channels[c];
    if (rng.below(2) == 0) {
      int64_t room = spec.capacity == 0 ? 30'000 : spec.capacity - inside[c];
      // In a pipe the first page and the last may be full of little.
      if (spec.kind == ChannelSpec::Kind::kPipe && inside[c] > 0)
        room = spec.capacity - (inside[c] / kPageSize + 2) * kPageSize;
      if (room <= 0) continue;
      int64_t bytes = 1 + static_cast<int64_t>(rng.below(static_cast<uint64_t>(room)));
      if (spec.kind == ChannelSpec::Kind::kPipe && bytes % kPageSize != 0) {  // a page that is not full may stay so
        if (room < 2 * kPageSize || inside[c] > 0) continue;
      }
      // With many writers the room of one may be taken by another, as in reality; one writer, and it is always there.
      programs[writer[c]].push_back(op::send(ChannelId(c), bytes, kOpKernel));
      inside[c] += bytes;
    } else if (inside[c] > 0) {
      int64_t bytes = 1 + static_cast<int64_t>(rng.below(static_cast<uint64_t>(inside[c])));
      programs[reader[c]].push_back(op::receive(ChannelId(c), bytes));
      inside[c] -= bytes;
    }
    if (rng.below(2) == 0)
      programs[rng.below(nr_tasks)].push_back(op::compute(Work(1 + static_cast<int64_t>(rng.below(5000)))));
    if (rng.below(4) == 0) programs[rng.below(nr_tasks)].push_back(op::user());
  }
  for (auto& program : programs) {
    program.push_back(op::compute(1 * kUs));
    add_task(w, "t", program);
  }
  RunResult r = simulate(flat_machine(1 + rng.below(3)), w);
  RC_ASSERT(r.metric("tasks_exited") == static_cast<int64_t>(nr_tasks));
  RC_ASSERT(r.metric("waits_let_go") == 0);
}

}  // namespace
}  // namespace simsched
