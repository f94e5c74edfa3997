#include "report/csv.h"

#include <utility>

#include "report/frame.h"

namespace simsched {

std::string results_to_csv(std::span<const RunResult> results) {
  Frame frame;
  for (const RunResult& result : results) frame.add(cells_of(result));
  return frame.csv();
}

std::string tasks_to_csv(std::span<const RunResult> results) {
  Frame frame;
  for (const RunResult& result : results) {
    for (auto [of, list] : {std::pair("task", &result.tasks), {"name", &result.names}, {"group", &result.groups}}) {
      for (const auto& [name, values] : *list) {
        std::vector<NamedCell> cells = {{"machine", result.machine},
                                        {"policy", result.policy},
                                        {"workload", result.workload},
                                        {"seed", static_cast<int64_t>(result.seed)},
                                        {"of", of},
                                        {"name", name}};
        for (const auto& [figure, value] : values) cells.push_back({figure, value});
        frame.add(cells);
      }
    }
  }
  return frame.rows() == 0 ? "" : frame.csv();
}

}  // namespace simsched
