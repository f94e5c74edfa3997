#include "app/reference/schema_types.h"

#include "experiment/config_keys.h"

namespace simsched::schema {

using Kind = ConfigKey::Kind;

Json ref(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }
Json any_of(Json first, Json second) { return {{"anyOf", Json::array({std::move(first), std::move(second)})}}; }
Json text() { return {{"type", Json::array({"string", "number"})}}; }
Json or_variable(Json json) { return any_of(std::move(json), ref("variable")); }
Json list_of(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

Json one_of(const std::vector<std::string>& words) { return or_variable({{"enum", words}}); }
Json whole(int64_t low, int64_t high) {
  return or_variable({{"type", "integer"}, {"minimum", low}, {"maximum", high}});
}

Json object(Json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

namespace {

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
      return or_variable({{"type", "boolean"}});
    case Kind::kDuration:
      return ref("duration");
    case Kind::kChoice:
      return one_of(words);
    case Kind::kAmount:
      return {{"type", "string"}};
    case Kind::kOneOrList: {
      const Json one = words.empty() ? text() : one_of(words);
      return any_of(one, list_of(key.members == nullptr ? one : members_of(key)));
    }
    case Kind::kList:
      return or_variable(list_of(words.empty() ? or_variable(members_of(key)) : one_of(words)));
    case Kind::kMap:
      return or_variable(members_of(key));
    case Kind::kMapOrText:
      return any_of(text(), members_of(key));
    case Kind::kNamed:
      return or_variable({{"type", "object"}, {"additionalProperties", or_variable(members_of(key))}});
    case Kind::kAny:
      break;
  }
  return Json::object();
}

}  // namespace

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

std::string document(const std::string& title, Json root, const Json& more) {
  Json json = {{"$schema", "http://json-schema.org/draft-07/schema#"},
               {"title", title},
               {"description", "written by 'simsched reference'"}};
  json.update(root);
  json["definitions"] = {
      {"variable", {{"type", "string"}, {"pattern", "\\$"}, {"description", "a variable of a sweep"}}},
      {"duration",
       {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 0}},
                               {{"type", "string"}, {"pattern", "^[0-9]+$|^[0-9]+([.][0-9]+)?(ns|us|ms|s)$|\\$"}}})},
        {"description", "with a unit, as 1.4ms, or whole nanoseconds"}}}};
  json["definitions"].update(more);
  return json.dump(1) + "\n";
}

}  // namespace simsched::schema
