// {exported: FOLDER, costs: {OP: TIME}}: what 'simsched export' wrote, as it wrote it, at the costs that its manifest
// has.
#include <filesystem>

#include "base/error.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "scx_port/manifest/manifest.h"

namespace simsched {
namespace {

class Exported final : public ExtPolicy {
 public:
  explicit Exported(std::shared_ptr<ObjectCache> cache)
      : ExtPolicy("exported", "what 'simsched export' wrote"), cache_(std::move(cache)) {}

  bool is_file() const override { return true; }
  bool opens(const std::string& path) const override {
    std::error_code ignored;
    return std::filesystem::exists(path + "/" + kManifestFile, ignored);
  }

  std::vector<TunableReader::Info> tunables(const PolicyContext&) const override {
    std::string path;
    ext::ExtOptions options;
    return reader(&path, &options).infos();
  }

  HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const override {
    HostedPolicy policy;
    policy.options = default_ext_options();
    std::string path;
    Tunables others;
    TunableReader reader = this->reader(&path, &policy.options);
    reader.bind_rest(&others);
    reader.read(tunables, name());
    for (const Tunable& other : others)
      throw Error(other.where, "an exported scheduler has no option '" + other.key + "'",
                  "export it again with other options");

    for (const Tunable& given : tunables)
      if (given.key == name() && !opens(path))
        throw Error(given.where, "'" + path + "' is no folder that 'simsched export' wrote: it has no " + kManifestFile,
                    "name one that is");
    const ExportedFolder folder = read_exported_folder(path);
    const Manifest& manifest = folder.manifest;
    policy.source = path + "/" + kObjectFile;
    policy.object = cache_->load({policy.source}, {});
    policy.notes = cache_->notes();
    for (const Manifest::Variable& variable : manifest.variables)
      policy.variables.push_back({variable.name, variable.text, variable.bytes});
    policy.user_options = folder.user_options();
    use_user_half(user_half_maker(manifest.user_half, policy.user_options), manifest.user_half, &policy);
    for (const auto& [op, cost] : manifest.costs) {
      for (int i = 0; i < ext::kNrOps; ++i)
        if (op == ext::op_name(static_cast<ext::Op>(i))) policy.options.costs.of[static_cast<size_t>(i)] = cost;
    }
    reader.read(tunables, name());  // what the config says of costs stands above the manifest
    Tunables sizes;
    for (const auto& [map, entries] : manifest.map_entries)
      sizes.push_back({map, std::to_string(entries), path + "/" + kManifestFile});
    for (const std::string& map : manifest.loader.filled) sizes.push_back({map, "filled", path + "/" + kManifestFile});
    size_maps(sizes, context.machine, &policy);
    bpf::check_settings(*policy.object, manifest.loader);
    policy.loader = manifest.loader;
    change_ops(manifest.ops, &policy);
    return policy;
  }

 private:
  TunableReader reader(std::string* path, ext::ExtOptions* options) const {
    TunableReader reader;
    reader.bind_path(name(), path, {}, "the folder");
    bind_costs(reader, options);
    return reader;
  }

  const std::shared_ptr<ObjectCache> cache_;
};

}  // namespace

std::unique_ptr<Policy> exported_policy(std::shared_ptr<ObjectCache> cache) {
  return std::make_unique<Exported>(std::move(cache));
}

}  // namespace simsched
