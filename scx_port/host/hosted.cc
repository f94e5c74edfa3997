#include "scx_port/host/hosted.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "scx_port/manifest/manifest.h"
#include "bpf/compile.h"
#include "scx_port/host/shipped.h"

namespace simsched {
namespace {

using Object = std::shared_ptr<const bpf::BpfObject>;

// What each callback costs where nothing else is said: docs/sched_ext.md.
constexpr Nanos kDefaultCost{100};

const char kCosts[] = "costs.";

// Takes costs.OP out of the tunables.
ext::ExtOptions take_options(PolicyRequest& request, Tunables* rest) {
  ext::ExtOptions options;
  options.restart_delay = 50_ms;  // a loader opens, loads and attaches the scheduler again
  for (Nanos& cost : options.costs.of) cost = kDefaultCost;
  if (!request.tunables) return options;
  TunableReader reader;
  for (int i = 0; i < ext::kNrOps; ++i) {
    reader.bind(std::string(kCosts) + ext::op_name(static_cast<ext::Op>(i)), &options.costs.of[static_cast<size_t>(i)],
                0_ns, 1_s, "");
  }
  Tunables costs;
  for (const Tunable& tunable : *request.tunables) {
    (tunable.key.starts_with(kCosts) ? costs : *rest).push_back(tunable);
  }
  reader.read(costs, request.policy);
  return options;
}

TunableReader::Info costs_info() {
  return {"costs: {OP: TIME}", std::to_string(kDefaultCost.count()),
          "what a callback takes on its CPU: select_cpu, enqueue, ..."};
}

// Reads what `reader` knows, and the costs. False: only the names were asked for.
bool read(PolicyRequest& request, const TunableReader& reader, HostedPolicy* policy) {
  Tunables rest;
  policy->options = take_options(request, &rest);
  request.infos = reader.infos();
  request.infos.push_back(costs_info());
  if (!request.tunables) return false;
  reader.read(rest, request.policy);
  return true;
}

void use_shipped(const std::string& name, HostedPolicy* policy) {
  policy->shipped = name;
  policy->object = bpf::shipped_object(name);
}

bool read_simple(PolicyRequest& request, HostedPolicy* policy) {
  bool fifo = false;
  TunableReader reader;
  reader.bind("fifo", &fifo, "first in, first out instead of by vtime");
  if (!read(request, reader, policy)) return false;
  use_shipped("simple", policy);
  policy->variables = {{"fifo", fifo ? "true" : "false"}};
  return true;
}

bool read_packet(PolicyRequest& request, HostedPolicy* policy, std::string mode) {
  TunableReader reader;
  reader.bind("mode", &mode, {"talk", "published", "first"},
              "talk: packet tasks on even CPUs, others on odd ones; published: even CPUs only; first: the version that "
              "stalled");
  if (!read(request, reader, policy)) return false;
  use_shipped("packet", policy);
  policy->variables = {{"mode", mode == "talk" ? "0" : mode == "published" ? "1" : "2"}};
  return true;
}

bool read_talk_packet(PolicyRequest& request, HostedPolicy* policy) { return read_packet(request, policy, "talk"); }
bool read_even_packet(PolicyRequest& request, HostedPolicy* policy) {
  return read_packet(request, policy, "published");
}

// Of policy->user_options. Says what is wrong with them.
void use_user_half(const std::string& name, HostedPolicy* policy) {
  policy->user_half = name;
  policy->make_user_half = user_half_maker(name, policy->user_options);
  if (!policy->make_user_half) return;
  const std::unique_ptr<UserHalf> half = policy->make_user_half();
  if (const mlp::ModelFile* model = half->model()) policy->model = *model;
}

// A policy whose tunables are its user-space half's.
bool read_with_user_half(PolicyRequest& request, HostedPolicy* policy, const char* name) {
  policy->options = take_options(request, &policy->user_options);
  request.infos = user_half_options(name);
  request.infos.push_back(costs_info());
  if (!request.tunables) return false;
  for (Tunable& tunable : policy->user_options) {
    if (tunable.where.empty()) tunable.where = request.where;
  }
  use_user_half(name, policy);
  use_shipped(name, policy);
  return true;
}

bool read_rusty(PolicyRequest& request, HostedPolicy* policy) { return read_with_user_half(request, policy, "rusty"); }

bool read_gate(PolicyRequest& request, HostedPolicy* policy) { return read_with_user_half(request, policy, "gate"); }

// Sources that were compiled already, by path and include folders: a sweep makes each policy many times.
Object compiled(const std::string& path, const std::vector<std::string>& include) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const bpf::BpfObject>> objects;
  std::string key = path;
  for (const std::string& folder : include) key += '\n' + folder;
  bpf::CompileOptions options;
  options.include = include;
  std::lock_guard lock(mutex);
  Object object = objects[key].lock();
  if (!object) objects[key] = object = bpf::load_bpf(path, options);
  return object;
}

constexpr uint32_t kArrayMap = 2;  // BPF_MAP_TYPE_ARRAY

// Loaders size some maps before they load a scheduler: `maps: {NAME: ENTRIES}` does it here. An array without entries
// has one for each CPU. They also fill maps of maps: `maps: {NAME: filled}`.
void size_maps(const Tunables& sizes, const Machine& machine, HostedPolicy* policy) {
  auto sized = std::make_shared<bpf::BpfObject>(*policy->object);
  for (bpf::BpfMap& map : sized->maps) {
    if (map.type == kArrayMap && map.max_entries == 0) map.max_entries = static_cast<uint32_t>(machine.nr_cpus());
  }
  for (const Tunable& size : sizes) {
    auto found = std::find_if(sized->maps.begin(), sized->maps.end(),
                              [&](const auto& map) { return "maps." + map.name == size.key; });
    if (found == sized->maps.end()) {
      std::vector<std::string> names;
      for (const bpf::BpfMap& map : sized->maps) names.push_back(map.name);
      throw Error(size.where, "the scheduler has no map '" + size.key.substr(5) + "'",
                  suggest(size.key.substr(5), names));
    }
    if (size.value == "filled") {
      found->filled = true;
      continue;
    }
    int64_t entries = 0;
    TunableReader reader;
    reader.bind(size.key, &entries, 1, 1 << 24, "");
    reader.read({size}, "bpf");
    found->max_entries = static_cast<uint32_t>(entries);
    policy->map_entries.emplace_back(found->name, found->max_entries);
  }
  policy->object = sized;
}

// {bpf: FILE, include: [FOLDER, ...], costs: {...}, maps: {...}, VARIABLE: VALUE, ...}
bool read_bpf(PolicyRequest& request, HostedPolicy* policy) {
  Tunables rest, map_sizes;
  policy->options = take_options(request, &rest);
  int64_t loader_cpu = 0;
  for (const Tunable& tunable : rest) {
    if (tunable.key == "bpf") {
      policy->source = tunable.value;
    } else if (tunable.key.starts_with("maps.")) {
      map_sizes.push_back(tunable);
    } else if (tunable.key == "include") {
      std::string list = tunable.value;
      if (list.starts_with('[')) list = list.substr(1, list.size() - 2);
      for (size_t at = 0; at < list.size();) {
        size_t end = std::min(list.find(", ", at), list.size());
        policy->include.push_back(list.substr(at, end - at));
        at = end + 2;
      }
    } else if (tunable.key == "loader_cpu") {
      TunableReader reader;
      reader.bind("loader_cpu", &loader_cpu, 0, static_cast<int64_t>(request.machine.nr_cpus()) - 1, "");
      reader.read({tunable}, "bpf");
    } else {
      policy->variables.emplace_back(tunable.key, tunable.value);
    }
  }
  policy->options.loader_cpu = CpuId(static_cast<int32_t>(loader_cpu));
  policy->object = compiled(policy->source, policy->include);
  size_maps(map_sizes, request.machine, policy);
  return true;
}

// {exported: FOLDER, costs: {...}}: what 'simsched export' wrote, as it wrote it, at the costs that its manifest has.
bool read_exported(PolicyRequest& request, HostedPolicy* policy) {
  std::string path;
  Tunables rest;
  policy->options = take_options(request, &rest);
  for (const Tunable& tunable : rest) {
    if (tunable.key != "exported")
      throw Error(tunable.where, "an exported scheduler has no option '" + tunable.key + "'",
                  "export it again with other options");
    path = tunable.value;
  }
  const ExportedFolder folder = read_exported_folder(path);
  const Manifest& manifest = folder.manifest;
  policy->source = path + "/" + kObjectFile;
  policy->object = compiled(policy->source, {});
  for (const Manifest::Variable& variable : manifest.variables)
    policy->variables.emplace_back(variable.name, variable.text);
  policy->user_options = folder.user_options();
  use_user_half(manifest.user_half, policy);
  for (int i = 0; i < ext::kNrOps; ++i) {
    const std::string op = ext::op_name(static_cast<ext::Op>(i));
    const bool chosen = std::any_of(request.tunables->begin(), request.tunables->end(),
                                    [&](const Tunable& tunable) { return tunable.key == kCosts + op; });
    for (const auto& [name, cost] : manifest.costs)
      if (name == op && !chosen) policy->options.costs.of[static_cast<size_t>(i)] = cost;
  }
  Tunables sizes;
  for (const auto& [map, entries] : manifest.map_entries)
    sizes.push_back({"maps." + map, std::to_string(entries), path + "/" + kManifestFile});
  size_maps(sizes, request.machine, policy);
  return true;
}

}  // namespace

