// Pieces of SVG text. Every length is in user units.
#pragma once

#include <string>

namespace simsched::svg {

struct Size {
  int width = 0, height = 0;
};

inline std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result;
}

// `style`: its class. `more`: further attributes. `title`: shown when it is pointed at.
inline std::string box(const char* style, Size at, Size size, const std::string& more = {},
                       const std::string& title = {}) {
  const std::string rect = "<rect class=\"" + std::string(style) + "\" x=\"" + std::to_string(at.width) + "\" y=\"" +
                           std::to_string(at.height) + "\" width=\"" + std::to_string(size.width) + "\" height=\"" +
                           std::to_string(size.height) + "\"" + more;
  return title.empty() ? rect + "/>\n" : rect + "><title>" + escaped(title) + "</title></rect>\n";
}

inline std::string label(const char* style, int x, int y, const std::string& text) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" +
         escaped(text) + "</text>\n";
}

}  // namespace simsched::svg
