#include "scx_port/schedulers/scheduler.h"

#include "scx_port/schedulers/gate/gate_user.h"

namespace simsched {
namespace {

struct GateOptions final : SchedulerOptions {
  gate::Options options;

  void bind(TunableReader& reader) override { options.bind(reader); }
  UserHalfMaker user_half() const override {
    return
        [options = options, model = options.read_model()] { return std::make_unique<gate::GateUser>(options, model); };
  }
};

}  // namespace

Schedulers gate_schedulers() {
  return {{"scx_gate", "sched_ext: scx_simple, and a small neural network that may forbid migrations", "gate",
           [] { return std::make_unique<GateOptions>(); }}};
}

}  // namespace simsched
