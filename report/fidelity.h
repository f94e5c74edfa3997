// How well simulations match recordings: the output of `simsched validate`.
#pragma once

#include <string>
#include <vector>

#include "experiment/diagnosis.h"
#include "experiment/fidelity.h"
#include "report/table.h"

namespace simsched {

// A metric as people read it, in these columns; then comes its verdict.
inline constexpr const char* kFidelityColumns[] = {"metric", "recorded", "simulated", "min",
                                                   "max",    "error",    "tolerance"};
std::vector<std::string> fidelity_cells(const FidelityMetric& metric);

std::string fidelity_table(const Fidelity& fidelity, const Look& look);

// What the table amounts to: lines for people. On NO what differs most, why that may be, and what to do.
std::string fidelity_summary(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses);

// docs/results.md has the schema. `traces`: only their file names are kept.
std::string fidelity_json(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses,
                          const std::vector<std::string>& traces, const std::string& policy);

}  // namespace simsched
