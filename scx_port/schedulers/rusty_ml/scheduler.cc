#include "scx_port/schedulers/scheduler.h"

#include "scx_port/schedulers/rusty_ml/rusty_ml_user.h"

namespace simsched {
namespace {

struct RustyMlOptions final : SchedulerOptions {
  rusty_ml::Options options;

  void bind(TunableReader& reader) override { options.bind(reader); }
  UserHalfMaker user_half() const override {
    return [options = options, model = options.read_model(), experts = options.read_experts()] {
      return std::make_unique<rusty_ml::RustyMlUser>(options, model, experts);
    };
  }
};

}  // namespace

Schedulers rusty_ml_schedulers() {
  return {{"rusty_ml", "sched_ext: scx_rusty with a learned model that keeps tasks where they are, or moves them",
           "rusty_ml", [] { return std::make_unique<RustyMlOptions>(); }}};
}

}  // namespace simsched
