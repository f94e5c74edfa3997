#include "scx_port/host/hosted.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "bpf/compile.h"
#include "policies/ext/stack.h"
#include "scx_port/host/bpf_ops.h"
#include "scx_port/host/shipped.h"

namespace simsched {
namespace {

// What each callback costs where nothing else is said: docs/sched_ext.md.
constexpr Nanos kDefaultCost{100};

constexpr uint32_t kArrayMap = 2;  // BPF_MAP_TYPE_ARRAY

bpf::CompileOptions with_options(const HostedPolicy& policy) {
  bpf::CompileOptions options;
  options.include = policy.include;
  options.cflags = policy.cflags;
  options.clang = policy.clang;
  options.check_bounds = false;  // the kernel's verifier has its own way
  return options;
}

}  // namespace

ClassStack ExtPolicy::make(const PolicyContext& context, const Tunables& tunables) const {
  HostedPolicy policy = host(context, tunables);
  FairClass* fair = nullptr;
  ClassStack stack = default_classes(context.kernel, context.machine, &fair);
  const ext::ExtOptions options = policy.options;
  auto make_ops = [policy = std::move(policy), where = context.where]() -> std::unique_ptr<ext::Ops> {
    bpf::BpfOpsOptions ops;
    ops.variables = policy.variables;
    ops.where = where;
    ops.loader = policy.loader;
    if (policy.make_user_half) ops.user_half = policy.make_user_half();
    ops.memory_limit = policy.memory_limit;
    if (policy.notes) ops.note = [notes = policy.notes](const std::string& line) { notes->add(line); };
    return std::make_unique<bpf::BpfOps>(policy.object, std::move(ops));
  };
  ext::add_class(std::make_unique<ext::ExtClass>(std::move(make_ops), *fair, options), context.kernel, &stack);
  return stack;
}

ext::ExtOptions default_ext_options() {
  ext::ExtOptions options;
  options.restart_delay = 50_ms;  // a loader opens, loads and attaches the scheduler again
  for (Nanos& cost : options.costs.of) cost = kDefaultCost;
  options.costs.assumed = kDefaultCost;
  return options;
}

void bind_costs(TunableReader& reader, ext::ExtOptions* options) {
  TunableReader costs;
  for (int i = 0; i < ext::kNrOps; ++i)
    costs.bind(ext::op_name(static_cast<ext::Op>(i)), &options->costs.of[static_cast<size_t>(i)], 0_ns, 1_s, "");
  reader.bind_map("costs", std::move(costs), "{OP: " + std::to_string(kDefaultCost.count()) + "ns}",
                  "what a callback takes on its CPU: select_cpu, enqueue, ...");
}

void use_user_half(UserHalfMaker make, const std::string& folder, HostedPolicy* policy) {
  if (!make) return;
  policy->user_half = folder;
  policy->make_user_half = std::move(make);
  const std::unique_ptr<UserHalf> half = policy->make_user_half();
  if (const mlp::ModelFile* model = half->model()) policy->model = *model;
  policy->experts.assign(half->experts().begin(), half->experts().end());
}

void size_maps(const Tunables& sizes, const Machine& machine, HostedPolicy* policy) {
  auto sized = std::make_shared<bpf::BpfObject>(*policy->object);
  for (bpf::BpfMap& map : sized->maps) {
    if (map.type == kArrayMap && map.max_entries == 0) map.max_entries = static_cast<uint32_t>(machine.nr_cpus());
  }
  for (const Tunable& size : sizes) {
    auto found =
        std::find_if(sized->maps.begin(), sized->maps.end(), [&](const auto& map) { return map.name == size.key; });
    if (found == sized->maps.end()) {
      std::vector<std::string> names;
      for (const bpf::BpfMap& map : sized->maps) names.push_back(map.name);
      throw Error(size.where, "the scheduler has no map '" + size.key + "'", suggest(size.key, names));
    }
    if (size.value.map() || size.value.list()) {
      const auto entries = bpf::resolve_map_entries(*sized, size);
      policy->loader.entries.insert(policy->loader.entries.end(), entries.begin(), entries.end());
      continue;
    }
    if (size.value == "filled") {
      found->filled = true;
      policy->loader.filled.push_back(found->name);
      continue;
    }
    int64_t entries = 0;
    TunableReader reader;
    reader.bind(size.key, &entries, 1, 1 << 24, "");
    reader.read({size}, policy->source);
    found->max_entries = static_cast<uint32_t>(entries);
    policy->map_entries.emplace_back(found->name, found->max_entries);
  }
  policy->object = sized;
}

void change_ops(const std::string& which, HostedPolicy* policy) {
  auto changed = std::make_shared<bpf::BpfObject>(*policy->object);
  bpf::set_ops(changed.get(), which, policy->loader.ops);
  policy->object = changed;
}

std::vector<std::byte> kernel_object(const HostedPolicy& policy) {
  for (const bpf::ShippedPolicy& shipped : bpf::shipped_policies()) {
    if (policy.shipped != shipped.name) continue;
    const auto bytes = std::as_bytes(std::span(shipped.object, shipped.size));
    return {bytes.begin(), bytes.end()};
  }
  if (policy.sources.size() > 1) return bpf::compile_bpf(policy.sources, with_options(policy));
  if (!policy.source.ends_with(".c")) {
    const Bytes bytes = read_file(policy.source);
    return {bytes.span().begin(), bytes.span().end()};
  }
  return bpf::compile_bpf(policy.source, with_options(policy));
}

}  // namespace simsched
