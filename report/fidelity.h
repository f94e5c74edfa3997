// How well simulations match a recording: the output of `simsched validate`.
#pragma once

#include <string>

#include "experiment/fidelity.h"

namespace simsched {

std::string fidelity_table(const Fidelity& fidelity, bool colour);

// docs/results.md has the schema. `trace`: only the file name is kept.
std::string fidelity_json(const Fidelity& fidelity, const std::string& trace, const std::string& policy);

}  // namespace simsched
