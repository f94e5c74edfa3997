// {bpf: FILE, include: [FOLDER, ...], maps: {MAP: ENTRIES}, costs: {OP: TIME}, loader_cpu: CPU, VARIABLE: VALUE, ...}
#include "bpf/vm_memory.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"

namespace simsched {
namespace {

class BpfFile final : public ExtPolicy {
 public:
  explicit BpfFile(std::shared_ptr<ObjectCache> cache)
      : ExtPolicy("bpf", "any sched_ext scheduler"), cache_(std::move(cache)) {}

  bool is_file() const override { return true; }
  bool opens(const std::string& path) const override { return path.ends_with(".bpf.c") || path.ends_with(".bpf.o"); }

  std::vector<TunableReader::Info> tunables(const PolicyContext& context) const override {
    HostedPolicy policy;
    Settings settings;
    return reader(context, &policy, &settings).infos();
  }

  HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const override {
    HostedPolicy policy;
    policy.options = default_ext_options();
    Settings settings;
    reader(context, &policy, &settings).read(tunables, name());
    policy.options.loader_cpu = CpuId(static_cast<int32_t>(settings.loader_cpu));
    policy.object = cache_->load(policy.source, policy.include);
    policy.notes = cache_->notes();
    policy.memory_limit = static_cast<uint64_t>(settings.memory_mib) << 20;
    size_maps(settings.map_sizes, context.machine, &policy);
    policy.variables = bpf::resolve_variables(*policy.object, settings.variables, context.machine.nr_cpus());
    return policy;
  }

 private:
  struct Settings {
    int64_t loader_cpu = 0;
    int64_t memory_mib = static_cast<int64_t>(bpf::Memory::kDefaultLimit >> 20);
    Tunables map_sizes, variables;
  };

  TunableReader reader(const PolicyContext& context, HostedPolicy* policy, Settings* settings) const {
    TunableReader reader, maps;
    reader.bind_path(name(), &policy->source, {}, "its .bpf.c or .bpf.o");
    reader.bind_paths("include", &policy->include, "folders to find headers in, before simsched's own");
    maps.bind_rest(&settings->map_sizes);
    reader.bind_map("maps", std::move(maps), "{MAP: ENTRIES}", "sizes of maps that its loader would size; or 'filled'");
    reader.bind("loader_cpu", &settings->loader_cpu, 0, static_cast<int64_t>(context.machine.nr_cpus()) - 1,
                "the CPU on which it is loaded, where ops.init() runs");
    reader.bind("memory_mib", &settings->memory_mib, 1, 1 << 16, "what its globals, maps and objects may take, in MiB");
    bind_costs(reader, &policy->options);
    reader.bind_rest(&settings->variables);
    return reader;
  }

  const std::shared_ptr<ObjectCache> cache_;
};

}  // namespace

std::unique_ptr<Policy> bpf_file_policy(std::shared_ptr<ObjectCache> cache) {
  return std::make_unique<BpfFile>(std::move(cache));
}

}  // namespace simsched
