// interbench (Con Kolivas, 0.31): what must be in time, beside what hinders it. Files are read and written at the speed
// of a disk here, which the benchmark leaves to the machine.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

enum Bench { kAudio, kVideo, kX, kGame };
enum Load { kNone, kVideoLoad, kXLoad, kBurn, kWrite, kRead, kCompile, kMemload };

constexpr Nanos kAudioPeriod = 50_ms, kVideoPeriod{16'666'667}, kXPeriod = 100_ms, kGameShare = 100_ms;
constexpr Work kAudioWork{2'500'000}, kVideoWork{6'666'667};
constexpr int kBurners = 4;
constexpr int64_t kPercents = 100;
constexpr uint16_t kAllMemory = 870;  // of 1024: 85 % of memload's work waits for memory

std::vector<Op> endless(std::vector<Op> ops) {
  ops.push_back(op::loop(0, 0));
  return ops;
}

// Periods with `work` in each; those of the benched task are frames.
std::vector<Op> period(Work work, Nanos period, bool frames) {
  std::vector<Op> ops{op::compute(work)};
  if (frames) ops.push_back(op::frame(period));
  ops.push_back(op::sleep_period(period));
  return ops;
}

// A window that is dragged: ever more work in 100 ms, then from none again.
std::vector<Op> x_server(bool frames) {
  std::vector<Op> ops;
  for (int64_t percent = 1; percent < kPercents; ++percent)
    for (const Op& op : period(Work(kXPeriod.count() / kPercents * percent), kXPeriod, frames)) ops.push_back(op);
  return ops;
}

void add_load(Workload& w, const char* name, const std::vector<Op>& ops, int tasks = 1) {
  for (int i = 0; i < tasks; ++i) {
    w.add_task(name, ops);
    w.tasks.back().background = true;
  }
}

void add_load(Workload& w, int64_t load) {
  // Copying to and from the page cache, then the disk.
  const std::vector<Op> write = endless({op::compute(Work(1'000'000)), op::sleep(4_ms, kOpIo | kOpSoftIrq)});
  const std::vector<Op> read = endless({op::compute(Work(300'000)), op::sleep(1_ms, kOpIo | kOpSoftIrq)});
  const std::vector<Op> burn = endless({op::compute(Work(1'000'000'000))});
  if (load == kVideoLoad) add_load(w, "video", endless(period(kVideoWork, kVideoPeriod, false)));
  if (load == kXLoad) add_load(w, "x", endless(x_server(false)));
  if (load == kBurn || load == kCompile) add_load(w, "burn", burn, kBurners);
  if (load == kWrite || load == kCompile) add_load(w, "write", write);
  if (load == kRead || load == kCompile) add_load(w, "read", read);
  if (load == kMemload) {
    add_load(w, "memload", burn);
    w.tasks.back().memory = kAllMemory;
  }
}

Workload make(const Params& params, const Rng&) {
  Workload w;
  const int64_t seconds = params.count("seconds");
  auto bench = [&](const char* name, std::vector<Op> ops, Nanos round) {
    ops.push_back(op::loop(0, std::max(1_s * seconds / round, int64_t{1})));
    w.add_task(name, ops);
  };
  switch (params.count("bench")) {
    case kAudio:
      bench("audio", period(kAudioWork, kAudioPeriod, true), kAudioPeriod);
      break;
    case kVideo:
      bench("video", period(kVideoWork, kVideoPeriod, true), kVideoPeriod);
      break;
    case kX:
      bench("x", x_server(true), kXPeriod * (kPercents - 1));
      break;
    default:
      // Takes all that it gets: how long it takes for 100 ms of work is its figure.
      bench("game", {op::compute(Work(kGameShare.count())), op::frame(kGameShare)}, kGameShare);
      break;
  }
  add_load(w, params.count("load"));
  return w;
}

}  // namespace

Generator interbench_generator() {
  using Unit = ParamInfo::Unit;
  return {{"interbench",
           "what must be in time beside what hinders it, as the benchmark of that name",
           {{"bench",
             Unit::kChoice,
             kVideo,
             0,
             kGame,
             "what must be in time: its frames are counted",
             {"audio", "video", "x", "game"}},
            {"load",
             Unit::kChoice,
             kBurn,
             0,
             kMemload,
             "what hinders it",
             {"none", "video", "x", "burn", "write", "read", "compile", "memload"}},
            {"seconds", Unit::kCount, 30, 1, 3600, "of the bench"}}},
          make};
}

}  // namespace simsched
