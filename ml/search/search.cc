#include "ml/search/search.h"

#include <algorithm>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "ml/search/warm_start.h"

namespace simsched::search {
namespace {

// Streams of scenarios.
enum Stream : uint64_t { kTrain = 1, kValidation = 2 };

constexpr size_t kGoldenOfCandidate = 2, kGoldenOfModel = 64;

}  // namespace

Search::Search(SearchConfig config, const PolicyRegistry& registry)
    : config_(std::move(config)), registry_(registry), optimizer_(make_optimizer(config_.method, config_.start)) {
  check();
  check_tuned();
  const Rng rng = Rng(config_.method.seed).split(kValidation);
  validation_ = draw_scenarios(config_.validation, config_.file, config_.validation_scenarios, 0, rng, registry);
}

// One of every family, with every policy: what is wrong with the config shows now, not hours later.
void Search::check() const {
  const TemporaryFolder folder("simsched-search");
  std::vector<PolicyConfig> policies = {candidate(config_.start, folder.file("start.smlp"))};
  policies.insert(policies.end(), config_.baselines.begin(), config_.baselines.end());
  policies.insert(policies.end(), config_.controls.begin(), config_.controls.end());
  for (const std::vector<Family>* families : {&config_.train, &config_.validation, &config_.test}) {
    for (const Family& family : *families) {
      const Scenario scenario = draw_scenario(family, config_.file, config_.method.seed, registry_);
      for (const PolicyConfig& policy : policies) policy.make(scenario.inputs->kernel(0), scenario.inputs->machine(0));
    }
  }
}

// Each word of each tunable, and both ends of its range, while the others are as at the start, which is good.
void Search::check_tuned() const {
  const TemporaryFolder folder("simsched-search");
  const Scenario scenario = draw_scenario(config_.train.front(), config_.file, config_.method.seed, registry_);
  for (size_t i = 0; i < config_.tuned.size(); ++i) {
    const Tuned& tuned = config_.tuned[i];
    const size_t count = std::max<size_t>(tuned.words.size(), 2);
    for (size_t k = 0; k < count; ++k) {
      Point point = config_.start;
      double& at = point[nr_parameters(config_.shape.kind) + i];
      at = static_cast<double>(k) / static_cast<double>(count - 1);
      const PolicyConfig policy = candidate(point, folder.file("model.smlp"));
      try {
        policy.make(scenario.inputs->kernel(0), scenario.inputs->machine(0));
      } catch (const Error& error) {
        if (error.where() == tuned.where) throw;
        throw Error(tuned.where, "with " + tuned.key + " " + tuned.value(at) + ": " + error.problem(), error.remedy());
      }
    }
  }
}

// With a model in a file of its own.
PolicyConfig Search::candidate(const Point& point, const std::string& path) const {
  if (config_.has_model()) mlp::write_model(model_of(point, config_.shape, kGoldenOfCandidate), path);
  return config_.candidate(point, path);
}

FiguresTable Search::evaluate(const std::vector<Scenario>& scenarios, const std::vector<Point>& points, int jobs,
                              const std::function<bool()>& stop) {
  const TemporaryFolder folder("simsched-search");
  std::vector<PolicyConfig> policies;
  for (const Point& point : points)
    policies.push_back(candidate(point, folder.file(std::to_string(policies.size()) + ".smlp")));
  simulations_ += scenarios.size() * policies.size();
  return simulate(scenarios, policies, jobs, stop);
}

bool Search::validate(const std::vector<Archived>& candidates, int jobs, const std::function<bool()>& stop,
                      std::vector<Worth>& worths) {
  if (validation_baselines_.empty()) {
    validation_baselines_ = simulate(validation_, config_.baselines, jobs, stop);
    if (validation_baselines_.empty()) return false;
  }
  std::vector<Point> points;
  for (const Archived& candidate : candidates) points.push_back(candidate.point);
  const FiguresTable table = evaluate(validation_, points, jobs, stop);
  for (size_t i = 0; i < candidates.size() && !table.empty(); ++i)
    worths.push_back(worth_of(table, i, validation_baselines_, config_.objective));
  return !table.empty();
}

bool Search::validate_start(int jobs, const std::function<bool()>& stop) {
  std::vector<Archived> starts = {{0, false, config_.start, {}}};
  if (config_.start_rollouts) {
    rollouts_ = training_rollouts(config_, registry_, jobs);
    starts.push_back({0, true, fitted(rollouts_, config_.shape, config_.start), {}});
  }
  std::vector<Worth> worths;
  if (!validate(starts, jobs, stop, worths)) return false;
  optimizer_ = make_optimizer(config_.method, starts.back().point);
  for (size_t i = 0; i < starts.size(); ++i) {
    starts[i].worth = worths[i];
    archive_.add(std::move(starts[i]));
  }
  return true;
}

bool Search::advance(int jobs, const std::function<bool()>& stop, bool last) {
  if (archive_.members().empty()) return validate_start(jobs, stop);
  const uint64_t generation = optimizer_->generation();
  const Rng rng = Rng(config_.method.seed).split(kTrain).split(generation);
  const std::vector<Scenario> scenarios =
      draw_scenarios(config_.train, config_.file, config_.scenarios, generation * config_.scenarios, rng, registry_);
  const FiguresTable baselines = simulate(scenarios, config_.baselines, jobs, stop);
  if (baselines.empty()) return false;
  const std::vector<Point> points = optimizer_->ask();
  const FiguresTable table = evaluate(scenarios, points, jobs, stop);
  if (table.empty()) return false;

  std::vector<double> values;
  for (size_t i = 0; i < points.size(); ++i) values.push_back(worth_of(table, i, baselines, config_.objective).total);
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  Step step{sorted.front(), sorted[sorted.size() / 2]};

  // On a copy, so that nothing has changed when it is stopped.
  std::unique_ptr<Optimizer> next = make_optimizer(config_.method, config_.start);
  SIMSCHED_CHECK(next->load(generation, optimizer_->save()), "a copy of itself");
  next->tell(values);
  if (last || next->generation() % config_.validate_every == 0) {
    const size_t best = static_cast<size_t>(std::ranges::min_element(values) - values.begin());
    std::vector<Archived> candidates = {{next->generation(), true, next->mean(), {}},
                                        {next->generation(), false, points[best], {}}};
    std::vector<Worth> worths;
    if (!validate(candidates, jobs, stop, worths)) return false;
    for (size_t i = 0; i < candidates.size(); ++i) candidates[i].worth = worths[i];
    step.validated = true;
    step.mean = worths[0];
    for (Archived& candidate : candidates) archive_.add(std::move(candidate));
  }
  optimizer_ = std::move(next);
  steps_.push_back(step);
  return true;
}

const Point& Search::best() const {
  SIMSCHED_CHECK(archive_.best() != nullptr, "nothing has been validated yet");
  return archive_.best()->point;
}

mlp::ModelFile Search::model() const { return model_of(best(), config_.shape, kGoldenOfModel); }

}  // namespace simsched::search
