#include "ml/learn/train.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <variant>

#include "base/error.h"
#include "base/parallel.h"
#include "ml/data/dataset_file.h"
#include "ml/learn/linear.h"
#include "ml/learn/smote.h"
#include "ml/learn/tree.h"

namespace simsched::ml {
namespace {

constexpr size_t kTrees = 30;
constexpr int kRivalEpochs = 30;

// Of the processor: what else runs does not count.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// What was trained, of whatever kind.
using Fitted = std::variant<Net, DecisionTree, Forest>;

// What is learned from: a fold's training data, or all.
struct Lesson {
  Dataset data;
  Scaling scaling;
  Examples examples;
};

Weights weights_of(Balance balance) {
  if (balance == Balance::kWeights) return Weights::kClasses;
  return balance == Balance::kOutcomes ? Weights::kOutcomes : Weights::kNone;
}

Lesson make_lesson(Dataset data, const TrainConfig& config) {
  Lesson lesson;
  lesson.scaling = fit_scaling(data, config.scaling, config.without);
  lesson.data = config.balance == Balance::kSmote ? smote(std::move(data), config.seed) : std::move(data);
  lesson.examples = make_examples(lesson.data, lesson.scaling, weights_of(config.balance));
  return lesson;
}

std::array<double, 2> class_weights(const Dataset& data, const TrainConfig& config) {
  const auto [stay, move] = data.count();
  if (config.balance != Balance::kWeights || stay == 0 || move == 0) return {1, 1};
  const auto n = static_cast<double>(data.rows());
  return {n / (2 * static_cast<double>(stay)), n / (2 * static_cast<double>(move))};
}

Fitted fit_rival(Rival rival, const Lesson& lesson, const TrainConfig& config) {
  TreeOptions tree;
  tree.class_weight = class_weights(lesson.data, config);
  tree.without = config.without;
  FitOptions fit = config.fit;
  fit.learning_rate = 0.01;
  fit.seed = config.seed;
  const int epochs[] = {kRivalEpochs};
  switch (rival) {
    case Rival::kSvm:
      fit.loss = Loss::kSquaredHinge;
      [[fallthrough]];
    case Rival::kLogistic:
      return fit_net(lesson.examples, {}, fit, epochs).front();
    case Rival::kLinear:
      return fit_least_squares(lesson.examples);
    case Rival::kTree:
      tree.depth = mlp::MLP_DEPTH;
      [[fallthrough]];
    case Rival::kDeepTree:
      return fit_tree(lesson.data, tree, config.seed);
    case Rival::kForest:
      return fit_forest(lesson.data, tree, kTrees, config.seed);
  }
  return {};
}

std::string rival_text(Rival rival) {
  switch (rival) {
    case Rival::kLogistic:
      return "logistic regression";
    case Rival::kLinear:
      return "least squares";
    case Rival::kSvm:
      return "linear support vector machine";
    case Rival::kTree:
      return "decision tree of depth 4";
    case Rival::kDeepTree:
      return "decision tree of depth 12";
    case Rival::kForest:
      return std::to_string(kTrees) + " trees of depth 12";
  }
  return {};
}

// By decision, above 0: move.
Vector logits(const Fitted& fitted, const Dataset& data, const Examples& examples) {
  if (const Net* net = std::get_if<Net>(&fitted)) return net->logits(examples.x);
  Vector result(static_cast<Eigen::Index>(data.rows()));
  for (size_t i = 0; i < data.rows(); ++i) {
    const mlp::Features in = data.row(i);
    const DecisionTree* tree = std::get_if<DecisionTree>(&fitted);
    result(static_cast<Eigen::Index>(i)) = (tree ? tree->share(in) : std::get<Forest>(fitted).share(in)) - 0.5f;
  }
  return result;
}

Score score_of(const Fitted& fitted, const Dataset& data, const Examples& examples) {
  const Vector z = logits(fitted, data, examples);
  return score(
      data.rows(), [&](size_t i) { return data.moves[i] != 0; },
      [&](size_t i) { return z(static_cast<Eigen::Index>(i)) > 0; });
}

// A training of the grid: those points that differ in epochs only are one.
struct GridFit {
  NetShape shape;
  double learning_rate;
};

std::vector<GridFit> grid_fits(const Grid& grid) {
  std::vector<GridFit> fits;
  for (const auto& hidden : grid.hidden)
    for (Activation activation : grid.activation)
      for (double rate : grid.learning_rate) fits.push_back({{hidden, activation}, rate});
  return fits;
}

FitOptions options_of(const GridFit& fit, const TrainConfig& config) {
  FitOptions options = config.fit;
  options.learning_rate = fit.learning_rate;
  options.seed = config.seed;
  return options;
}

Score mean(const std::vector<Score>& scores) {
  Score sum;
  for (const Score& s : scores) {
    sum.accuracy += s.accuracy / static_cast<double>(scores.size());
    sum.f1 += s.f1 / static_cast<double>(scores.size());
  }
  return sum;
}

class Training {
 public:
  Training(const TrainConfig& config, const Dataset& data, int jobs, const Progress& progress)
      : config_(config), data_(data), jobs_(jobs), progress_(progress), fits_(grid_fits(config.grid)) {
    const size_t each = static_cast<size_t>(config.folds) * config.folds_by.size();
    report_.rows = data.rows();
    report_.moves = data.count()[1];
    report_.fits = (config.grid.points() + config.rivals.size()) * each;
    for (const GridFit& fit : fits_)
      for (int epochs : config.grid.epochs) report_.grid.push_back({fit.shape, fit.learning_rate, epochs, {}});
    rivals_.resize(config.rivals.size());
    for (size_t r = 0; r < rivals_.size(); ++r) {
      rivals_[r].name = rival_name(config.rivals[r]);
      rivals_[r].what = rival_text(config.rivals[r]);
    }
  }

