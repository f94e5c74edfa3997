// Notes: what a user should know of a policy although nothing is wrong, in one line on stderr, once a process.
#pragma once

#include <cstdio>
#include <mutex>
#include <set>
#include <string>

namespace simsched {

class Notes {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (seen_.insert(line).second) std::fprintf(stderr, "simsched: note: %s\n", line.c_str());
  }

 private:
  std::mutex mutex_;
  std::set<std::string> seen_;
};

}  // namespace simsched
