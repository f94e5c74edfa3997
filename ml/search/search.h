// A search for a model by what comes of it: generations of candidates, each tried as a policy on scenarios that are
// drawn anew for every generation and are the same for all candidates of it. What follows depends on the config alone:
// not on the number of jobs, and not on whether it was interrupted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ml/collect/rollout.h"
#include "ml/search/archive.h"
#include "ml/search/search_config.h"

namespace simsched::search {

// One generation, as it is drawn and told of. Totals of Worth.
struct Step {
  double best = 0, median = 0;  // of its candidates, on its own scenarios
  bool validated = false;
  Worth mean{};  // where it then stood, on the validation scenarios
};

class Search {
 public:
  // Throws Error with file and line for what a config names and cannot be; `registry` must live as long.
  Search(SearchConfig config, const PolicyRegistry& registry);

  uint64_t generation() const { return optimizer_->generation(); }
  double sigma() const { return optimizer_->sigma(); }
  const std::vector<Step>& steps() const { return steps_; }
  const Archive& archive() const { return archive_; }
  const SearchConfig& config() const { return config_; }
  size_t simulations() const { return simulations_; }  // so far, by this object

  // By which it began, where it did and this object saw it.
  const std::vector<ml::Rollout>& rollouts() const { return rollouts_; }

  // Validates the beginning, or evaluates one generation, as is next; `last`: it is validated, too. False when `stop`
  // said so: then nothing has changed.
  bool advance(int jobs, const std::function<bool()>& stop = {}, bool last = false);

  // The best on validation; there is one once advance() was called.
  const Point& best() const;
  mlp::ModelFile model() const;  // its model, where it has one

  // JSON: all that advance() changes. load_checkpoint() throws Error (where: `where`) for what is none, or is of
  // another config.
  std::string checkpoint() const;
  void load_checkpoint(const std::string& text, const std::string& where);
  // The archive for people: worth and weights of each member.
  std::string archive_json() const;

 private:
  void check() const;
  void check_tuned() const;
  PolicyConfig candidate(const Point& point, const std::string& path) const;
  FiguresTable evaluate(const std::vector<Scenario>& scenarios, const std::vector<Point>& points, int jobs,
                        const std::function<bool()>& stop);
  bool validate(const std::vector<Archived>& candidates, int jobs, const std::function<bool()>& stop,
                std::vector<Worth>& worths);
  bool validate_start(int jobs, const std::function<bool()>& stop);

  const SearchConfig config_;
  const PolicyRegistry& registry_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<Step> steps_;
  Archive archive_;
  // The same all the time, and followed from the config.
  std::vector<Scenario> validation_;
  FiguresTable validation_baselines_;
  std::vector<ml::Rollout> rollouts_;
  size_t simulations_ = 0;
};

}  // namespace simsched::search
