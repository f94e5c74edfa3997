// The keys of the generator `upf`, a table a mapping.
#pragma once

#include "base/yaml/config_key.h"

namespace simsched {

ConfigKeys upf_keys();
ConfigKeys packet_cost_keys();
ConfigKeys ring_keys();
ConfigKeys netdev_keys();
ConfigKeys packet_class_keys();
ConfigKeys packet_flow_keys();
ConfigKeys upf_task_keys();

constexpr const char* kArrivalNames[] = {"regular", "poisson", "bursty", "recorded"};  // Arrivals::Kind
constexpr int64_t kMostFlows = 10'000;

}  // namespace simsched
