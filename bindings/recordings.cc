// Recordings, and how well replays match them.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "bindings/interruptible.h"
#include "bindings/module.h"
#include "experiment/config.h"
#include "experiment/policies.h"
#include "experiment/validation.h"
#include "report/fidelity.h"
#include "report/recording.h"

namespace simsched::python {
namespace {

std::shared_ptr<Recording> load(const std::string& path, const std::string& recorded, const std::string& machine) {
  const py::gil_scoped_release without_gil;
  return std::make_shared<Recording>(load_recording(path, recorded, machine, Nanos::max(), {}, true));
}

// The fidelity of recordings of one command, as the dict that `simsched validate --json` writes.
py::dict validate_recordings(const std::vector<std::shared_ptr<Recording>>& given,
                             const std::vector<std::string>& names, const std::string& policy, int seeds, int jobs,
                             bool machine_given, const PyProgress& progress) {
  if (given.empty()) throw Error("validate", "no recording is given", "give one, or several of one command");
  if (seeds < 1 || seeds > kMaxSeeds)
    throw Error("seeds", "is " + std::to_string(seeds), "give 1 to " + std::to_string(kMaxSeeds));
  const PolicyRegistry registry = all_policies();
  const PolicyConfig config = policy_from_name(policy, registry, "policy");
  std::vector<Recording> recordings;
  for (const auto& recording : given) recordings.push_back(*recording);
  check_alike(recordings, names);
  ValidationOptions options;
  options.seeds = seeds;
  options.machine_given = machine_given;
  std::optional<Validation> validation;
  run_one(jobs_or_default(jobs), progress, [&](int threads, const Progress& told) {
    options.jobs = threads;
    validation = validate(recordings, config, options, told);
  });
  py::dict dict;
  dict["ok"] = validation->fidelity.ok();
  dict["text"] = fidelity_table(validation->fidelity, Look()) + "\n" +
                 fidelity_summary(validation->fidelity, validation->diagnoses);
  dict["json"] = fidelity_json(validation->fidelity, validation->diagnoses, names, policy);
  return dict;
}

}  // namespace

void bind_recordings(py::module_& module) {
  py::class_<Recording, std::shared_ptr<Recording>>(module, "Recording")
      .def(py::init(&load), py::arg("path"), py::arg("recorded"), py::arg("machine"))
      .def_property_readonly("trace",
                             [](const std::shared_ptr<Recording>& recording) {
                               return std::shared_ptr<SchedTrace>(recording, &recording->trace);
                             })
      .def_property_readonly("machine",
                             [](const Recording& recording) { return std::make_shared<Machine>(recording.machine); })
      .def_property_readonly("text", [](const Recording& recording) { return describe_recording(recording); })
      .def_property_readonly("nr_tasks", [](const Recording& recording) { return recording.workload.tasks.size(); });
  module.def("validate", &validate_recordings, py::arg("recordings"), py::arg("names"), py::arg("policy"),
             py::arg("seeds"), py::arg("jobs"), py::arg("machine_given"), py::arg("progress"));
}

}  // namespace simsched::python
