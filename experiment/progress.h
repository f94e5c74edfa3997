// A progress bar on stderr, drawn only when that is a terminal. Any thread may report.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace simsched {

class ProgressBar {
 public:
  ProgressBar(std::string label, size_t total, bool quiet = false);
  ~ProgressBar();  // wipes the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void advance(size_t count = 1);
  void set(size_t done, size_t total);

 private:
  void draw();

  const std::string label_;
  const bool visible_;
  std::mutex mutex_;
  size_t done_ = 0, total_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace simsched
