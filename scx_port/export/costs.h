// What the callbacks of an exported scheduler cost in a kernel, for its manifest: `simsched run` charges it.
#pragma once

#include <string>
#include <string_view>

#include "scx_port/manifest/manifest.h"

namespace simsched {

// `statistics`: a JSON object as `simsched-loader --json --costs` prints it last. Each callback that ran costs its mean
// time, divided by `divisor` and rounded up; the others keep what they had. Throws Error (where: `name`) when it says
// nothing of costs.
void set_measured_costs(ExportedFolder& folder, std::string_view statistics, int64_t divisor, const std::string& name);

}  // namespace simsched
