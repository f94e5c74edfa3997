// {scx: NAME, source: FOLDER, ...}: a scheduler of the public scx repository, of which FOLDER is a copy, set up as its
// own loader does on such a machine. The settings are configs/scx/NAME.yaml, those of {bpf: ...}, with paths from
// FOLDER; what the config has beside these two replaces or adds to them. NAME may be a file with such settings, too.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/embedded.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/yaml/yaml_tunables.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"

namespace simsched {

std::span<const EmbeddedFile> embedded_scx_presets();

namespace {

constexpr int kDeepest = 8;

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_scx_presets()) names.emplace_back(file.name);
  return names;
}

Tunables read_preset(const std::string& name, const std::string& where) {
  std::string file = name, text;
  const auto presets = embedded_scx_presets();
  const auto found = std::ranges::find(presets, name, &EmbeddedFile::name);
  if (found != presets.end()) {
    file = "configs/scx/" + name + ".yaml";
    text = found->content;
  } else if (std::filesystem::is_regular_file(name)) {
    text = read_file(name).text();
  } else {
    throw Error(where, "no settings for '" + name + "'",
                suggest(std::filesystem::path(name).filename().string(), preset_names()) + ", or a file");
  }
  return read_yaml(text, file, "write settings as 'NAME: VALUE'", [&](const YAML::Node& root) {
    if (!root.IsMap()) throw Error(file, "the settings are not a mapping", "write 'NAME: VALUE'");
    return yaml_tunables(root, file, kDeepest);
  });
}

TunableValue below(const std::string& folder, const TunableValue& paths) {
  if (paths.text()) return TunableValue((std::filesystem::path(folder) / *paths.text()).string());
  if (!paths.list()) return paths;  // its reader says what is wrong
  TunableValue::List items;
  for (const TunableValue& item : *paths.list()) items.push_back(below(folder, item));
  return TunableValue(std::move(items));
}

// What `over` has, above what `settings` have; so with members of ops, maps and costs.
void set_over(const Tunable& over, Tunables* settings) {
  const auto found = std::ranges::find(*settings, over.key, &Tunable::key);
  if (found == settings->end()) return settings->push_back(over);
  static const std::set<std::string> kMerged = {"ops", "maps", "costs"};
  if (!kMerged.contains(over.key) || !found->value.map() || !over.value.map()) {
    *found = over;
    return;
  }
  Tunables members = *found->value.map();
  for (const Tunable& member : *over.value.map()) {
    std::erase_if(members, [&](const Tunable& old) { return old.key == member.key; });
    members.push_back(member);
  }
  found->value = TunableValue(std::move(members));
}

class ScxPreset final : public ExtPolicy {
 public:
  explicit ScxPreset(std::shared_ptr<ObjectCache> cache)
      : ExtPolicy("scx", "a scheduler of the scx repository, set up as its loader does"),
        file_(bpf_file_policy(std::move(cache))) {}

  bool is_file() const override { return true; }

  std::vector<TunableReader::Info> tunables(const PolicyContext& context) const override {
    Own own;
    std::vector<TunableReader::Info> infos = reader(&own).infos();
    for (TunableReader::Info& info : file_->tunables(context))
      if (info.key != file_->name()) infos.push_back(std::move(info));
    return infos;
  }

  HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const override {
    Own own;
    reader(&own).read(tunables, name());
    if (own.source.empty())
      throw Error(context.where, "it is not said where the scheduler's source is",
                  "clone the scx repository and write 'source: FOLDER'");
    Tunables settings = read_preset(own.preset, context.where);
    for (Tunable& setting : settings) {
      if (setting.key == file_->name() || setting.key == "include") setting.value = below(own.source, setting.value);
    }
    for (const Tunable& over : own.rest) set_over(over, &settings);
    return file_->host(context, settings);
  }

 private:
  struct Own {
    std::string preset, source;
    Tunables rest;
  };
  TunableReader reader(Own* own) const {
    TunableReader reader;
    reader.bind_path(name(), &own->preset, preset_names(), "which, or a file with such settings");
    reader.bind_path("source", &own->source, {}, "a copy of the scx repository");
    reader.bind_rest(&own->rest);
    return reader;
  }

  const std::unique_ptr<ExtPolicy> file_;
};

}  // namespace

std::unique_ptr<Policy> scx_preset_policy(std::shared_ptr<ObjectCache> cache) {
  return std::make_unique<ScxPreset>(std::move(cache));
}

}  // namespace simsched
