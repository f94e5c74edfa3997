// Text in XML, HTML and SVG.
#pragma once

#include <string>

namespace simsched {

// What has a meaning there becomes an entity, and control characters, which XML 1.0 does not know, blanks.
inline std::string markup_escaped(const std::string& text) {
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

}  // namespace simsched
