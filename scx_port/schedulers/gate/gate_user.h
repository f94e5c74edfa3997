// The user-space half of scx_gate (scx_port/schedulers/gate/gate.bpf.c): tells it where the caches are, and gives it
// its first model.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/tunables.h"
#include "ml/model/model_file.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::gate {

// The ranges of the inputs in scx_port/schedulers/gate/gate.h.
mlp::Ranges input_ranges();

struct Options {
  std::string model = "random";  // a model file; "random": one with random weights
  int64_t max_waiting = 4;

  void bind(TunableReader& reader);
  // Throws Error when the file is not one.
  mlp::ModelFile read_model() const;
};

class GateUser final : public UserHalf {
 public:
  GateUser(const Options& options, mlp::ModelFile model) : options_(options), model_(std::move(model)) {}

  void assign(const UserHalf&) override {}  // nothing changes
  void before_start(UserHost& host) override;
  void before_attach(UserHost& host) override;
  Nanos next(Nanos) const override { return Nanos::max(); }
  void run(UserHost&) override {}
  const mlp::ModelFile* model() const override { return &model_; }
  std::vector<std::pair<std::string, int64_t>> counters(UserHost& host) override;

 private:
  Options options_;
  mlp::ModelFile model_;
};

}  // namespace simsched::gate
