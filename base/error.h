// The one exception of the project: input or usage that the user can mend.
//
// It ends the operation and is caught once, in main(), which prints
//   simsched: error: <where>: <what>; <what to do>
// and exits with 2. Mistakes of our own are SIMSCHED_CHECK failures, not Errors.
#pragma once

#include <stdexcept>
#include <string>

namespace simsched {

class Error : public std::runtime_error {
 public:
  // `where` is "file:line", "file: offset N", or empty; `remedy` says what to do, or is empty.
  Error(std::string where, std::string what, std::string remedy = {});

  const std::string& where() const { return where_; }
  const std::string& problem() const { return what_; }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string where_, what_, remedy_;
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& message);

}  // namespace simsched

// An invariant of our own code, checked in every build: stops with a message. The file without its folder: what is built
// is the same wherever it is built.
#define SIMSCHED_CHECK(condition, message) \
  (static_cast<bool>(condition) ? void(0) : ::simsched::check_failed(#condition, __FILE_NAME__, __LINE__, (message)))
