// What is known of each core type as pictures, for machine_svg(): at its operating points the power as bars, of the
// core and of what it shares, and the capacity as a line; its idle states from shallow to deep, each with its exit
// latency and the sleep from which on it pays.
#pragma once

#include <string>

#include "topology/draw/svg.h"
#include "topology/machine.h"

namespace simsched {

// Nothing to draw: {}.
svg::Size core_type_charts_size(const Machine& machine);
std::string core_type_charts(const Machine& machine, svg::Size at);
// Of the classes that they use.
std::string core_type_styles();

}  // namespace simsched
