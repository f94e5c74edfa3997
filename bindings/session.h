// A config with all that it names, loaded: what runs and simulations of Python stand on.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "experiment/config.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "policies/registry.h"

namespace simsched::python {

class Session {
 public:
  // `name` stands for the config in messages, and paths are relative to it; `policies` has classes of Python by name.
  Session(const std::string& text, const std::string& name, const pybind11::dict& policies);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const PolicyRegistry& registry() const { return registry_; }
  const Config& config() const { return config_; }
  const Inputs& inputs() const { return *inputs_; }
  // Its simulations call Python: one thread, and the GIL is held.
  bool calls_python() const { return calls_python_; }

 private:
  PolicyRegistry registry_;
  Config config_;
  std::unique_ptr<const Inputs> inputs_;
  bool calls_python_ = false;
};

using Outcomes = std::vector<std::shared_ptr<Outcome>>;  // runs, as Python has them
std::vector<RunResult> results_of(const Outcomes& outcomes);

}  // namespace simsched::python
