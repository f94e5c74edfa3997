#include "sim/kernel_params.h"

#include <cstdio>

namespace simsched {

bool KernelParams::at_least(int major, int minor) const {
  int have_major = 0, have_minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &have_major, &have_minor) < 1) return false;
  return have_major != major ? have_major > major : have_minor >= minor;
}

}  // namespace simsched
