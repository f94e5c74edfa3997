// What `simsched validate` found as one HTML page that needs nothing else.
#pragma once

#include <string>
#include <vector>

#include "experiment/diagnosis.h"
#include "experiment/fidelity.h"

namespace simsched {

// `about`: lines on the recordings, `heading`: what was replayed under what. The same figures give the same bytes.
std::string fidelity_page(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses, const std::string& heading,
                          const std::string& about);

}  // namespace simsched
