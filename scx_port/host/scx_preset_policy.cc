// {scx: NAME, source: FOLDER, ...}: a scheduler of the public scx repository, whose sources are in FOLDER
// (scx_sources.h), set up as its own loader does on such a machine. The settings are configs/scx/NAME.yaml; what the
// config has beside these two, as {bpf: ...} has it, replaces or adds to them: `bpf` adds sources, with paths from
// FOLDER. NAME may be a file with such settings, too.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/embedded.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/yaml/yaml_tunables.h"
#include "bpf/process.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "scx_port/host/scx_sources.h"

namespace simsched {

namespace fs = std::filesystem;

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
    if (root.IsNull()) return Tunables();
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

void append(const TunableValue& more, TunableValue::List* list) {
  if (more.list())
    list->insert(list->end(), more.list()->begin(), more.list()->end());
  else
    list->push_back(more);
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
    for (const Tunable& over : own.rest) set_over(over, &settings);
    const ScxSources found = find_scx_sources(own.source, fs::path(own.preset).stem().string(), context.where);
    TunableValue::List files(found.files.begin(), found.files.end());
    for (const Tunable& setting : settings)
      if (setting.key == file_->name()) append(below(own.source, setting.value), &files);
    std::erase_if(settings, [&](const Tunable& setting) { return setting.key == file_->name(); });
    settings.push_back({file_->name(), TunableValue(std::move(files)), context.where});
    TunableValue::List include(found.include.begin(), found.include.end());
    for (Tunable& setting : settings)
      if (setting.key == "include") append(below(own.source, setting.value), &include);
    std::erase_if(settings, [](const Tunable& setting) { return setting.key == "include"; });
    if (!include.empty()) settings.push_back({"include", TunableValue(std::move(include)), context.where});
    const bool told = std::ranges::find(settings, "clang", &Tunable::key) != settings.end();
    // What is new in BPF is in new compilers.
    if (const auto clang = bpf::find_program({"clang-20", "clang-19", "clang-18", "clang-17", "clang-16"});
        clang && !told)
      settings.push_back({"clang", *clang, context.where});
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
