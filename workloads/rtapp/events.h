// The events of an rt-app file.
#pragma once

#include <string>
#include <vector>

#include "workloads/rtapp/fields.h"
#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {

bool is_event(const std::string& key);
std::vector<std::string> event_names();

// `device` is what iorun writes to; empty: /dev/null. Throws Error with file and line.
Event read_event(Fields& fields, const YAML::Node& key, const YAML::Node& value, const std::string& device);

}  // namespace simsched::rtapp
