#include "bindings/session.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/parallel.h"
#include "bindings/interruptible.h"
#include "bindings/module.h"
#include "bindings/policy.h"
#include "experiment/policies.h"
#include "experiment/simulation.h"
#include "report/comparison.h"
#include "report/recording.h"
#include "report/reference.h"

namespace simsched::python {

namespace {

PolicyRegistry registry_with(const py::dict& policies) {
  PolicyRegistry registry = all_policies();
  for (const auto& [name, type] : policies)
    registry.add(python_policy(py::str(name).cast<std::string>(), py::reinterpret_borrow<py::object>(type)));
  return registry;
}

}  // namespace

Session::Session(const std::string& text, const std::string& name, const py::dict& policies)
    : registry_(registry_with(policies)), config_(parse_config(text, name, registry_)) {
  for (const PolicyConfig& policy : config_.policies)
    calls_python_ = calls_python_ || policies.contains(policy.policy->name());
  if (config_.metrics.empty()) config_.metrics = default_metrics();
  const py::gil_scoped_release without_gil;
  inputs_ = std::make_unique<const Inputs>(config_);
}

std::vector<RunResult> results_of(const Outcomes& outcomes) {
  std::vector<RunResult> results;
  results.reserve(outcomes.size());
  for (const auto& outcome : outcomes) results.push_back(outcome->result);
  return results;
}

namespace {

enum class Record { kNone, kFirst, kAll };

Record record_of(const py::object& record) {
  if (record.is_none() || record.is(py::bool_(false))) return Record::kNone;
  if (record.is(py::bool_(true))) return Record::kAll;
  if (py::isinstance<py::str>(record) && record.cast<std::string>() == "first") return Record::kFirst;
  throw Error("record", "is neither True, False nor 'first'",
              "'first' records the first seed of each policy and machine");
}

Outcomes run_session(const Session& session, const std::optional<size_t>& seeds, int jobs, const py::object& record,
                     const PyProgress& progress) {
  Config config = session.config();
  if (seeds && (*seeds < 1 || *seeds > kMaxSeeds))
    throw Error("seeds", "is " + std::to_string(*seeds), "give 1 to " + std::to_string(kMaxSeeds));
  if (seeds) config.seeds = first_seeds(*seeds);
  if (jobs < 0 || jobs > kMaxJobs) throw Error("jobs", "is " + std::to_string(jobs), "0 is one for each CPU");
  const Record wanted = record_of(record);
  std::vector<Experiment> experiments = list_experiments(config, session.inputs());
  for (Experiment& experiment : experiments)
    experiment.record = wanted == Record::kAll || (wanted == Record::kFirst && experiment.seed == config.seeds.front());
  Outcomes outcomes(experiments.size());
  auto simulation_of = [&](size_t i) { return Simulation(experiments[i], config, session.inputs()); };
  if (session.calls_python()) {
    for (size_t i = 0; i < experiments.size(); ++i) {
      Simulation simulation = simulation_of(i);
      run_holding_gil(simulation.engine());
      outcomes[i] = std::make_shared<Outcome>(simulation.outcome());
      if (progress) progress(i + 1, experiments.size());
    }
    return outcomes;
  }
  auto work = [&](size_t i, const std::atomic<bool>& stop) {
    Simulation simulation = simulation_of(i);
    run_unless(simulation.engine(), stop);
    outcomes[i] = std::make_shared<Outcome>(simulation.outcome());
  };
  run_in_threads(experiments.size(), jobs_or_default(jobs > 0 ? jobs : config.jobs), work, progress);
  return outcomes;
}

std::vector<std::string> labels_of(const Session& session) {
  std::vector<std::string> labels;
  for (const PolicyConfig& policy : session.config().policies) labels.push_back(policy.label);
  return labels;
}

py::list machines_of(const Session& session) {
  py::list machines;
  for (size_t i = 0; i < session.inputs().nr_machines(); ++i)
    machines.append(py::cast(std::make_shared<Machine>(session.inputs().machine(i))));
  return machines;
}

// What puts the results in doubt, a line each, as `simsched run` prints it above them.
std::vector<std::string> notes_of(const Session& session) {
  std::vector<std::string> notes;
  if (const Recording* recording = session.inputs().recording()) {
    std::istringstream lines(doubts_about(*recording));
    for (std::string line; std::getline(lines, line);) notes.push_back(line);
  }
  for (const std::string& note : session.inputs().notes()) notes.push_back("note        " + note);
  return notes;
}

std::string references_of(const Session& session, const Outcomes& runs) {
  std::vector<RunResult> results;
  for (const auto& run : runs) results.push_back(run->result);
  return reference_tables(session.config().references, results);
}

}  // namespace

void bind_session(py::module_& module) {
  py::class_<Session, std::shared_ptr<Session>>(module, "Session", "A config with all that it names, loaded.")
      .def(py::init<const std::string&, const std::string&, const py::dict&>(), py::arg("text"), py::arg("name"),
           py::arg("policies"))
      .def("run", &run_session, py::arg("seeds"), py::arg("jobs"), py::arg("record"), py::arg("progress"))
      .def_property_readonly("policies", &labels_of)
      .def_property_readonly("machines", &machines_of)
      .def_property_readonly("seeds", [](const Session& session) { return session.config().seeds; })
      .def_property_readonly("metrics", [](const Session& session) { return session.config().metrics; })
      .def_property_readonly("notes", &notes_of)
      .def("references", &references_of, py::arg("runs"));
}

}  // namespace simsched::python
