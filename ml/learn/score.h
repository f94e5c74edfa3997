// How often decisions are right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace simsched::ml {

struct Score {
  double accuracy = 0;
  double f1 = 0;  // of moving; 0 where none was said or meant to be
};

// `right(i)` and `said(i)`: whether i moves.
template <class Right, class Said>
Score score(size_t rows, const Right& right, const Said& said) {
  size_t both = 0, missed = 0, wrongly = 0;
  for (size_t i = 0; i < rows; ++i) {
    const bool r = right(i), s = said(i);
    both += r && s;
    missed += r && !s;
    wrongly += !r && s;
  }
  Score result;
  if (rows > 0) result.accuracy = static_cast<double>(rows - missed - wrongly) / static_cast<double>(rows);
  if (both > 0) result.f1 = 2 * static_cast<double>(both) / static_cast<double>(2 * both + missed + wrongly);
  return result;
}

}  // namespace simsched::ml
