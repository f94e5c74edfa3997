#include "scx_port/schedulers/gate/gate_user.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "scx_port/schedulers/gate/gate.h"

namespace simsched::gate {
namespace {

static_assert(int{GATE_NR_INPUTS} == int{mlp::MLP_INPUTS});

using Table = std::array<uint16_t, GATE_MAX_CPUS>;

template <class T>
void set(UserHost& host, const std::string& name, const T& value) {
  const std::span<std::byte> bytes = host.variable(name);
  if (bytes.size() != sizeof(T)) {
    throw Error(
        "scx_gate",
        "its variable '" + name + "' has " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(sizeof(T)),
        "use the BPF half that belongs to this version");
  }
  std::memcpy(bytes.data(), &value, sizeof(T));
}

// Adds up the numbers that every CPU has in entry 0 of a map.
std::vector<int64_t> sums(UserHost& host, const std::string& map, size_t count) {
  std::vector<int64_t> totals(count);
  for (size_t cpu = 0; cpu < host.machine().nr_cpus(); ++cpu) {
    std::vector<uint64_t> values(count);
    const std::span<std::byte> bytes = host.map_value(map, 0, CpuId(cpu));
    std::memcpy(values.data(), bytes.data(), std::min(bytes.size(), count * sizeof(uint64_t)));
    for (size_t i = 0; i < count; ++i) totals[i] += static_cast<int64_t>(values[i]);
  }
  return totals;
}

}  // namespace

mlp::Ranges input_ranges() { return {{GATE_INPUT_LO}, {GATE_INPUT_HI}}; }

void Options::bind(TunableReader& reader) {
  reader.bind_path("model", &model, {"random"}, "a model file; random: a net with random weights");
  reader.bind("max_waiting", &max_waiting, 0, 1 << 16,
              "tasks that may wait at one CPU because the net forbids to move");
}

mlp::ModelFile Options::read_model() const {
  if (model == "random") return mlp::random_model(1, mlp::MLP_INT8, input_ranges());
  mlp::ModelFile file = mlp::read_model(model);
  mlp::check_encoding(file.model, 0, model);
  return file;
}

void GateUser::before_start(UserHost& host) {
  const Machine& machine = host.machine();
  if (machine.nr_cpus() > GATE_MAX_CPUS) {
    throw Error(
        "scx_gate",
        "this machine has " + std::to_string(machine.nr_cpus()) + " CPUs, more than " + std::to_string(GATE_MAX_CPUS),
        "use another policy");
  }
  Table llc{}, node{};
  for (CpuId cpu : machine.cpus()) {
    llc[cpu.index()] = static_cast<uint16_t>(machine.cpu(cpu).llc.value());
    node[cpu.index()] = static_cast<uint16_t>(machine.cpu(cpu).node.value());
  }
  set(host, "cpu_llc", llc);
  set(host, "cpu_node", node);
  set(host, "max_waiting", static_cast<uint32_t>(options_.max_waiting));
}

void GateUser::before_attach(UserHost& host) {
  const uint32_t slot = 0;
  set(host, "model_active", slot);
  if (!host.map_update("models", std::as_bytes(std::span(&slot, 1)), std::as_bytes(std::span(&model_.model, 1))))
    throw Error("scx_gate", "its map 'models' does not take the model",
                "use the BPF half that belongs to this version");
}

std::vector<std::pair<std::string, int64_t>> GateUser::counters(UserHost& host) {
  std::vector<std::pair<std::string, int64_t>> all;
  auto add = [&](const char* map, std::initializer_list<const char*> names) {
    const std::vector<int64_t> totals = sums(host, map, names.size());
    for (size_t i = 0; const char* name : names) all.emplace_back(name, totals[i++]);
  };
  add("stats", {"decided", "stay", "move", "fallback", "local", "queued"});
  add("model_fallbacks", {"model_none", "model_torn", "model_unsure"});
  return all;
}

}  // namespace simsched::gate
