#include "ml/collect/rollout.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/exact_log.h"
#include "base/rng.h"
#include "experiment/inputs.h"
#include "policies/ext/ext_class.h"
#include "scx_port/host/bpf_ops.h"
#include "sim/engine.h"

namespace simsched::ml {
namespace {

struct Cost {
  int64_t work = 0, lost = 0;  // of all tasks; lost: while they could have worked
};

// What is simulated.
struct Setting {
  const Config& config;
  const Inputs& inputs;
  size_t machine;
  uint64_t seed;
};

// A simulation whose policy's variables can be reached: those of scx_port/include/simsched/force.bpf.h.
class Branch {
 public:
  Branch(const Setting& setting, const Workload& workload, const PolicyConfig& policy) : where_(policy.where) {
    EngineOptions options;
    options.kernel = setting.inputs.kernel(setting.machine);
    options.seed = setting.seed;
    options.duration = setting.config.duration;
    options.hotplug = setting.config.hotplug;
    const Machine& machine = setting.inputs.machine(setting.machine);
    ClassStack classes = policy.make(options.kernel, machine);
    for (const auto& one : classes)
      if (auto* ext = dynamic_cast<const ext::ExtClass*>(one.get())) ext_ = ext;
    if (ext_ == nullptr) fail();
    engine_ = std::make_unique<Engine>(machine, workload, options, std::move(classes));
  }

  Engine& engine() { return *engine_; }

  template <class T>
  T get(const char* name) {
    T value;
    std::memcpy(&value, variable(name, sizeof(T)), sizeof(T));
    return value;
  }
  template <class T>
  void set(const char* name, const T& value) {
    std::memcpy(variable(name, sizeof(T)), &value, sizeof(T));
  }

  // In place; the memory does not move.
  const uint64_t* asked() { return reinterpret_cast<const uint64_t*>(variable("model_asked", sizeof(uint64_t))); }

  // So far: ends the simulation.
  Cost cost() {
    engine_->stop();
    Cost cost;
    for (const auto& [name, value] : engine_->result().task_time) {
      if (name == "work_ns")
        cost.work = value;
      else if (name != "lifetime_ns" && !name.starts_with("blocked_"))
        cost.lost += value;
    }
    return cost;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(where_, "the policy has no model whose decisions could be taken for it",
                "name a sched_ext policy that asks a model (simsched/model.bpf.h)");
  }
  std::byte* variable(const char* name, size_t size) {
    // As a debugger would: the class itself gives its scheduler to nobody to change.
    auto* ops = const_cast<bpf::BpfOps*>(dynamic_cast<const bpf::BpfOps*>(ext_->ops()));
    if (ops == nullptr) fail();
    const std::span<std::byte> bytes = ops->vm().variable(name);
    if (bytes.size() != size) fail();
    return bytes.data();
  }

  const std::string where_;
  const ext::ExtClass* ext_ = nullptr;
  std::unique_ptr<Engine> engine_;
};

struct Moment {
  uint64_t events;    // handled before it
  uint64_t question;  // from 1
};

// Where the decisions are that are tried.
std::vector<Moment> sample(Branch& run, const RolloutOptions& options) {
  std::vector<Moment> moments;
  Rng rng(options.seed);
  run.set("model_watched", true);
  const uint64_t* const asked = run.asked();
  uint64_t seen = 0;
  for (uint64_t events = run.engine().nr_events(); moments.size() < options.most && run.engine().step();
       events = run.engine().nr_events()) {
    for (; seen < *asked; ++seen)
      if (rng.below(options.every) == 0 && moments.size() < options.most) moments.push_back({events, seen + 1});
  }
  return moments;
}

double slowdown(const Cost& cost, const Cost& before) {
  constexpr double kUnit = 1e3;  // of ns, so that nothing is divided by 0
  const double work = static_cast<double>(cost.work - before.work) + kUnit;
  return (work + static_cast<double>(cost.lost - before.lost)) / work;
}

}  // namespace

std::vector<Rollout> rollouts(const Config& config, const Inputs& inputs, size_t machine, uint64_t seed,
                              const PolicyConfig& policy, const RolloutOptions& options) {
  const Setting setting{config, inputs, machine, seed};
  const std::shared_ptr<const Workload> workload = inputs.workload(machine, seed);
  std::vector<Moment> moments;
  {
    Branch first(setting, *workload, policy);
    moments = sample(first, options);
  }
  Branch original(setting, *workload, policy), twin(setting, *workload, policy);
  original.set("model_watched", true);
  std::vector<Rollout> rows;
  for (const Moment& moment : moments) {
    while (original.engine().nr_events() < moment.events) original.engine().step();
    twin.engine().assign(original.engine());
    const Cost before = twin.cost();
    Rollout row;
    double log[2];
    for (mlp::mlp_verdict verdict : {mlp::MLP_STAY, mlp::MLP_MOVE}) {
      twin.engine().assign(original.engine());
      twin.set("model_force_at", moment.question);
      twin.set("model_force_verdict", static_cast<uint32_t>(verdict));
      twin.engine().run_until(original.engine().now() + options.horizon);
      const auto in = twin.get<std::array<uint16_t, mlp::MLP_ROW>>("model_force_in");
      std::copy_n(in.begin(), row.features.size(), row.features.begin());
      log[verdict == mlp::MLP_MOVE] = exact_log(slowdown(twin.cost(), before));
    }
    row.outcome = log[0] - log[1];
    rows.push_back(row);
  }
  return rows;
}

}  // namespace simsched::ml
