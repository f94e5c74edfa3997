// How far something long is. What does the work tells; who asked for it draws a bar, or lets Python draw one.
#pragma once

#include <cstddef>
#include <functional>

namespace simsched {

// Told that `done` of `total` pieces are done: bytes, simulations. `done` never falls. May come from any thread, but
// one call at a time; must not throw. Empty: nobody wants to know.
using Progress = std::function<void(size_t done, size_t total)>;

}  // namespace simsched
