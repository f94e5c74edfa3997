// What became of packets: a table a machine, of each class under each policy.
#pragma once

#include <span>
#include <string>

#include "report/table.h"
#include "sim/results.h"

namespace simsched {

// Empty when no result has packets. Quantiles with too few samples are marked; figures are means over seeds.
std::string packet_tables(std::span<const RunResult> results, const Look& look);

}  // namespace simsched
