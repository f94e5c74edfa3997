// The standardised 5G QoS characteristics by 5QI: configs/packets/five_qi.csv.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace simsched {

struct FiveQi {
  int32_t number = 0;
  std::string type;      // GBR, non-GBR, delay-critical
  int32_t priority = 0;  // a lower one is more important
  Nanos budget;          // packet delay budget, from the user's device to the UPF's other side
  Nanos core_budget;     // the core network's part of it
  std::string services;
};

// Lines `5qi;type;priority;budget_ms;cn_ms;services` below a head, comments after '#'. Throws Error with file and line.
std::vector<FiveQi> parse_five_qi(std::string_view text, const std::string& file);

const std::vector<FiveQi>& five_qi_table();
const FiveQi* find_five_qi(int64_t number);  // nullptr: not standardised

}  // namespace simsched
