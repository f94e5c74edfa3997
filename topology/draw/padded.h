// Cells of the tables of this room.
#pragma once

#include <string>

namespace simsched {

// On the right of a column of `width`; what is longer stays whole.
inline std::string padded(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

}  // namespace simsched
