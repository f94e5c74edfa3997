// desktop: a developer's computer. A build runs for as long as it takes, beside a browser that scrolls, an editor that
// is typed in, and something that syncs files.
#include <vector>

#include "base/exponential.h"
#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr Nanos kFrame{16'666'667};
constexpr int kRasters = 2, kKeys = 256, kSyncs = 256;  // keys, syncs: different ones, again and again
constexpr Work kScroll{3'000'000}, kRaster{2'000'000}, kCompose{1'000'000}, kKey{4'000'000}, kHash{1'500'000};
constexpr Nanos kBetweenKeys = 150_ms, kBetweenSyncs = 20_ms, kDisk = 2_ms;
constexpr Work kMake{500'000}, kShell{1'000'000};

class Desktop {
 public:
  Desktop(const Params& params, const Rng& rng) : params_(params), rng_(rng) {}

  Workload make() {
    build();
    browser();
    editor();
    sync();
    return std::move(w_);
  }

 private:
  TokenId token() { return TokenId(w_.nr_tokens++); }
  void background(const char* name, const std::vector<Op>& ops) {
    w_.add_task(name, ops);
    w_.tasks.back().background = true;
  }

  void build() {
    const int64_t jobs = params_.count("jobs"), files = params_.count("files");
    std::vector<Op> ops;
    const TaskId make = w_.add_task("make", {});
    for (int64_t i = 0; i < files; ++i) {
      Rng rng = rng_.split(static_cast<uint64_t>(i));
      const std::vector<Op> compile{
          op::exec(), op::compute(kShell),
          op::compute(std::max(Work(exponential(params_.work("compile").count(), rng)), Work(1)))};
      const TaskId cc = w_.add_task("cc", compile);
      w_.tasks[cc.index()].parent = make;
      if (i >= jobs) ops.push_back(op::wait_child());
      ops.push_back(op::compute(kMake));
      ops.push_back(op::fork(cc));
    }
    for (int64_t i = 0; i < std::min(jobs, files); ++i) ops.push_back(op::wait_child());
    w_.tasks[make.index()].first_op = static_cast<uint32_t>(w_.ops.size());
    w_.tasks[make.index()].nr_ops = static_cast<uint32_t>(ops.size());
    w_.ops.insert(w_.ops.end(), ops.begin(), ops.end());
  }

  // The page is drawn by helpers and put together by the compositor, whose frames one sees.
  void browser() {
    const TokenId raster = token(), rastered = token(), compose = token();
    std::vector<Op> ops{op::compute(kScroll)};
    ops.insert(ops.end(), kRasters, op::signal(raster));
    ops.insert(ops.end(), kRasters, op::wait(rastered));
    for (Op op : {op::signal(compose), op::sleep_period(kFrame), op::loop(0, 0)}) ops.push_back(op);
    background("browser", ops);
    for (int i = 0; i < kRasters; ++i)
      background("raster", {op::wait(raster), op::compute(kRaster), op::signal(rastered), op::loop(0, 0)});
    background("compositor", {op::wait(compose), op::compute(kCompose), op::frame(kFrame), op::loop(0, 0)});
  }

  void editor() {
    Rng rng = rng_.split(uint64_t{1} << 32);
    std::vector<Op> ops;
    for (int i = 0; i < kKeys; ++i) {
      ops.push_back(op::sleep(Nanos(exponential(kBetweenKeys.count(), rng))));
      ops.push_back(op::compute(spread(kKey, 75, rng)));
    }
    ops.push_back(op::loop(0, 0));
    background("editor", ops);
  }

  void sync() {
    Rng rng = rng_.split(uint64_t{2} << 32);
    std::vector<Op> ops;
    for (int i = 0; i < kSyncs; ++i) {
      ops.push_back(op::sleep(spread(kBetweenSyncs, 90, rng)));
      ops.push_back(op::compute(spread(kHash, 90, rng)));
      ops.push_back(op::sleep(spread(kDisk, 90, rng), kOpIo | kOpSoftIrq));
    }
    ops.push_back(op::loop(0, 0));
    background("sync", ops);
  }

  const Params& params_;
  const Rng rng_;
  Workload w_;
};

Workload make(const Params& params, const Rng& rng) { return Desktop(params, rng).make(); }

}  // namespace

Generator desktop_generator() {
  using Unit = ParamInfo::Unit;
  return {{"desktop",
           "a build beside a browser that scrolls, an editor and file sync",
           {{"jobs", Unit::kCount, 8, 1, 10'000, "of the build at a time (make -j)"},
            {"files", Unit::kCount, 100, 1, 100'000, "to compile; the desktop lasts as long as the build"},
            {"compile", Unit::kDuration, 300'000'000, 1, kLongest, "work of a compiler, on average"}}},
          make};
}

}  // namespace simsched
