// The user-space half of upf_ml (scx_port/schedulers/upf_ml/upf_ml.bpf.c): tells it the classes and which CPUs are
// kept.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/tunables.h"
#include "base/units.h"
#include "scx_port/schedulers/upf_ml/upf_ml.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::upf_ml {

struct Options {
  // By how the names of a class's workers begin: its delay budget.
  std::string classes = "upf-emergency:1ms upf-voice:1ms upf-video:10ms upf-best_effort:100ms";
  int64_t reserved = 1;  // CPUs
  Nanos urgent = 1_ms, other = 20_ms, tight = 500_us, slice = 2_ms;
  int64_t long_queue = 8, busy_limit = 90, stay = 50;

  void bind(TunableReader& reader);
  // Throws Error where they are not a list of names with durations.
  std::vector<upf_class> read_classes() const;
};

class UpfMlUser final : public UserHalf {
 public:
  UpfMlUser(const Options& options, std::vector<upf_class> classes) : options_(options), classes_(std::move(classes)) {}

  void assign(const UserHalf&) override {}  // nothing changes
  void before_start(UserHost& host) override;
  Nanos next(Nanos) const override { return Nanos::max(); }
  void run(UserHost&) override {}
  std::vector<std::pair<std::string, int64_t>> counters(UserHost& host) override;

 private:
  Options options_;
  std::vector<upf_class> classes_;
};

}  // namespace simsched::upf_ml
