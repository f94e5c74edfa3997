#include "scx_port/schedulers/gate/gate_user.h"

#include <array>

#include "base/error.h"
#include "scx_port/schedulers/gate/gate.h"
#include "scx_port/schedulers/user_data.h"

namespace simsched::gate {
namespace {

static_assert(int{GATE_NR_INPUTS} == int{mlp::MLP_INPUTS});

constexpr const char* kStats[] = {"decided", "stay", "move", "fallback", "local", "queued"};

using Table = std::array<uint16_t, GATE_MAX_CPUS>;

template <class T>
void set(UserHost& host, const std::string& name, const T& value) {
  set_global(host, "scx_gate", name, value);
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
  start_slots(host, "scx_gate");
  fill_slot(host, "scx_gate", 0, model_);
}

std::vector<std::pair<std::string, int64_t>> GateUser::counters(UserHost& host) {
  std::vector<std::pair<std::string, int64_t>> all;
  add_counters(host, "stats", kStats, all);
  add_counters(host, "model_fallbacks", kModelFallbacks, all);
  return all;
}

}  // namespace simsched::gate
