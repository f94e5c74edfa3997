// {bpf: FILE, include: [FOLDER, ...], maps: {MAP: ENTRIES}, costs: {OP: TIME}, loader_cpu: CPU, VARIABLE: VALUE, ...},
// and what else its loader would do: docs/sched_ext.md.
#include "base/error.h"
#include "bpf/vm_memory.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "scx_port/host/machine_values.h"

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
    std::vector<TunableReader::Info> infos = sources(&policy, &settings.rest).infos();
    for (TunableReader::Info& info : reader(context, &policy, &settings).infos()) infos.push_back(std::move(info));
    return infos;
  }

  HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const override {
    HostedPolicy policy;
    policy.options = default_ext_options();
    Settings settings;
    sources(&policy, &settings.rest).read(tunables, name());
    if (policy.sources.empty()) throw Error(context.where, "no source is given", "write 'bpf: FILE'");
    policy.source = policy.sources.front();
    policy.cflags = take_words("cflags", &settings.rest);
    policy.object = cache_->load(policy.sources, {policy.include, policy.cflags, policy.clang, {}, {}});
    policy.notes = cache_->notes();
    const Tunables given = bpf::resolve_machine_values(settings.rest, context.machine, policy.object->btf);
    settings.rest.clear();
    reader(context, &policy, &settings).read(given, name());
    policy.options.loader_cpu = CpuId(static_cast<int32_t>(settings.loader_cpu));
    policy.memory_limit = static_cast<uint64_t>(settings.memory_mib) << 20;
    size_maps(settings.map_sizes, context.machine, &policy);
    if (!settings.ops.empty()) {
      std::string which;
      for (const Tunable& member : settings.ops)
        if (member.key == "which") which = bpf::resolve_which(*policy.object, member);
      policy.loader.ops = bpf::resolve_ops(*policy.object, settings.ops);
      change_ops(which, &policy);
    }
    add_runs(take("run", &settings.rest), context, &policy);
    policy.loader.report = take_words("report", &settings.rest);
    for (const std::string& name : policy.loader.report) {
      if (policy.object->variable(name) == nullptr) throw bpf::unknown_variable(*policy.object, name, context.where);
    }
    policy.variables = bpf::resolve_variables(*policy.object, settings.rest, context.machine.nr_cpus());
    return policy;
  }

 private:
  struct Settings {
    int64_t loader_cpu = 0;
    int64_t memory_mib = static_cast<int64_t>(bpf::Memory::kDefaultLimit >> 20);
    Tunables map_sizes, ops, rest;  // rest: variables, and what has no reader
  };

  static void add_runs(const Tunables& runs, const PolicyContext& context, HostedPolicy* policy) {
    for (const Tunable& run : runs) {
      const TunableValue::List one = {run.value};
      for (const TunableValue& item : run.value.list() ? *run.value.list() : one) {
        if (!item.map()) throw Error(run.where, "'run' is no list of programs", "write 'run: [{program: NAME}]'");
        policy->loader.runs.push_back(
            bpf::resolve_run(*policy->object, *item.map(), run.where, context.machine.nr_cpus()));
      }
    }
  }

  // What has the name among those that no reader has taken.
  static Tunables take(const std::string& key, Tunables* rest) {
    Tunables taken;
    for (const Tunable& tunable : *rest)
      if (tunable.key == key) taken.push_back(tunable);
    std::erase_if(*rest, [&](const Tunable& tunable) { return tunable.key == key; });
    return taken;
  }
  static std::vector<std::string> take_words(const std::string& key, Tunables* rest) {
    std::vector<std::string> words;
    for (const Tunable& tunable : take(key, rest)) {
      const TunableValue::List one = {tunable.value};
      for (const TunableValue& item : tunable.value.list() ? *tunable.value.list() : one) {
        if (!item.text()) throw Error(tunable.where, key + " is no list of words", "write '" + key + ": [A, B]'");
        words.push_back(*item.text());
      }
    }
    return words;
  }

  // What is compiled, and how; all else can only be read once its types are known.
  TunableReader sources(HostedPolicy* policy, Tunables* rest) const {
    TunableReader reader;
    reader.bind_paths(name(), &policy->sources, "its .bpf.c or .bpf.o, or a list of them, which are linked");
    reader.bind_paths("include", &policy->include, "folders to find headers in, before simsched's own");
    reader.bind("clang", &policy->clang, "the compiler, as clang-19; default: the first that is found");
    reader.bind_rest(rest);
    return reader;
  }
  static TunableReader reader(const PolicyContext& context, HostedPolicy* policy, Settings* settings) {
    TunableReader reader, maps, ops;
    maps.bind_rest(&settings->map_sizes);
    ops.bind_rest(&settings->ops);
    reader.bind_map("ops", std::move(ops), "{MEMBER: VALUE}", "members of its struct sched_ext_ops; which: VARIABLE");
    reader.bind_map("maps", std::move(maps), "{MAP: ENTRIES}", "sizes of maps that its loader would size; or 'filled'");
    reader.bind("loader_cpu", &settings->loader_cpu, 0, static_cast<int64_t>(context.machine.nr_cpus()) - 1,
                "the CPU on which it is loaded, where ops.init() runs");
    reader.bind("memory_mib", &settings->memory_mib, 1, 1 << 16, "what its globals, maps and objects may take, in MiB");
    bind_costs(reader, &policy->options);
    reader.bind_rest(&settings->rest);
    return reader;
  }

  const std::shared_ptr<ObjectCache> cache_;
};

}  // namespace

std::unique_ptr<ExtPolicy> bpf_file_policy(std::shared_ptr<ObjectCache> cache) {
  return std::make_unique<BpfFile>(std::move(cache));
}

}  // namespace simsched
