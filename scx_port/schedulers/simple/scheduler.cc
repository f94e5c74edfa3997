#include "scx_port/schedulers/scheduler.h"

namespace simsched {
namespace {

struct Options final : SchedulerOptions {
  bool fifo = false;

  void bind(TunableReader& reader) override { reader.bind("fifo", &fifo, "first in, first out instead of by vtime"); }
  Tunables variables() const override { return {{"fifo", fifo ? "true" : "false", ""}}; }
};

}  // namespace

Schedulers simple_schedulers() {
  return {{"scx_simple", "sched_ext: one queue for the whole machine, by vtime or first in, first out", "simple",
           [] { return std::make_unique<Options>(); }}};
}

}  // namespace simsched
