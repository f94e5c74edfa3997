// Datasets, training and searches.
#include <pybind11/numpy.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "bindings/interruptible.h"
#include "bindings/module.h"
#include "experiment/policies.h"
#include "ml/collect/collect.h"
#include "ml/data/dataset_file.h"
#include "ml/learn/train.h"
#include "ml/model/model_file.h"
#include "ml/search/held_out.h"
#include "ml/search/picture.h"
#include "ml/search/search.h"

namespace simsched::python {
namespace {

using ml::Dataset;
using ml::TrainReport;
using search::HeldOut;
using search::Search;

int checked_jobs(int jobs) {
  if (jobs < 0 || jobs > kMaxJobs) throw Error("jobs", "is " + std::to_string(jobs), "0 is one for each CPU");
  return jobs_or_default(jobs);
}

// ---- datasets ----

std::shared_ptr<Dataset> collect(const std::string& text, const std::string& name, int jobs,
                                 const PyProgress& progress) {
  const PolicyRegistry registry = all_policies();
  const ml::DatasetConfig config = ml::parse_dataset_config(text, name, registry);
  auto data = std::make_shared<Dataset>();
  run_one(checked_jobs(jobs), progress,
          [&](int threads, const Progress& told) { *data = ml::collect(config, threads, told); });
  return data;
}

template <class Value>
py::array column(const std::vector<Value>& values, const std::shared_ptr<Dataset>& data) {
  py::array_t<Value> array({static_cast<py::ssize_t>(values.size())}, values.data(), py::cast(data));
  array.attr("flags").attr("writeable") = false;
  return array;
}

py::dict inputs_of(const std::shared_ptr<Dataset>& data) {
  py::dict inputs;
  for (size_t i = 0; i < data->inputs.size(); ++i) inputs[ml::feature_name(i)] = column(data->inputs[i], data);
  return inputs;
}

py::list origins_of(const Dataset& data) {
  py::list list;
  for (const ml::Origin& origin : data.origins)
    list.append(py::make_tuple(origin.recording, origin.machine, origin.policy, origin.seed));
  return list;
}

// ---- training ----

py::list scores_of(const std::vector<ml::Score>& scores, const ml::TrainConfig& config) {
  py::list list;
  for (size_t i = 0; i < scores.size(); ++i)
    list.append(py::make_tuple(config.folds_by[i] == ml::FoldsBy::kPlain ? "plain" : "grouped", scores[i].accuracy,
                               scores[i].f1));
  return list;
}

py::object share_of(const std::optional<double>& share) { return share ? py::cast(*share) : py::none(); }

py::dict train(const std::string& text, const std::string& name, int jobs, const PyProgress& progress) {
  const ml::TrainConfig config = ml::parse_train_config(text, name);
  TrainReport report;
  run_one(checked_jobs(jobs), progress, [&](int threads, const Progress& told) {
    report = ml::train(config, ml::read_data(config), true, threads, told);
  });
  py::dict dict;
  dict["rows"] = report.rows;
  dict["moves"] = report.moves;
  dict["fits"] = report.fits;
  py::list grid, learners;
  for (const ml::GridPoint& point : report.grid)
    grid.append(py::make_tuple(point.shape.text(), point.learning_rate, point.epochs, scores_of(point.scores, config)));
  for (const ml::Learner& learner : report.learners)
    learners.append(py::make_tuple(learner.name, learner.what, learner.ns, learner.in_integers,
                                   share_of(learner.int8_flips), share_of(learner.q21_flips),
                                   scores_of(learner.scores, config)));
  dict["grid"] = grid;
  dict["best"] = report.best;
  dict["learners"] = learners;
  dict["model_of"] = report.model_of;
  dict["model"] = py::none();
  if (report.model) {
    const std::vector<std::byte> bytes = mlp::model_bytes(*report.model, "model");
    dict["model"] = py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return dict;
}

// ---- searches ----

class Searching {
 public:
  Searching(const std::string& text, const std::string& name)
      : registry_(all_policies()),
        config_(search::parse_search_config(text, name, registry_)),
        search_(config_, registry_) {}

  const Search& state() const { return search_; }
  const search::SearchConfig& config() const { return config_; }

  void advance(int jobs, bool last) {
    const int threads = checked_jobs(jobs);
    run_in_threads(1, 1,
                   [&](size_t, const std::atomic<bool>& stop) {
                     search_.advance(
                         threads, [&] { return stop.load(); }, last);
                   },
                   {});
  }
  void load(const std::string& text, const std::string& where) { search_.load_checkpoint(text, where); }

  std::string test(const std::string& model, int jobs) {
    if (config_.test.empty()) throw Error(config_.file, "has no 'test'", "add one: docs/learning.md");
    const int threads = checked_jobs(jobs);
    HeldOut result;
    run_in_threads(1, 1,
                   [&](size_t, const std::atomic<bool>& stop) {
                     const PolicyConfig found =
                         config_.candidate(search_.best(), model, config_.has_model() ? "model" : "tuned");
                     result = search::held_out(config_, found, registry_, threads, [&] { return stop.load(); });
                   },
                   {});
    return search::held_out_json(result);
  }

 private:
  const PolicyRegistry registry_;
  const search::SearchConfig config_;
  Search search_;
};

py::bytes model_of(const Searching& searching) {
  const std::vector<std::byte> bytes = mlp::model_bytes(searching.state().model(), "model");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Of the best: the policy as a config has it, with its model in the file `model`.
py::dict policy_of(const Searching& searching, const std::string& model) {
  const search::SearchConfig& config = searching.config();
  py::dict tunables, policy;
  for (const Tunable& tunable : config.candidate(searching.state().best(), model).tunables)
    tunables[py::str(tunable.key)] = tunable.value.str();
  policy[py::str(config.policy.policy->name())] = tunables;
  return policy;
}

py::list steps_of(const Searching& searching) {
  py::list list;
  for (const search::Step& step : searching.state().steps())
    list.append(py::make_tuple(step.best, step.median, step.validated ? py::cast(step.mean.total) : py::none()));
  return list;
}

py::object best_of(const Searching& searching) {
  const search::Archived* best = searching.state().archive().best();
  if (best == nullptr) return py::none();
  py::dict dict;
  dict["generation"] = best->generation;
  dict["total"] = best->worth.total;
  dict["makespan"] = best->worth.makespan;
  dict["migrations"] = best->worth.migrations;
  dict["wake"] = best->worth.wake;
  return dict;
}

}  // namespace

void bind_learning(py::module_& module) {
  py::class_<Dataset, std::shared_ptr<Dataset>>(module, "Dataset")
      .def_static("collect", &collect, py::arg("text"), py::arg("name"), py::arg("jobs"), py::arg("progress"))
      .def_static("read", [](const std::string& path) { return std::make_shared<Dataset>(ml::read_dataset(path)); })
      .def_property_readonly("rows", &Dataset::rows)
      .def_property_readonly("inputs", &inputs_of)
      .def_property_readonly("origins", &origins_of)
      .def_property_readonly("origin", [](const std::shared_ptr<Dataset>& data) { return column(data->origin, data); })
      .def_property_readonly("moves", [](const std::shared_ptr<Dataset>& data) { return column(data->moves, data); })
      .def_property_readonly("outcome",
                             [](const std::shared_ptr<Dataset>& data) { return column(data->outcome, data); })
      .def("to_bytes", [](const Dataset& data) { return py::bytes(ml::dataset_bytes(data)); });
  module.def("train", &train, py::arg("text"), py::arg("name"), py::arg("jobs"), py::arg("progress"));
  py::class_<Searching>(module, "Searching")
      .def(py::init<const std::string&, const std::string&>(), py::arg("text"), py::arg("name"))
      .def("advance", &Searching::advance, py::arg("jobs"), py::arg("last"))
      .def("load", &Searching::load, py::arg("text"), py::arg("where"))
      .def("test", &Searching::test, py::arg("model"), py::arg("jobs"))
      .def_property_readonly("generation", [](const Searching& s) { return s.state().generation(); })
      .def_property_readonly("generations", [](const Searching& s) { return s.config().generations; })
      .def_property_readonly("has_test", [](const Searching& s) { return !s.config().test.empty(); })
      .def_property_readonly("steps", &steps_of)
      .def_property_readonly("best", &best_of)
      .def_property_readonly("model", &model_of)
      .def_property_readonly("has_model", [](const Searching& s) { return s.config().has_model(); })
      .def("policy", &policy_of, py::arg("model"))
      .def_property_readonly("checkpoint", [](const Searching& s) { return s.state().checkpoint(); })
      .def_property_readonly("archive", [](const Searching& s) { return s.state().archive_json(); })
      .def_property_readonly("svg", [](const Searching& s) { return search::search_svg(s.state()); });
}

}  // namespace simsched::python
