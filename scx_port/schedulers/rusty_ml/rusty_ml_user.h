// The user-space half of rusty_ml (scx_port/schedulers/rusty_ml/rusty_ml.bpf.c): that of scx_rusty, which tells the BPF
// half where CPUs, caches and nodes are and what moves cost, gives it its first model, and asks it about the moves of
// the balancer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/schedulers/rusty/rusty_user.h"
#include "scx_port/schedulers/rusty_ml/learner.h"
#include "scx_port/schedulers/rusty_ml/options.h"

namespace simsched::rusty_ml {

// What of the machine decides a move: the same tables as the BPF half has.
struct Places {
  std::vector<rusty_ml_cpu> cpus;       // by CPU
  std::vector<uint8_t> distances;       // by node * RUSTY_MAX_NODES + node
  std::array<uint16_t, 8> move_cost{};  // by relation, as FEATURE_COST has it

  explicit Places(const Machine& machine);
};

class RustyMlUser final : public rusty::RustyUser {
 public:
  RustyMlUser(const Options& options, std::optional<mlp::ModelFile> model, std::vector<mlp::ModelFile> experts = {});

  void assign(const UserHalf& other) override;
  void before_start(UserHost& host) override;
  void before_attach(UserHost& host) override;
  void after_start(UserHost& host) override;
  Nanos next(Nanos now) const override;
  void run(UserHost& host) override;
  const mlp::ModelFile* model() const override { return model_ ? &*model_ : nullptr; }
  std::span<const mlp::ModelFile> experts() const override { return experts_; }
  std::vector<std::pair<std::string, int64_t>> counters(UserHost& host) override;

 protected:
  std::unique_ptr<rusty::Judge> judge(UserHost& host, const std::vector<int64_t>& runnable) override;

 private:
  struct Asked {
    int64_t stay = 0, move = 0, fallback = 0, outside = 0;
  };
  class BalanceJudge;
  const mlp::mlp_model* deciding() const;  // null: none

  Options options_;
  std::optional<mlp::ModelFile> model_;
  std::vector<mlp::ModelFile> experts_;  // instead of it
  std::optional<Learner> learner_;       // which of them decides
  std::optional<Places> places_;
  Asked asked_;  // by the balancer
};

}  // namespace simsched::rusty_ml