const std::vector<HostedEntry>& hosted_policies() {
  static const std::vector<HostedEntry> kEntries = {
      {"scx_simple", "sched_ext: one queue for the whole machine, by vtime or first in, first out", read_simple},
      {"scx_packet", "sched_ext: packet processing on even CPUs, all else on odd ones", read_talk_packet},
      {"scx_packet_even", "sched_ext: ... as published: only even CPUs run anything but per-CPU kernel threads",
       read_even_packet},
      {"scx_rusty", "sched_ext: a queue for each last-level cache, stealing, and a load balancer in user space",
       read_rusty},
      {"scx_gate", "sched_ext: scx_simple, and a small neural network that may forbid migrations", read_gate},
      {"bpf", "any sched_ext scheduler", read_bpf, false},
      {"exported", "what 'simsched export' wrote", read_exported, false},
  };
  return kEntries;
}

std::vector<std::byte> kernel_object(const HostedPolicy& policy) {
  for (const bpf::ShippedPolicy& shipped : bpf::shipped_policies()) {
    if (policy.shipped != shipped.name) continue;
    const auto bytes = std::as_bytes(std::span(shipped.object, shipped.size));
    return {bytes.begin(), bytes.end()};
  }
  if (!policy.source.ends_with(".c")) {
    const Bytes bytes = read_file(policy.source);
    return {bytes.span().begin(), bytes.span().end()};
  }
  bpf::CompileOptions options;
  options.include = policy.include;
  options.check_bounds = false;  // the kernel's verifier has its own way
  return bpf::compile_bpf(policy.source, options);
}

}  // namespace simsched
