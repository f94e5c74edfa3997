// Data files that are part of the program, so that it runs from anywhere; cmake/Embed.cmake makes them.
#pragma once

#include <span>
#include <string_view>

namespace simsched {

struct EmbeddedFile {
  std::string_view name;  // of the file, without folder and extension
  std::string_view content;
};

}  // namespace simsched
