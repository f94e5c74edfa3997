#include "scx_port/schedulers/scheduler.h"

namespace simsched {
namespace {

struct Options final : SchedulerOptions {
  explicit Options(const char* otherwise) : mode(otherwise) {}
  std::string mode;

  void bind(TunableReader& reader) override {
    reader.bind(
        "mode", &mode, {"talk", "published", "first"},
        "talk: packet tasks on even CPUs, others on odd ones; published: even CPUs only; first: the version that "
        "stalled");
  }
  Tunables variables() const override { return {{"mode", mode == "talk" ? "0" : mode == "published" ? "1" : "2", ""}}; }
};

}  // namespace

Schedulers packet_schedulers() {
  return {{"scx_packet", "sched_ext: packet processing on even CPUs, all else on odd ones", "packet",
           [] { return std::make_unique<Options>("talk"); }},
          {"scx_packet_even", "sched_ext: ... as published: only even CPUs run anything but per-CPU kernel threads",
           "packet", [] { return std::make_unique<Options>("published"); }}};
}

}  // namespace simsched
