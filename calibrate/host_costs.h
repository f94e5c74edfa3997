// What scheduling and memory cost on this computer, measured by small programs of its own in under a minute. Wants a
// quiet machine; needs no privileges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/units.h"
#include "calibrate/measured.h"
#include "topology/machine.h"

namespace simsched {

// A figure that no key of a machine file has, for people.
struct HostFigure {
  std::string name, unit;
  double value;
};

struct HostCosts {
  std::vector<MeasuredCost> costs;
  int32_t smt_share = 0;  // of 1024; 0: no core has two threads that this process may use
  std::vector<HostFigure> figures;
};

// `machine` is this computer (load_machine("host")). Only CPUs that this process may use are measured. Throws Error when
// there is none.
HostCosts measure_host(const Machine& machine, const Progress& progress = {});

}  // namespace simsched
