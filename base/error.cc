#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace simsched {
namespace {

std::string join(const std::string& where, const std::string& what, const std::string& remedy) {
  std::string line = where.empty() ? what : where + ": " + what;
  if (!remedy.empty()) line += "; " + remedy;
  return line;
}

}  // namespace

Error::Error(std::string where, std::string what, std::string remedy)
    : std::runtime_error(join(where, what, remedy)),
      where_(std::move(where)),
      what_(std::move(what)),
      remedy_(std::move(remedy)) {}

void check_failed(const char* condition, const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "simsched: internal error: %s:%d: %s (%s)\n", file, line, message.c_str(), condition);
  std::abort();
}

}  // namespace simsched
