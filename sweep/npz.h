// Columns as NumPy writes and reads them: numpy.load("sweep.npz")["makespan_ns"].
#pragma once

#include <string>

#include "report/frame.h"

namespace simsched {

// A zip file, deflated, of one array a column in their order. Numbers are int64, text is Unicode. A column of numbers
// that some rows lack is float64, NaN where there is none; text that is missing is empty. The same rows give the same
// bytes, with the same libzip and zlib. At least one column.
std::string npz_bytes(const Frame& frame);

}  // namespace simsched
