#include "scx_port/schedulers/scheduler.h"

#include "scx_port/schedulers/rusty/rusty_user.h"

namespace simsched {
namespace {

struct RustyOptions final : SchedulerOptions {
  rusty::Options options;

  void bind(TunableReader& reader) override { options.bind(reader); }
  UserHalfMaker user_half() const override {
    return [options = options] { return std::make_unique<rusty::RustyUser>(options); };
  }
};

}  // namespace

Schedulers rusty_schedulers() {
  return {{"scx_rusty", "sched_ext: a queue for each last-level cache, stealing, and a load balancer in user space",
           "rusty", [] { return std::make_unique<RustyOptions>(); }}};
}

}  // namespace simsched
