// The experiment file and the machine file as JSON Schema, which editors' YAML plug-ins read.
#include <algorithm>

#include "app/reference/pages.h"
#include "app/reference/schema_types.h"
#include "experiment/config_keys.h"
#include "topology/load/load.h"
#include "topology/load/machine_keys.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

using namespace schema;

// A list that is not empty.
Json some_of(Json items) {
  Json list = list_of(std::move(items));
  list["minItems"] = 1;
  return list;
}

Json parameter(const ParamInfo& info) {
  Json json;
  switch (info.unit) {
    case ParamInfo::Unit::kCount:
    case ParamInfo::Unit::kPercent:
      json = whole(info.low, info.high);
      break;
    case ParamInfo::Unit::kDuration:
      json = ref("duration");
      break;
    case ParamInfo::Unit::kChoice:
      json = one_of(info.names);
      break;
    case ParamInfo::Unit::kFile:
      json = {{"type", "string"}};
      break;
  }
  // Beside a reference nothing else is read in draft 7.
  if (json.contains("$ref")) json = {{"allOf", Json::array({json})}};
  json["description"] = info.meaning + " [" + info.otherwise_text() + "]" +
                        (info.unit == ParamInfo::Unit::kDuration ? " " + info.range_text(" .. ") : "");
  return json;
}

Json generators() {
  Json properties = Json::object();
  for (const GeneratorInfo& info : generator_infos()) {
    Json parameters = Json::object();
    for (const ParamInfo& each : info.params) parameters[each.name] = parameter(each);
    if (info.keys != nullptr) parameters = properties_of(info.keys());
    Json json = info.from_file ? Json{{"type", "string"}} : or_variable(any_of(object(parameters), {{"type", "null"}}));
    json["description"] = info.summary;
    properties[info.name] = json;
  }
  return properties;
}

Json tunable(const TunableReader::Info& info) {
  Json json = info.words.empty() || info.is_path ? Json::object() : one_of(info.words);
  json["description"] = info.help + (info.value.empty() ? "" : " [" + info.value + "]");
  return json;
}

Json policy(const PolicyRegistry& registry) {
  Json named = Json::object(), kinds = Json::array({one_of(registry.names())});
  for (const auto& row : registry.policies()) {
    Json tunables = Json::object();
    for (const TunableReader::Info& info : registry.tunables(*row)) tunables[info.key] = tunable(info);
    tunables["label"] = {{"type", Json::array({"string", "number"})},
                         {"description", "how it is called in tables and results"}};
    if (row->is_file()) {
      // It may have variables of its own.
      kinds.push_back({{"type", "object"}, {"properties", tunables}, {"required", Json::array({row->name()})}});
      continue;
    }
    named[row->name()] = or_variable(object(tunables));
    named[row->name()]["description"] = row->summary();
  }
  kinds.push_back(merged(object(named), {{"maxProperties", 1}, {"minProperties", 1}}));
  return {{"anyOf", kinds}};
}

}  // namespace

std::string config_schema(const PolicyRegistry& registry) {
  std::vector<std::string> presets = preset_names();
  presets.emplace_back("host");
  const Json task = properties_of(task_keys());
  const Json part = merged(merged(merged(task, properties_of(part_keys())), properties_of(trace_keys())), generators());
  std::vector<std::string> plain;
  for (const GeneratorInfo& info : generator_infos())
    if (!info.from_file) plain.push_back(info.name);

  Json mix = properties_of(mix_keys());
  mix["mix"] = or_variable(some_of(or_variable(object(part))));
  Json workload = Json::array({one_of(plain), object(properties_of(trace_keys())), object(mix),
                               merged(object(generators()), {{"maxProperties", 1}, {"minProperties", 1}})});
  const Json machine = any_of({{"type", "string"}, {"examples", presets}}, ref("machine"));

  Json root = properties_of(experiment_keys());
  auto refine = [&](const char* key, Json json) {
    json["description"] = root.at(key).at("description");
    root[key] = std::move(json);
  };
  refine("machine", machine);
  refine("machines", or_variable(some_of(machine)));
  refine("workload", {{"anyOf", workload}});
  refine("policies", or_variable(some_of(policy(registry))));
  refine("seeds", any_of(whole(1, 100000), some_of({{"type", "integer"}, {"minimum", 0}})));
  refine("metrics", or_variable(some_of({{"type", "string"}})));
  refine("output", any_of({{"type", "string"}}, object(properties_of(output_keys()))));
  refine("tasks", or_variable(list_of(or_variable(object(merged(task, properties_of(rule_keys())))))));
  root["sweep"] = {{"type", "object"}, {"description", "variables and their values, for simsched sweep"}};

  root = object(root);
  root["required"] = Json::array({"workload", "policies"});
  return document("an experiment of simsched", root,
                  {{"machine", object(properties_of(machine_keys()))}, {"group", object(properties_of(group_keys()))}});
}

std::string machine_schema() {
  return document("a machine of simsched", object(properties_of(machine_keys())));
}

}  // namespace simsched
