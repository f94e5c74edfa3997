#include "report/results_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace simsched {
namespace {

using Json = nlohmann::ordered_json;

Json named_to_json(const NamedNanos& named) {
  Json json = Json::object();
  for (const auto& [name, value] : named) json[name] = value;
  return json;
}

Json result_to_json(const RunResult& result) {
  Json json;
  json["machine"] = result.machine;
  json["policy"] = result.policy;
  json["workload"] = result.workload;
  json["seed"] = result.seed;
  json["status"] = result.status;
  json["exit_code"] = result.exit_code;
  for (const auto& [name, value] : result.metrics) json[name] = value;
  json["task_time"] = named_to_json(result.task_time);
  json["cpu_time"] = named_to_json(result.cpu_time);
  json["cpu_busy_ns"] = result.cpu_busy_ns;
  return json;
}

// One member after another, so that a missing or mistyped one is named.
class ResultReader {
 public:
  ResultReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail("is not an object");
  }

  RunResult read() const {
    RunResult result;
    result.machine = member("machine", &Json::is_string, "text").get<std::string>();
    result.policy = member("policy", &Json::is_string, "text").get<std::string>();
    result.workload = member("workload", &Json::is_string, "text").get<std::string>();
    result.seed = member("seed", &Json::is_number_unsigned, "a whole number").get<uint64_t>();
    result.status = member("status", &Json::is_string, "text").get<std::string>();
    result.exit_code = member("exit_code", &Json::is_number_integer, "a whole number").get<int>();
    result.task_time = named("task_time");
    result.cpu_time = named("cpu_time");
    for (const Json& busy : member("cpu_busy_ns", &Json::is_array, "a list")) {
      if (!busy.is_number_integer()) fail("has something other than whole numbers in 'cpu_busy_ns'");
      result.cpu_busy_ns.push_back(busy.get<int64_t>());
    }
    // Every other whole number is a metric.
    for (const auto& [name, value] : json_.items()) {
      if (name != "seed" && name != "exit_code" && value.is_number_integer()) {
        result.metrics.emplace_back(name, value.get<int64_t>());
      }
    }
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(where_, "a result " + what, "write the file again with simsched run");
  }
  const Json& member(const char* name, bool (Json::*is_type)() const noexcept, const char* type) const {
    auto found = json_.find(name);
    if (found == json_.end()) fail("lacks '" + std::string(name) + "'");
    if (!((*found).*is_type)()) fail("has a '" + std::string(name) + "' that is not " + type);
    return *found;
  }
  NamedNanos named(const char* name) const {
    NamedNanos list;
    for (const auto& [key, value] : member(name, &Json::is_object, "an object").items()) {
      if (!value.is_number_integer()) fail("has something other than whole numbers in '" + std::string(name) + "'");
      list.emplace_back(key, value.get<int64_t>());
    }
    return list;
  }

  const Json& json_;
  std::string where_;
};

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
  }
  std::string schema = json.is_object() && json.contains("schema") && json["schema"].is_string()
                           ? json["schema"].get<std::string>()
                           : "";
  if (schema.empty()) throw Error(name, "has no 'schema'", "give a results.json written by simsched run");
  if (schema != kResultsSchema) {
    throw Error(name, "has schema '" + schema + "', not '" + kResultsSchema + "'",
                "read it with the version of simsched that wrote it, or run the experiment again");
  }
  if (!json.contains("results") || !json["results"].is_array()) {
    throw Error(name, "has no list 'results'", "write the file again with simsched run");
  }
  std::vector<RunResult> results;
  for (const Json& result : json["results"]) {
    results.push_back(ResultReader(result, name + ": result " + std::to_string(results.size() + 1)).read());
  }
  return results;
}

}  // namespace simsched
