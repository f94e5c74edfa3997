#include "scx_port/schedulers/scheduler.h"

#include "scx_port/schedulers/upf_ml/upf_ml_user.h"

namespace simsched {
namespace {

struct UpfOptions final : SchedulerOptions {
  explicit UpfOptions(upf_ml::upf_mode kind) : mode(kind) {}
  upf_ml::upf_mode mode;
  upf_ml::Options options;

  Tunables variables() const override { return {{"mode", std::to_string(int{mode}), ""}}; }
  void bind(TunableReader& reader) override { options.bind(reader); }
  UserHalfMaker user_half() const override {
    return [options = options, classes = options.read_classes()] {
      return std::make_unique<upf_ml::UpfMlUser>(options, classes);
    };
  }
};

Scheduler row(const char* name, const char* summary, upf_ml::upf_mode mode) {
  return {name, summary, "upf_ml", [mode] { return std::make_unique<UpfOptions>(mode); }};
}

}  // namespace

Schedulers upf_ml_schedulers() {
  return {row("upf_ml", "sched_ext: packet classes by delay budget, CPUs by the talk's score of four objectives",
              upf_ml::UPF_SCORE),
          row("wsc_cbs", "sched_ext: ... by a weighted score of load, sessions and bandwidth within bounds",
              upf_ml::UPF_WSC),
          row("upf_reserve", "sched_ext: ... by nothing but CPUs kept for urgent classes", upf_ml::UPF_RESERVE)};
}

}  // namespace simsched
