// A progress bar on stderr, drawn only when that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace simsched {

// Handed as std::ref(bar) to what takes a Progress.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label, bool quiet = false);
  ~ProgressBar();  // wipes the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void operator()(size_t done, size_t total);

 private:
  const std::string label_;
  const bool visible_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace simsched
