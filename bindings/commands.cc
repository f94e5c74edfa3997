// What the sub-commands do with results, as functions: explain, compare, export.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/module.h"
#include "bindings/session.h"
#include "experiment/experiment.h"
#include "experiment/policies.h"
#include "report/chosen_export.h"
#include "report/explain.h"
#include "report/regression.h"

namespace simsched::python {
namespace {

py::dict explain_runs(const Outcomes& runs, const std::string& policy, const std::string& versus,
                      const std::string& machine) {
  const Explanation explanation = explain(results_of(runs), {policy, versus, machine}, "results");
  py::dict dict;
  dict["text"] = explanation_text(explanation, false);
  dict["json"] = explanation_json(explanation);
  dict["svg"] = explanation_svg(explanation);
  return dict;
}

py::dict compare_runs(const Outcomes& base, const Outcomes& now, const std::optional<std::string>& tolerances,
                      const std::string& name) {
  const std::vector<Tolerance> allowed = tolerances ? read_tolerances(*tolerances, name) : default_tolerances();
  const RegressionReport report = compare_results(results_of(base), results_of(now), allowed, "base and new");
  py::dict dict;
  dict["regressed"] = report.regressed();
  dict["text"] = regression_table(report, Look()) + regression_summary(report) + "\n";
  dict["markdown"] = regression_markdown(report);
  dict["junit"] = regression_junit(report);
  dict["json"] = regression_json(report);
  return dict;
}

using Files = std::vector<std::pair<std::string, py::bytes>>;

Files files_of(const ChosenExport& chosen) {
  Files files;
  for (const auto& [name, content] : export_files(chosen.request(SIMSCHED_VERSION))) files.emplace_back(name, content);
  return files;
}

Files export_plain(const std::string& subject) {
  const PolicyRegistry registry = all_policies();
  return files_of(plain_export(subject, registry));
}

Files export_of_runs(const Session& session, const std::string& policy, const Outcomes& runs) {
  return files_of(choose_export(session.config(), session.inputs(), policy, results_of(runs)));
}

}  // namespace

void bind_commands(py::module_& module) {
  module.def("explain", &explain_runs, py::arg("runs"), py::arg("policy"), py::arg("versus"), py::arg("machine"));
  module.def("compare", &compare_runs, py::arg("base"), py::arg("now"), py::arg("tolerances"), py::arg("name"));
  module.def("check_export", [](const Session& session, const std::string& policy) {
    loader_path();
    check_export(session.config(), policy);
  });
  module.def("export_plain", &export_plain, py::arg("subject"));
  module.def("export_of_runs", &export_of_runs, py::arg("session"), py::arg("policy"), py::arg("runs"));
  module.attr("loader_file") = kLoaderFile;
}

}  // namespace simsched::python
