// An explanation for other programs.
#include <nlohmann/json.hpp>

#include "report/explain.h"

namespace simsched {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Sides& sides) { return {{"a", sides.a}, {"b", sides.b}, {"difference", sides.difference()}}; }

Json to_json(const Times& times) {
  Json json = Json::object();
  for (size_t i = 0; i < kNrCauses; ++i) json[kCauses[i].name] = to_json(times[i]);
  json["lifetime_ns"] = to_json(times.lifetime());
  return json;
}

Json to_json(const std::vector<TaskGroup>& groups) {
  Json json = Json::object();
  for (const TaskGroup& group : groups)
    json[group.name] = {
        {"tasks", to_json(group.tasks)}, {"task_time", to_json(group.time)}, {"energy_uj", to_json(group.energy_uj)}};
  return json;
}

}  // namespace

std::string explanation_json(const Explanation& explanation) {
  Json json = {{"schema", "simsched-explain/1"},
               {"machine", explanation.machine},
               {"workload", explanation.workload},
               {"a", explanation.policy},
               {"b", explanation.versus},
               {"seeds", explanation.seeds},
               {"doubts", explanation.doubts},
               {"makespan_ns", to_json(explanation.makespan)},
               {"idle_wasted_ns", to_json(explanation.wasted)},
               {"energy_uj", to_json(explanation.energy_uj)},
               {"task_time", to_json(explanation.time)},
               {"by_name", to_json(explanation.names)},
               {"by_role", to_json(explanation.roles)}};
  json["by_cpu"] = Json::array();
  for (const CpuSides& cpu : explanation.cpus) {
    json["by_cpu"].push_back({{"task_ns", to_json(cpu.task)},
                              {"overhead_ns", to_json(cpu.overhead)},
                              {"irq_ns", to_json(cpu.irq)},
                              {"idle_ns", to_json(cpu.idle)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace simsched
