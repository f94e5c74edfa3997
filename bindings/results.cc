// What came of runs: figures and tables.
#include "sim/results.h"

#include <memory>
#include <vector>

#include "bindings/module.h"
#include "bindings/session.h"
#include "experiment/experiment.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/packets.h"
#include "report/results_json.h"
#include "sim/metric_table.h"

namespace simsched::python {
namespace {

std::string tables(const Outcomes& outcomes, std::vector<std::string> metrics, size_t width, bool colour) {
  const std::vector<RunResult> results = results_of(outcomes);
  if (metrics.empty()) metrics = default_metrics();
  const std::string packets = packet_tables(results, Look(colour, width));
  return comparison_tables(results, metrics, Look(colour, width)) + (packets.empty() ? "" : "\n" + packets);
}

Outcomes from_json(const std::string& text, const std::string& name) {
  Outcomes outcomes;
  for (RunResult& result : results_from_json(text, name)) {
    outcomes.push_back(std::make_shared<Outcome>());
    outcomes.back()->result = std::move(result);
  }
  return outcomes;
}

py::list metric_rows() {
  static const char* const kBetter[] = {"lower", "higher", "neither"};
  py::list rows;
  for (const Metric& metric : metric_table()) {
    py::dict row;
    row["name"] = metric.name;
    row["unit"] = metric.unit;
    row["better"] = kBetter[static_cast<size_t>(metric.better)];
    row["help"] = metric.help;
    rows.append(row);
  }
  return rows;
}

}  // namespace

void bind_results(py::module_& module) {
  py::class_<Outcome, std::shared_ptr<Outcome>>(module, "Run", "One simulation that is over.")
      .def_property_readonly("policy", [](const Outcome& run) { return run.result.policy; })
      .def_property_readonly("machine", [](const Outcome& run) { return run.result.machine; })
      .def_property_readonly("workload", [](const Outcome& run) { return run.result.workload; })
      .def_property_readonly("seed", [](const Outcome& run) { return run.result.seed; })
      .def_property_readonly("status", [](const Outcome& run) { return run.result.status; })
      .def_property_readonly("exit_code", [](const Outcome& run) { return run.result.exit_code; })
      .def_property_readonly("recorded", [](const Outcome& run) { return run.machine.has_value(); });
  module.def("results_to_json",
             [](const Outcomes& runs) { return results_to_json(results_of(runs), SIMSCHED_VERSION); });
  module.def("results_to_csv", [](const Outcomes& runs) { return results_to_csv(results_of(runs)); });
  module.def("results_from_json", &from_json, py::arg("text"), py::arg("name"));
  module.def("tables", &tables, py::arg("runs"), py::arg("metrics"), py::arg("width"), py::arg("colour"));
  module.def("metrics", &metric_rows,
             "All metrics: list of dict with name, unit, better ('lower', 'higher', 'neither'), help.");
}

}  // namespace simsched::python
