// CpuSet in signatures: a set of whole numbers in Python; and whatever names CPUs becomes one.
#pragma once

#include <pybind11/pybind11.h>

#include "base/cpu_set.h"

namespace simsched::python {

// Of "0-3,8", or of anything that yields whole numbers. Throws Error, or what the iteration raises.
CpuSet cpu_set_of(const pybind11::handle& value);

}  // namespace simsched::python
