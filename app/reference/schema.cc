// The experiment file as JSON Schema (draft 7), which editors' YAML plug-ins read.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/reference/pages.h"
#include "experiment/config_keys.h"
#include "topology/load/load.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ConfigKey::Kind;

Json ref(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }
Json any_of(Json first, Json second) { return {{"anyOf", Json::array({std::move(first), std::move(second)})}}; }
Json text() { return {{"type", Json::array({"string", "number"})}}; }
Json list_of(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

Json one_of(const std::vector<std::string>& words) { return any_of({{"enum", words}}, ref("variable")); }
Json whole(int64_t low, int64_t high) {
  return any_of({{"type", "integer"}, {"minimum", low}, {"maximum", high}}, ref("variable"));
}

Json object(Json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json properties_of(ConfigKeys keys);

// What is recursive has a definition.
Json members_of(const ConfigKey& key) {
  if (key.members == nullptr) return Json::object();
  if (key.members == group_keys) return ref("group");
  return object(properties_of(key.members()));
}

Json of_kind(const ConfigKey& key) {
  const std::vector<std::string> words(key.words.begin(), key.words.end());
  switch (key.kind) {
    case Kind::kText:
      return text();
    case Kind::kInteger:
      return whole(key.low, key.high);
    case Kind::kBoolean:
      return any_of({{"type", "boolean"}}, ref("variable"));
    case Kind::kDuration:
      return ref("duration");
    case Kind::kChoice:
      return one_of(words);
    case Kind::kAmount:
      return {{"type", "string"}};
    case Kind::kOneOrList:
      return any_of(text(), list_of(text()));
    case Kind::kList:
      return list_of(words.empty() ? members_of(key) : one_of(words));
    case Kind::kMap:
      return members_of(key);
    case Kind::kNamed:
      return {{"type", "object"}, {"additionalProperties", members_of(key)}};
    case Kind::kAny:
      break;
  }
  return Json::object();
}

Json properties_of(ConfigKeys keys) {
  Json properties = Json::object();
  for (const ConfigKey& key : keys) {
    properties[key.name] = of_kind(key);
    properties[key.name]["description"] = key.help;
  }
  return properties;
}

Json merged(Json to, const Json& more) {
  to.update(more);
  return to;
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
    Json json = info.from_file ? Json{{"type", "string"}} : any_of(object(parameters), {{"type", "null"}});
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
  Json named = Json::object(), kinds = Json::array({any_of({{"enum", registry.names()}}, ref("variable"))});
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
    named[row->name()] = object(tunables);
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
  mix["mix"] = list_of(object(part));
  Json workload = Json::array({one_of(plain), object(properties_of(trace_keys())), object(mix),
                               merged(object(generators()), {{"maxProperties", 1}, {"minProperties", 1}})});
  // Of a machine there is more than names: docs/machines.md.
  Json machine = {{"anyOf", Json::array({{{"type", "string"}, {"examples", presets}}, {{"type", "object"}}})}};

  Json root = properties_of(experiment_keys());
  auto refine = [&](const char* key, Json json) {
    json["description"] = root.at(key).at("description");
    root[key] = std::move(json);
  };
  refine("machine", machine);
  refine("machines", any_of(list_of(machine), ref("variable")));
  refine("workload", {{"anyOf", workload}});
  refine("policies", any_of(list_of(policy(registry)), ref("variable")));
  refine("seeds", any_of(whole(1, 100000), list_of({{"type", "integer"}, {"minimum", 0}})));
  refine("metrics", list_of({{"type", "string"}}));
  refine("output", any_of({{"type", "string"}}, object(properties_of(output_keys()))));
  refine("tasks", list_of(object(merged(task, properties_of(rule_keys())))));
  root["sweep"] = {{"type", "object"}, {"description", "variables and their values, for simsched sweep"}};

  Json json = {{"$schema", "http://json-schema.org/draft-07/schema#"},
               {"title", "an experiment of simsched"},
               {"description", "written by 'simsched reference schema'"}};
  json.update(object(root));
  json["required"] = Json::array({"workload", "policies"});
  json["definitions"] = {
      {"variable", {{"type", "string"}, {"pattern", "\\$"}, {"description", "a variable of a sweep"}}},
      {"duration",
       {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 0}},
                               {{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)?(ns|us|ms|s)?$|\\$"}}})},
        {"description", "with a unit, as 1.4ms, or whole nanoseconds"}}},
      {"group", object(properties_of(group_keys()))}};
  return json.dump(1) + "\n";
}

}  // namespace simsched
