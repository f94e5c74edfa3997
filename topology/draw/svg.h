// Pieces of SVG text. Every length is in user units.
#pragma once

#include <string>

#include "base/markup.h"

namespace simsched::svg {

struct Size {
  int width = 0, height = 0;
};

// `style`: its class. `more`: further attributes. `title`: shown when it is pointed at.
inline std::string box(const char* style, Size at, Size size, const std::string& more = {},
                       const std::string& title = {}) {
  const std::string rect = "<rect class=\"" + std::string(style) + "\" x=\"" + std::to_string(at.width) + "\" y=\"" +
                           std::to_string(at.height) + "\" width=\"" + std::to_string(size.width) + "\" height=\"" +
                           std::to_string(size.height) + "\"" + more;
  return title.empty() ? rect + "/>\n" : rect + "><title>" + markup_escaped(title) + "</title></rect>\n";
}

inline std::string label(const char* style, int x, int y, const std::string& text) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" +
         markup_escaped(text) + "</text>\n";
}

}  // namespace simsched::svg
