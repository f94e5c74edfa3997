// The user-space half of scx_rusty (scx_port/schedulers/rusty/rusty.bpf.c): finds the domains, tunes, balances.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/schedulers/rusty/balance.h"
#include "scx_port/schedulers/rusty/domains.h"
#include "scx_port/schedulers/rusty/load.h"
#include "scx_port/schedulers/rusty/options.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::rusty {

class RustyUser : public UserHalf {
 public:
  explicit RustyUser(Options options) : options_(std::move(options)) {}
  // ... with domains other than the caches of the machine.
  RustyUser(Options options, std::vector<CpuSet> domain_masks)
      : options_(std::move(options)), masks_(std::move(domain_masks)) {}

  void assign(const UserHalf& other) override { state_ = dynamic_cast<const RustyUser&>(other).state_; }
  void before_start(UserHost& host) override;
  void after_start(UserHost& host) override;
  Nanos next(Nanos now) const override;
  void run(UserHost& host) override;
  std::vector<std::pair<std::string, int64_t>> counters(UserHost& host) override;

 protected:
  // Who has to agree to the moves of a round of the balancer; null: nobody. `runnable`: tasks, by domain.
  virtual std::unique_ptr<Judge> judge(UserHost&, const std::vector<int64_t>& /*runnable*/) { return nullptr; }
  const Domains& domains() const { return domains_; }

 private:
  void run_tuner(UserHost& host);
  void run_balancer(UserHost& host);
  std::vector<Candidate> candidates(UserHost& host, uint32_t domain, const Loads& loads, Nanos now) const;
  std::vector<Buckets> read_buckets(UserHost& host, Nanos now, std::vector<int64_t>* runnable) const;
  uint64_t half_life() const { return static_cast<uint64_t>(options_.load_half_life.count()); }

  Options options_;
  std::vector<CpuSet> masks_;  // empty: by cache
  Domains domains_;
  struct {
    std::vector<UserHost::CpuUse> last_use;
    bool started = false, fully_utilized = false;
    Nanos next_tune, next_balance;
    // Statistics.
    int64_t rounds = 0, planned = 0, requested = 0, retuned = 0;
  } state_;
};

}  // namespace simsched::rusty
