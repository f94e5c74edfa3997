#include "scx_port/manifest/manifest.h"

#include <nettle/sha2.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "ml/model/model_file.h"
#include "scx_port/manifest/json_reader.h"
#include "scx_port/manifest/loader_json.h"

namespace simsched {
namespace {

// A name of a file in the folder, not a way out of it.
bool is_plain_file(const std::string& file) {
  return !file.empty() && file.find('/') == file.npos && file != "." && file != "..";
}

}  // namespace

std::string manifest_to_json(const Manifest& manifest) {
  Json json;
  const Json loader = loader_to_json(manifest.loader);
  json["schema"] = loader.empty() ? kManifestSchema : kManifestSchemaWithLoader;
  json["policy"] = manifest.policy;
  json["object"] = {
      {"file", kObjectFile}, {"sha256", manifest.object_sha256}, {"ops", manifest.ops}, {"license", manifest.license}};
  json["variables"] = Json::array();
  for (const Manifest::Variable& variable : manifest.variables) {
    json["variables"].push_back({{"name", variable.name}, {"value", variable.text}, {"bytes", to_hex(variable.bytes)}});
  }
  json["maps"] = Json::array();
  for (const auto& [name, entries] : manifest.map_entries)
    json["maps"].push_back({{"name", name}, {"entries", entries}});
  if (!loader.empty()) json["loader"] = loader;
  Json options = Json::array();
  for (const Tunable& option : manifest.user_options)
    options.push_back({{"name", option.key}, {"value", option.value.str()}});
  json["user_half"] = {{"name", manifest.user_half}, {"options", options}};
  const auto model_json = [](const Manifest::Model& model) {
    return Json{{"file", model.file}, {"version", model.version}, {"crc", model.crc}};
  };
  if (manifest.model) json["model"] = model_json(*manifest.model);
  for (const Manifest::Model& expert : manifest.experts) json["experts"].push_back(model_json(expert));
  json["costs_ns"] = Json::array();
  for (const auto& [op, cost] : manifest.costs) json["costs_ns"].push_back({{"op", op}, {"ns", cost.count()}});
  json["costs_from"] = manifest.costs_from;
  const Manifest::Shape& machine = manifest.machine;
  json["machine"] = {{"name", machine.name},
                     {"cpus", machine.cpus},
                     {"cores", machine.cores},
                     {"llcs", machine.llcs},
                     {"nodes", machine.nodes}};
  if (!manifest.results.empty()) json["results"] = Json::parse(manifest.results);
  json["simsched"] = {{"version", manifest.version}, {"revision", manifest.revision}};
  return json.dump(2) + "\n";
}

Manifest manifest_from_json(std::string_view text, const std::string& name) {
  const JsonReader reader(name);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) reader.fail("is not a manifest");
  if (const std::string schema = reader.text(json, "schema");
      schema != kManifestSchema && schema != kManifestSchemaWithLoader)
    reader.fail("is of schema '" + schema + "', not '" + kManifestSchemaWithLoader + "'");
  Manifest manifest;
  manifest.policy = reader.text(json, "policy");
  if (manifest.policy.empty() || !is_plain_file(manifest.policy)) reader.fail("'policy' is not a name");
  const Json& object = reader.get(json, "object");
  manifest.object_sha256 = reader.text(object, "sha256");
  manifest.ops = reader.text(object, "ops");
  manifest.license = reader.text(object, "license");
  for (const Json& item : reader.list(json, "variables")) {
    manifest.variables.push_back({reader.text(item, "name"), reader.text(item, "value"), reader.bytes(item, "bytes")});
  }
  for (const Json& item : reader.list(json, "maps")) {
    manifest.map_entries.emplace_back(reader.text(item, "name"),
                                      static_cast<uint32_t>(reader.number(item, "entries", UINT32_MAX)));
  }
  if (json.contains("loader")) manifest.loader = loader_from_json(json["loader"], reader);
  const Json& half = reader.get(json, "user_half");
  manifest.user_half = reader.text(half, "name");
  for (const Json& item : reader.list(half, "options"))
    manifest.user_options.push_back({reader.text(item, "name"), reader.text(item, "value"), name});
  const auto read_model = [&](const Json& item, const char* key) {
    Manifest::Model model{reader.text(item, "file"), static_cast<uint32_t>(reader.number(item, "version", UINT32_MAX)),
                          static_cast<uint32_t>(reader.number(item, "crc", UINT32_MAX))};
    if (!is_plain_file(model.file)) reader.fail(std::string("'") + key + "' names a file outside of the folder");
    return model;
  };
  if (json.contains("model")) manifest.model = read_model(json["model"], "model");
  if (json.contains("experts"))
    for (const Json& item : reader.list(json, "experts")) manifest.experts.push_back(read_model(item, "experts"));
  for (const Json& item : reader.list(json, "costs_ns")) {
    manifest.costs.emplace_back(reader.text(item, "op"),
                                Nanos(static_cast<int64_t>(reader.number(item, "ns", 1'000'000'000))));
  }
  manifest.costs_from = reader.text(json, "costs_from");
  const Json& machine = reader.get(json, "machine");
  manifest.machine = {reader.text(machine, "name"), reader.number(machine, "cpus", 1 << 20),
                      reader.number(machine, "cores", 1 << 20), reader.number(machine, "llcs", 1 << 20),
                      reader.number(machine, "nodes", 1 << 20)};
  if (json.contains("results")) manifest.results = json["results"].dump();
  const Json& simsched = reader.get(json, "simsched");
  manifest.version = reader.text(simsched, "version");
  manifest.revision = reader.text(simsched, "revision");
  return manifest;
}

std::string expert_file(size_t slot) { return "expert-" + std::to_string(slot) + ".bin"; }

bool is_gpl_compatible(std::string_view license) {
  constexpr std::string_view kGood[] = {"GPL",          "GPL v2",       "GPL and additional rights",
                                        "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  return std::ranges::find(kGood, license) != std::end(kGood);
}

std::string sha256(std::span<const std::byte> bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data()));
  std::array<std::byte, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&context, digest.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return to_hex(digest);
}

ExportedFolder read_exported_folder(const std::string& path) {
  struct stat info;
  const std::string file = path + "/" + kManifestFile;
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    throw Error(path, "is not a folder", "make one with 'simsched export POLICY -o " + path + "'");
  ExportedFolder folder{path, {}, {}};
  const Bytes text = read_file(file);
  folder.manifest = manifest_from_json(text.text(), file);
  const Bytes object = read_file(path + "/" + kObjectFile);
  folder.object.assign(object.span().begin(), object.span().end());
  if (sha256(folder.object) != folder.manifest.object_sha256) {
    throw Error(path + "/" + kObjectFile, "is not the object that the manifest names (its hash differs)",
                "export the policy again");
  }
  const auto check_model = [](const std::string& model_path, const Manifest::Model& named) {
    const mlp::ModelFile model = mlp::read_model(model_path);
    if (model.model.crc != named.crc || model.model.version != named.version)
      throw Error(model_path, "is not the model that the manifest names", "export the policy again");
  };
  if (folder.manifest.model) check_model(folder.model_path(), *folder.manifest.model);
  for (const Manifest::Model& expert : folder.manifest.experts) check_model(path + "/" + expert.file, expert);
  return folder;
}

std::string ExportedFolder::model_path() const { return manifest.model ? path + "/" + manifest.model->file : ""; }

std::vector<std::string> ExportedFolder::expert_paths() const {
  std::vector<std::string> paths;
  for (const Manifest::Model& expert : manifest.experts) paths.push_back(path + "/" + expert.file);
  return paths;
}

Tunables ExportedFolder::user_options() const {
  Tunables options = manifest.user_options;
  if (manifest.model) options.push_back({kModelOption, model_path(), path + "/" + kManifestFile});
  const std::vector<std::string> experts = expert_paths();
  if (!experts.empty())
    options.push_back(
        {kExpertsOption, TunableValue(TunableValue::List(experts.begin(), experts.end())), path + "/" + kManifestFile});
  return options;
}

}  // namespace simsched
