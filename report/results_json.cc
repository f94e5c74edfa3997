#include "report/results_json.h"

#include <algorithm>
#include <concepts>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace simsched {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFirstSchema = "simsched-results/1";

template <class Value>
Json to_json(const Value& value) {
  return value;
}
Json to_json(const NamedValues& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = value;
  return json;
}
Json to_json(const NamedGroups& groups) {
  Json json = Json::object();
  for (const auto& [name, values] : groups) json[name] = to_json(values);
  return json;
}

Json result_to_json(const RunResult& result) {
  Json json;
  for_each_column(result, [&](const char* name, const auto& value, bool = true) { json[name] = to_json(value); });
  return json;
}

// One column after another, so that a missing or mistyped one is named.
class ResultReader {
 public:
  ResultReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail("is not an object");
  }

  RunResult read() const {
    RunResult result;
    for_each_column(result, [&](const char* name, auto& value, bool required = true) {
      auto found = json_.find(name);
      if (found == json_.end() && !required) return;
      if (found == json_.end()) fail("lacks '" + std::string(name) + "'");
      get(*found, name, value);
    });
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(where_, "a result " + what, "write the file again with simsched run");
  }
  void require(bool is_type, const std::string& name, const char* type) const {
    if (!is_type) fail("has a '" + name + "' that is not " + type);
  }

  void get(const Json& json, const std::string& name, std::string& value) const {
    require(json.is_string(), name, "text");
    value = json.get<std::string>();
  }
  template <std::integral Value>
  void get(const Json& json, const std::string& name, Value& value) const {
    const bool fits = json.is_number_unsigned() ? std::in_range<Value>(json.get<uint64_t>())
                                                : json.is_number_integer() && std::in_range<Value>(json.get<int64_t>());
    require(fits, name, "a whole number in its range");
    value = json.get<Value>();
  }
  template <class Value>
  void get(const Json& json, const std::string& name, std::vector<std::pair<std::string, Value>>& values) const {
    require(json.is_object(), name, "an object");
    for (const auto& [key, member] : json.items())
      get(member, name + "." + key, values.emplace_back(key, Value()).second);
  }
  void get(const Json& json, const std::string& name, std::vector<int64_t>& values) const {
    require(json.is_array(), name, "a list");
    for (const Json& member : json) get(member, name, values.emplace_back());
  }

  const Json& json_;
  std::string where_;
};

// A result of schema 1 as one of schema 2. Which whole numbers are counters cannot be told: all become metrics, under
// the names that they have for a table either way.
Json upgraded(const Json& old) {
  if (!old.is_object()) return old;
  Json json = Json::object(), metrics = Json::object();
  for (const auto& [name, value] : old.items()) {
    const bool metric = value.is_number_integer() && name != "seed" && name != "exit_code";
    (metric ? metrics : json)[name] = value;
  }
  json["metrics"] = std::move(metrics);
  json["counters"] = Json::object();
  return json;
}

}  // namespace

std::string results_to_json(std::span<const RunResult> results, const std::string& version) {
  Json json;
  json["schema"] = kResultsSchema;
  json["simsched"] = version;
  json["results"] = Json::array();
  for (const RunResult& result : results) json["results"].push_back(result_to_json(result));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<RunResult> results_from_json(std::string_view text, const std::string& name) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    size_t end = std::min(text.size(), error.byte);
    long line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    throw Error(name + ":" + std::to_string(line), "is not JSON", "give a results.json written by simsched run");
  } catch (const Json::exception&) {  // a number beyond all that there are
    throw Error(name, "has a number that is none of results", "give a results.json written by simsched run");
  }
  std::string schema = json.is_object() && json.contains("schema") && json["schema"].is_string()
                           ? json["schema"].get<std::string>()
                           : "";
  if (schema.empty()) throw Error(name, "has no 'schema'", "give a results.json written by simsched run");
  if (schema != kResultsSchema && schema != kFirstSchema) {
    throw Error(name, "has schema '" + schema + "', neither '" + kResultsSchema + "' nor '" + kFirstSchema + "'",
                "read it with the version of simsched that wrote it, or run the experiment again");
  }
  if (!json.contains("results") || !json["results"].is_array()) {
    throw Error(name, "has no list 'results'", "write the file again with simsched run");
  }
  std::vector<RunResult> results;
  for (const Json& result : json["results"]) {
    const std::string where = name + ": result " + std::to_string(results.size() + 1);
    results.push_back(ResultReader(schema == kFirstSchema ? upgraded(result) : result, where).read());
  }
  return results;
}

std::string result_to_line(const RunResult& result) {
  return result_to_json(result).dump(-1, ' ', false, Json::error_handler_t::replace);
}

RunResult result_from_line(std::string_view line, const std::string& where) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) throw Error(where, "is not JSON", "delete the line, and run the sweep again");
  return ResultReader(json, where).read();
}

}  // namespace simsched