  // One way of making folds: all points and rivals, on all folds.
  void cross_validate(FoldsBy by) {
    const std::vector<uint8_t> folds = make_folds(data_, by, config_.folds, config_.seed, config_.data_where);
    const auto nr_folds = static_cast<size_t>(config_.folds);
    struct Exam {
      Lesson lesson;
      Dataset test;
      Examples examples;
    };
    std::vector<Exam> exams(nr_folds);
    parallel_for(nr_folds, jobs_, [&](size_t f) {
      Fold fold = make_fold(data_, folds, static_cast<int>(f));
      exams[f].lesson = make_lesson(std::move(fold.training), config_);
      exams[f].test = std::move(fold.test);
      exams[f].examples = make_examples(exams[f].test, exams[f].lesson.scaling, Weights::kNone);
    });
    const size_t nr_epochs = config_.grid.epochs.size(), per_fold = fits_.size() + rivals_.size();
    std::vector<std::vector<Score>> points(report_.grid.size(), std::vector<Score>(nr_folds)),
        rivals(rivals_.size(), std::vector<Score>(nr_folds));
    auto work = [&](size_t i) {
      const size_t f = i % nr_folds, number = i / nr_folds;
      const Exam& exam = exams[f];
      if (number >= fits_.size()) {
        const size_t r = number - fits_.size();
        rivals[r][f] = score_of(fit_rival(config_.rivals[r], exam.lesson, config_), exam.test, exam.examples);
        return;
      }
      const std::vector<Net> nets =
          fit_net(exam.lesson.examples, fits_[number].shape, options_of(fits_[number], config_), config_.grid.epochs);
      for (size_t e = 0; e < nr_epochs; ++e)
        points[number * nr_epochs + e][f] = score_of(nets[e], exam.test, exam.examples);
    };
    const size_t before = done_, total = per_fold * nr_folds * config_.folds_by.size();
    parallel_for(per_fold * nr_folds, jobs_, work, [&](size_t done, size_t) {
      if (progress_) progress_(before + done, total);
    });
    done_ += per_fold * nr_folds;
    for (size_t p = 0; p < points.size(); ++p) report_.grid[p].scores.push_back(mean(points[p]));
    for (size_t r = 0; r < rivals.size(); ++r) rivals_[r].scores.push_back(mean(rivals[r]));
  }

  TrainReport finish(bool wants_model) {
    const Lesson all = make_lesson(data_, config_);
    auto better = [](const GridPoint& a, const GridPoint& b) { return a.scores.back().f1 < b.scores.back().f1; };
    report_.best = static_cast<size_t>(std::ranges::max_element(report_.grid, better) - report_.grid.begin());
    add_net("net", report_.best, all);
    if (size_t held = best_that_fits(all.scaling); held != report_.best && held != SIZE_MAX)
      add_net("net_fixed", held, all);
    for (size_t r = 0; r < rivals_.size(); ++r) {
      fitted_.push_back(fit_rival(config_.rivals[r], all, config_));
      report_.learners.push_back(std::move(rivals_[r]));
      examine(report_.learners.back(), fitted_.back(), all);
    }
    if (wants_model) make_model(all);
    return std::move(report_);
  }

 private:
  size_t best_that_fits(const Scaling& scaling) const {
    size_t best = SIZE_MAX;
    for (size_t p = 0; p < report_.grid.size(); ++p) {
      if (!why_not_fixed(report_.grid[p].shape, scaling).empty()) continue;
      if (best == SIZE_MAX || report_.grid[p].scores.back().f1 > report_.grid[best].scores.back().f1) best = p;
    }
    return best;
  }

  void add_net(const char* name, size_t number, const Lesson& all) {
    const GridPoint& point = report_.grid[number];
    const int epochs[] = {point.epochs};
    fitted_.push_back(
        fit_net(all.examples, point.shape, options_of({point.shape, point.learning_rate}, config_), epochs).front());
    report_.learners.push_back({name, point.text(), point.scores, 0, false, {}, {}});
    examine(report_.learners.back(), fitted_.back(), all);
  }

