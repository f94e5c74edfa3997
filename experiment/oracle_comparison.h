// How far a simulation is from a kernel that had the same load on the same shape, and whether that is near enough.
#pragma once

#include <string>
#include <vector>

#include "experiment/oracle_figures.h"

namespace simsched {

struct OracleRow {
  enum class Unit : uint8_t { kPercent, kCount, kNanos };

  std::string name;
  Unit unit = Unit::kPercent;
  double kernel_low = 0, kernel_high = 0;  // of its runs
  double simulated = 0;                    // median of the seeds
  double tolerance = 0;                    // beyond the kernel's range: points, a factor, or a factor
  bool ok = false;
};

// Rows that say something on this shape. Shares and placement: within 10 points of the range of the kernel's runs, or
// one task; migrations and times: within a factor of 1.5. Which of two nodes or caches that are alike gets more is
// chance: compared are the one where the load began and the busiest.
std::vector<OracleRow> compare_with_kernel(const std::vector<OracleFigures>& kernel,
                                           const std::vector<OracleFigures>& simulated, const Machine& machine);

bool all_ok(const std::vector<OracleRow>& rows);

}  // namespace simsched
