// What can be set of rusty_ml beside what can be set of scx_rusty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tunables.h"
#include "base/units.h"
#include "ml/model/model_file.h"
#include "scx_port/schedulers/rusty/options.h"
#include "scx_port/schedulers/rusty_ml/experts.h"
#include "scx_port/schedulers/rusty_ml/rusty_ml.h"

namespace simsched::rusty_ml {

struct Options {
  rusty::Options rusty;
  std::string model = "random";  // a model file; "random": random weights; "none"
  std::string gate = "model";
  bool wake = true, steal = true, own = true, balance = true;  // where it is asked
  // Of the controls.
  int64_t deny_permille = 500;
  Nanos warm = 5_ms, nest = 5_ms;
  // Bounds.
  int64_t max_waiting = 4;
  Nanos wait_limit = 2_ms, wait_alone = 5_ms, wait_max = 20_ms;
  Nanos residency = 200_us, move_period = 1_ms;
  int64_t move_burst = 10;
  // Instead of a model: several, of which one decides at a time (experts.h).
  std::vector<std::string> experts;
  Nanos epoch = 200_ms;
  Experts::Settings learning;

  void bind(TunableReader& reader);
  rusty_ml_gate gate_kind() const;
  // None for "none". Throws Error when the file is not one.
  std::optional<mlp::ModelFile> read_model() const;
  std::vector<mlp::ModelFile> read_experts() const;
};

}  // namespace simsched::rusty_ml
