#include "scx_port/policies.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/suggest.h"
#include "policies/ext/ext_class.h"
#include "scx_port/native/bpf_ops.h"
#include "scx_port/native/compile.h"
#include "scx_port/native/shipped.h"
#include "scx_port/user/gate/gate.h"
#include "scx_port/user/rusty/rusty.h"

namespace simsched {
namespace {

using Object = std::shared_ptr<const native::BpfObject>;
using Variables = std::vector<std::pair<std::string, std::string>>;

// What each callback costs where nothing else is said: docs/sched_ext.md.
constexpr Nanos kDefaultCost{100};

const char kCosts[] = "costs.";
bool is_cost(const std::string& key) { return key.starts_with(kCosts); }

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
  for (const Tunable& tunable : *request.tunables) (is_cost(tunable.key) ? costs : *rest).push_back(tunable);
  reader.read(costs, request.policy);
  return options;
}

TunableReader::Info costs_info() {
  return {"costs: {OP: TIME}", std::to_string(kDefaultCost.count()),
          "what a callback takes on its CPU: select_cpu, enqueue, ..."};
}

struct Hosted {
  Object object;
  Variables variables;
  std::function<std::unique_ptr<UserHalf>()> user_half;
};

ClassStack hosted(const PolicyRequest& request, Hosted policy, const ext::ExtOptions& options) {
  FairClass* fair = nullptr;
  ClassStack stack = default_classes(request.kernel, request.machine, &fair);
  auto make_ops = [policy = std::move(policy), where = request.where]() -> std::unique_ptr<ext::Ops> {
    native::BpfOpsOptions ops;
    ops.variables = policy.variables;
    ops.where = where;
    if (policy.user_half) ops.user_half = policy.user_half();
    return std::make_unique<native::BpfOps>(policy.object, std::move(ops));
  };
  stack.push_back(std::make_unique<ext::ExtClass>(std::move(make_ops), *fair, options));
  return stack;
}

std::string text(bool value) { return value ? "true" : "false"; }

// Reads what `reader` knows, and the costs. False: only the names were asked for.
bool read(PolicyRequest& request, const TunableReader& reader, ext::ExtOptions* options) {
  Tunables rest;
  *options = take_options(request, &rest);
  request.infos = reader.infos();
  request.infos.push_back(costs_info());
  if (!request.tunables) return false;
  reader.read(rest, request.policy);
  return true;
}

ClassStack make_simple(PolicyRequest& request) {
  bool fifo = false;
  TunableReader reader;
  reader.bind("fifo", &fifo, "first in, first out instead of by vtime");
  ext::ExtOptions options;
  if (!read(request, reader, &options)) return {};
  return hosted(request, {native::shipped_object("simple"), {{"fifo", text(fifo)}}, {}}, options);
}

ClassStack make_packet(PolicyRequest& request, const char* mode) {
  ext::ExtOptions options;
  std::string chosen = mode;
  TunableReader reader;
  reader.bind("mode", &chosen, {"talk", "published", "first"},
              "talk: packet tasks on even CPUs, others on odd ones; published: even CPUs only; first: the version that "
              "stalled");
  if (!read(request, reader, &options)) return {};
  std::string number = chosen == "talk" ? "0" : chosen == "published" ? "1" : "2";
  return hosted(request, {native::shipped_object("packet"), {{"mode", number}}, {}}, options);
}

ClassStack make_rusty(PolicyRequest& request) {
  rusty::Options rusty_options;
  TunableReader reader;
  rusty_options.bind(reader);
  ext::ExtOptions options;
  if (!read(request, reader, &options)) return {};
  auto user_half = [rusty_options] { return std::make_unique<rusty::RustyUser>(rusty_options); };
  return hosted(request, {native::shipped_object("rusty"), {}, user_half}, options);
}

ClassStack make_gate(PolicyRequest& request) {
  gate::Options gate_options;
  TunableReader reader;
  gate_options.bind(reader);
  ext::ExtOptions options;
  if (!read(request, reader, &options)) return {};
  auto user_half = [gate_options, model = gate_options.read_model()] {
    return std::make_unique<gate::GateUser>(gate_options, model);
  };
  return hosted(request, {native::shipped_object("gate"), {}, user_half}, options);
}

// Sources that were compiled already, by path and include folders: a sweep makes each policy many times.
class Compiled {
 public:
  Object get(const std::string& path, const native::CompileOptions& options) {
    std::string key = path;
    for (const std::string& folder : options.include) key += '\n' + folder;
    std::lock_guard lock(mutex_);
    Object& object = objects_[key];
    if (!object) object = native::load_bpf(path, options);
    return object;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
};

constexpr uint32_t kArrayMap = 2;  // BPF_MAP_TYPE_ARRAY

// Loaders size some maps before they load a scheduler: `maps: {NAME: ENTRIES}` does it here. An array without entries
// has one for each CPU. They also fill maps of maps: `maps: {NAME: filled}`.
Object with_map_sizes(Object object, const Tunables& sizes, const Machine& machine) {
  auto sized = std::make_shared<native::BpfObject>(*object);
  for (native::BpfMap& map : sized->maps) {
    if (map.type == kArrayMap && map.max_entries == 0) map.max_entries = static_cast<uint32_t>(machine.nr_cpus());
  }
  for (const Tunable& size : sizes) {
    auto found = std::find_if(sized->maps.begin(), sized->maps.end(),
                              [&](const auto& map) { return "maps." + map.name == size.key; });
    if (found == sized->maps.end()) {
      std::vector<std::string> names;
      for (const native::BpfMap& map : sized->maps) names.push_back(map.name);
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
  }
  return sized;
}

// {bpf: FILE, include: [FOLDER, ...], costs: {...}, maps: {...}, VARIABLE: VALUE, ...}
ClassStack make_bpf(PolicyRequest& request, Compiled& compiled) {
  Tunables rest;
  ext::ExtOptions options = take_options(request, &rest);
  native::CompileOptions compile;
  std::string path;
  Tunables map_sizes;
  int64_t loader_cpu = 0;
  Hosted policy;
  for (const Tunable& tunable : rest) {
    if (tunable.key == "bpf") {
      path = tunable.value;
    } else if (tunable.key.starts_with("maps.")) {
      map_sizes.push_back(tunable);
    } else if (tunable.key == "include") {
      std::string list = tunable.value;
      if (list.starts_with('[')) list = list.substr(1, list.size() - 2);
      for (size_t at = 0; at < list.size();) {
        size_t end = std::min(list.find(", ", at), list.size());
        compile.include.push_back(list.substr(at, end - at));
        at = end + 2;
      }
    } else if (tunable.key == "loader_cpu") {
      TunableReader reader;
      reader.bind("loader_cpu", &loader_cpu, 0, static_cast<int64_t>(request.machine.nr_cpus()) - 1, "");
      reader.read({tunable}, "bpf");
    } else {
      policy.variables.emplace_back(tunable.key, tunable.value);
    }
  }
  options.loader_cpu = CpuId(static_cast<int32_t>(loader_cpu));
  policy.object = with_map_sizes(compiled.get(path, compile), map_sizes, request.machine);
  return hosted(request, std::move(policy), options);
}

}  // namespace

std::vector<PolicyEntry> scx_policies() {
  auto compiled = std::make_shared<Compiled>();
  return {
      {"scx_simple", "sched_ext: one queue for the whole machine, by vtime or first in, first out", make_simple},
      {"scx_packet", "sched_ext: packet processing on even CPUs, all else on odd ones",
       [](PolicyRequest& r) { return make_packet(r, "talk"); }},
      {"scx_packet_even", "sched_ext: ... as published: only even CPUs run anything but per-CPU kernel threads",
       [](PolicyRequest& r) { return make_packet(r, "published"); }},
      {"scx_rusty", "sched_ext: a queue for each last-level cache, stealing, and a load balancer in user space",
       make_rusty},
      {"scx_gate", "sched_ext: scx_simple, and a small neural network that may forbid migrations", make_gate},
      {"bpf", "any sched_ext scheduler", [compiled](PolicyRequest& r) { return make_bpf(r, *compiled); }, false},
  };
}

}  // namespace simsched
