// gaming: a game that is streamed. Its main thread makes a frame each period with the help of workers, the render
// thread draws it meanwhile the next is made, and encoders compress what was drawn for the network. Sound has a period
// of its own.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr Nanos kSoundPeriod = 10_ms, kPacketPeriod = 5_ms;
constexpr Work kSoundWork{300'000}, kPacketWork{60'000}, kSubmitWork{100'000};
constexpr int8_t kSoundNice = -11;  // what rtkit gives to sound servers

class Game {
 public:
  Game(const Params& params, const Rng& rng) : params_(params), rng_(rng), period_(params.time("period")) {}

  Workload make() {
    jobs_ = token(), done_ = token(), drawn_ = token(), swapped_ = token(), encode_ = token(), encoded_ = token();
    main_thread();
    render_thread();
    repeated("worker", params_.count("workers"), 3, jobs_, params_.work("job"), done_);
    repeated("encoder", params_.count("encoders"), 4, encode_, params_.work("encode"), encoded_);
    periodic("audio", kSoundPeriod, kSoundWork).nice = kSoundNice;
    periodic("network", kPacketPeriod, kPacketWork);
    return std::move(w_);
  }

 private:
  TokenId token() { return TokenId(w_.nr_tokens++); }
  Op compute(const char* what, Rng& rng) {
    return op::compute(spread(params_.work(what), params_.count("spread"), rng));
  }

  static void repeat(std::vector<Op>& ops, Op op, int64_t times) {
    if (times > 0) ops.push_back(op);
    if (times > 1) ops.push_back(op::loop(static_cast<int32_t>(ops.size()) - 1, times));
  }

  void main_thread() {
    Rng rng = rng_.split(1);
    std::vector<Op> ops;
    const int64_t workers = params_.count("workers");
    for (int64_t frame = 0; frame < params_.count("frames"); ++frame) {
      ops.push_back(compute("main", rng));
      repeat(ops, op::signal(jobs_), workers);
      repeat(ops, op::wait(done_), workers);
      if (frame > 0) ops.push_back(op::wait(swapped_));  // one frame ahead of the render thread, and no more
      ops.push_back(op::signal(drawn_));
      ops.push_back(op::sleep_period(period_));
    }
    w_.add_task("main", ops);
  }

  void render_thread() {
    Rng rng = rng_.split(2);
    std::vector<Op> ops;
    const int64_t encoders = params_.count("encoders");
    for (int64_t frame = 0; frame < params_.count("frames"); ++frame) {
      ops.push_back(op::wait(drawn_));
      ops.push_back(compute("render", rng));
      ops.push_back(op::frame(period_));
      ops.push_back(op::signal(swapped_));
      repeat(ops, op::signal(encode_), encoders);
      ops.push_back(op::compute(kSubmitWork));
    }
    w_.add_task("render", ops);
  }

  // Threads that each wait to be asked, work, and tell.
  void repeated(const char* name, int64_t threads, uint64_t stream, TokenId asked, Work work, TokenId tell) {
    constexpr int kDifferent = 64;
    for (int64_t i = 0; i < threads; ++i) {
      Rng rng = rng_.split((stream << 32) + static_cast<uint64_t>(i));
      std::vector<Op> ops;
      for (int n = 0; n < kDifferent; ++n) {
        ops.push_back(op::wait(asked));
        ops.push_back(op::compute(spread(work, params_.count("spread"), rng)));
        ops.push_back(op::signal(tell));
      }
      ops.push_back(op::loop(0, 0));
      w_.add_task(name, ops);
      w_.tasks.back().background = true;
    }
  }

  TaskSpec& periodic(const char* name, Nanos period, Work work) {
    const std::vector<Op> ops{op::compute(work), op::sleep_period(period), op::loop(0, 0)};
    TaskSpec& task = w_.tasks[w_.add_task(name, ops).index()];
    task.background = true;
    return task;
  }

  const Params& params_;
  const Rng rng_;
  const Nanos period_;
  Workload w_;
  TokenId jobs_, done_, drawn_, swapped_, encode_, encoded_;
};

Workload make(const Params& params, const Rng& rng) { return Game(params, rng).make(); }

}  // namespace

Generator gaming_generator() {
  using Unit = ParamInfo::Unit;
  return {{"gaming",
           "a game that is streamed: frames, sound, network and encoders",
           {{"frames", Unit::kCount, 600, 1, 100'000, "until it ends"},
            {"period", Unit::kDuration, 16'667'000, 1'000'000, 1'000'000'000, "of a frame"},
            {"main", Unit::kDuration, 5'000'000, 1, kLongest, "work of the main thread for a frame"},
            {"render", Unit::kDuration, 6'000'000, 1, kLongest, "work of the render thread for a frame"},
            {"workers", Unit::kCount, 4, 0, 1000, "threads that help the main thread, each once a frame"},
            {"job", Unit::kDuration, 2'000'000, 1, kLongest, "work of each"},
            {"encoders", Unit::kCount, 4, 0, 1000, "threads that compress a frame; 0: in hardware"},
            {"encode", Unit::kDuration, 5'000'000, 1, kLongest, "work of each for a frame"},
            {"spread", Unit::kPercent, 30, 0, 100, "works differ from that by up to this, by seed"}}},
          make};
}

}  // namespace simsched