  std::optional<mlp::mlp_model> in_integers(const Fitted& fitted, const Lesson& all, mlp::mlp_kind kind) const {
    QuantiseOptions options = config_.quantise;
    options.kind = kind;
    if (const Net* net = std::get_if<Net>(&fitted)) {
      const bool finite = std::ranges::all_of(net->layers, [](const Matrix& layer) { return layer.allFinite(); });
      if (!finite || !why_not_fixed(net->shape, all.scaling).empty()) return std::nullopt;
      return quantise(*net, all.scaling, data_, options);
    }
    const DecisionTree* tree = std::get_if<DecisionTree>(&fitted);
    if (!tree || tree->depth() > mlp::MLP_DEPTH) return std::nullopt;
    return quantise(*tree, options);
  }

  // Times and flips.
  void examine(Learner& learner, const Fitted& fitted, const Lesson& all) const {
    const Examples examples = make_examples(data_, all.scaling, Weights::kNone);
    const double start = thread_seconds();
    const Vector z = logits(fitted, data_, examples);
    double elapsed = thread_seconds() - start;
    auto share = [&](const mlp::mlp_model& model) {
      return static_cast<double>(flips(model, data_, z)) / static_cast<double>(data_.rows());
    };
    if (const auto model = in_integers(fitted, all, mlp::MLP_INT8)) {
      learner.in_integers = true;
      std::vector<std::array<uint16_t, mlp::MLP_ROW>> in(std::min<size_t>(data_.rows(), 4096));
      for (size_t i = 0; i < in.size(); ++i) std::ranges::copy(data_.row(i), in[i].begin());
      const double begin = thread_seconds();
      int64_t sum = 0;
      for (size_t i = 0; i < data_.rows(); ++i) sum += mlp::mlp_logit(&*model, in[i % in.size()].data());
      elapsed = thread_seconds() - begin;
      __asm__ volatile("" ::"r"(sum));
      learner.int8_flips = share(*model);
      if (model->kind == mlp::MLP_INT8) learner.q21_flips = share(*in_integers(fitted, all, mlp::MLP_Q21));
    }
    learner.ns = elapsed * 1e9 / static_cast<double>(data_.rows());
  }

  void make_model(const Lesson& all) {
    const size_t held = config_.model == "net" ? best_that_fits(all.scaling) : 0;
    if (held == SIZE_MAX)
      throw Error(
          config_.model_where,
          "no net of the grid can be a policy's model: " + why_not_fixed(report_.grid[report_.best].shape, all.scaling),
          "add one of at most 16 units in one layer, with relu, scaled by minmax or zscore");
    std::optional<Fitted> other;
    const Fitted* chosen = nullptr;
    for (size_t i = 0; i < report_.learners.size(); ++i)
      if (report_.learners[i].name == config_.model ||
          (report_.learners[i].name == "net_fixed" && config_.model == "net"))
        chosen = &fitted_[i];
    if (!chosen) {  // a rival that is not compared
      for (size_t r = 0; r < kNrRivals; ++r)
        if (rival_name(static_cast<Rival>(r)) == config_.model) other = fit_rival(static_cast<Rival>(r), all, config_);
      chosen = &*other;
    }
    const auto model = in_integers(*chosen, all, config_.quantise.kind);
    if (!model && config_.scaling == ScalingKind::kLog)
      throw Error(config_.model_where, "no model of a policy takes the logarithm of its inputs",
                  "scale by minmax or zscore; those inputs that are times are logarithms already");
    if (!model) throw Error(config_.model_where, "the weights grew beyond all bounds", "take a lower learning rate");
    report_.model = complete(*model, config_.seed);
    report_.model_of = config_.model;
    report_.fixed = score(
        data_.rows(), [&](size_t i) { return data_.moves[i] != 0; },
        [&](size_t i) { return mlp::logit(*model, data_.row(i)) > 0; });
  }

  const TrainConfig& config_;
  const Dataset& data_;
  const int jobs_;
  const Progress& progress_;
  const std::vector<GridFit> fits_;
  std::vector<Learner> rivals_;
  std::vector<Fitted> fitted_;  // by learner, on all data
  size_t done_ = 0;
  TrainReport report_;
};

}  // namespace

std::string GridPoint::text() const {
  char rate[32];
  std::snprintf(rate, sizeof(rate), "%g", learning_rate);
  return shape.text() + ", rate " + rate + ", " + std::to_string(epochs) + " epochs";
}

TrainReport train(const TrainConfig& config, const Dataset& data, bool wants_model, int jobs,
                  const Progress& progress) {
  check_learnable(data, config.without, config.data_where);
  if (config.balance == Balance::kOutcomes && data.outcome.empty())
    throw Error(config.data_where, "these decisions have no outcomes to weigh by",
                "collect them with 'outcomes:', or leave 'balance: outcomes' out");
  Training training(config, data, jobs, progress);
  for (FoldsBy by : config.folds_by) training.cross_validate(by);
  return training.finish(wants_model);
}

Dataset read_data(const TrainConfig& config) {
  Dataset all;
  for (const std::string& path : config.data) append(all, read_dataset(path), path);
  return all;
}

}  // namespace simsched::ml
