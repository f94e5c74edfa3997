// What Search writes: its checkpoint, and the archive for people.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "ml/search/search.h"

namespace simsched::search {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "simsched-search/1";

// Of a Worth, under their names.
template <class W, class Part>
void for_each_part(W& worth, Part&& part) {
  part("makespan", worth.makespan);
  part("tail", worth.tail);
  part("migrations", worth.migrations);
  part("wake", worth.wake);
  part("wait", worth.wait);
  part("energy", worth.energy);
  part("total", worth.total);
}

Json to_json(const Worth& worth) {
  Json json;
  for_each_part(worth, [&](const char* name, double value) { json[name] = value; });
  return json;
}

double number(const Json& json) {
  const auto value = json.get<double>();
  if (!std::isfinite(value)) throw std::range_error("a number that is none");
  return value;
}

Worth worth_from(const Json& json) {
  Worth worth;
  for_each_part(worth, [&](const char* name, double& value) { value = number(json.at(name)); });
  return worth;
}

}  // namespace

std::string Search::checkpoint() const {
  Json json = {{"schema", kSchema}, {"config", config_.digest}, {"generation", generation()}};
  Json& steps = json["steps"] = Json::array();
  for (const Step& step : steps_) {
    steps.push_back({{"best", step.best}, {"median", step.median}});
    if (step.validated) steps.back()["validation"] = to_json(step.mean);
  }
  Json& archive = json["archive"] = Json::array();
  for (const Archived& member : archive_.members())
    archive.push_back({{"generation", member.generation},
                       {"mean", member.mean},
                       {"worth", to_json(member.worth)},
                       {"point", member.point}});
  json["optimizer"] = optimizer_->save();
  return json.dump(0) + "\n";
}

void Search::load_checkpoint(const std::string& text, const std::string& where) {
  const std::string anew = "search anew, without --resume";
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kSchema) throw Error(where, "is the checkpoint of another version of simsched", anew);
    if (json.at("config") != config_.digest)
      throw Error(where, "is the checkpoint of another search than " + config_.file,
                  anew + ", or with the config of then");
    std::vector<Step> steps;
    for (const Json& step : json.at("steps")) {
      steps.push_back({number(step.at("best")), number(step.at("median"))});
      steps.back().validated = step.contains("validation");
      if (steps.back().validated) steps.back().mean = worth_from(step.at("validation"));
    }
    Archive archive;
    for (const Json& member : json.at("archive")) {
      Archived archived{member.at("generation").get<uint64_t>(), member.at("mean").get<bool>(),
                        member.at("point").get<Point>(), worth_from(member.at("worth"))};
      if (archived.point.size() != config_.start.size()) throw std::range_error("a point of another model");
      archive.add(std::move(archived));
    }
    const auto generation = json.at("generation").get<uint64_t>();
    if (generation != steps.size() || archive.members().empty() ||
        !optimizer_->load(generation, json.at("optimizer").get<std::vector<double>>()))
      throw std::range_error("parts that do not fit together");
    steps_ = std::move(steps);
    archive_ = std::move(archive);
  } catch (const Json::exception&) {
    throw Error(where, "is not a checkpoint of a search", anew);
  } catch (const std::range_error&) {
    throw Error(where, "is a damaged checkpoint", anew);
  }
}

std::string Search::archive_json() const {
  Json json = {{"schema", "simsched-archive/1"}, {"policy", config_.policy.label}, {"generations", generation()}};
  Json& members = json["members"] = Json::array();
  for (const Archived& member : archive_.members())
    members.push_back({{"generation", member.generation},
                       {"mean", member.mean},
                       {"accepted", &member == archive_.best()},
                       {"worth", to_json(member.worth)},
                       {"tunables", config_.values_of(member.point)},
                       {"parameters", member.point}});
  return json.dump(1) + "\n";
}

}  // namespace simsched::search
