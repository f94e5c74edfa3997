#include "bindings/module.h"

PYBIND11_MODULE(_core, module) {
  using namespace simsched::python;  // NOLINT: what this is about
  module.attr("version") = SIMSCHED_VERSION;
  bind_errors(module);
  bind_machine(module);
  bind_results(module);
  bind_timeline(module);
  bind_session(module);
  bind_recordings(module);
  bind_learning(module);
  bind_commands(module);
  bind_sweep(module);
  bind_scx(module);
  bind_simulation(module);
}
