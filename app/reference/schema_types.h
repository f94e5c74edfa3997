// JSON Schema (draft 7) of the tables of keys that configuration files have.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/yaml/config_key.h"

namespace simsched::schema {

using Json = nlohmann::ordered_json;

Json ref(const std::string& name);  // of what stands under `definitions`
Json any_of(Json first, Json second);
Json text();  // text, or a number that is taken for one
Json or_variable(Json json);  // of a sweep, which may stand for anything
Json list_of(Json items);
Json one_of(const std::vector<std::string>& words);
Json whole(int64_t low, int64_t high);
Json object(Json properties);  // that has no others
Json properties_of(ConfigKeys keys);
Json merged(Json to, const Json& more);

// A whole schema: `root` with its title, and the definitions that all may refer to, with `more`.
std::string document(const std::string& title, Json root, const Json& more = Json::object());

}  // namespace simsched::schema
