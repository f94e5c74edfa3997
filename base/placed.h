// Errors of what knows no file, told with the line that asked for it.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace simsched {

// make(); an Error that has no place gets `where`.
template <class Make>
auto placed(const std::string& where, Make&& make) {
  try {
    return std::forward<Make>(make)();
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    throw Error(where, error.problem(), error.remedy());
  }
}

}  // namespace simsched
