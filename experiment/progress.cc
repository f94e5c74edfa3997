#include "experiment/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace simsched {

ProgressBar::ProgressBar(std::string label, size_t total, bool quiet)
    : label_(std::move(label)), visible_(!quiet && isatty(STDERR_FILENO) == 1), total_(total) {}

ProgressBar::~ProgressBar() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::advance(size_t count) {
  std::lock_guard lock(mutex_);
  done_ += count;
  draw();
}

void ProgressBar::set(size_t done, size_t total) {
  std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  draw();
}

void ProgressBar::draw() {
  auto now = std::chrono::steady_clock::now();
  if (!visible_ || total_ == 0 || (done_ < total_ && now - drawn_ < std::chrono::milliseconds(100))) return;
  drawn_ = now;
  constexpr size_t kWidth = 30;
  size_t percent = std::min<size_t>(100, done_ * 100 / total_);
  size_t filled = kWidth * percent / 100;
  fmt::print(stderr, "\r\033[K{} [{}{}] {:3}%", label_, std::string(filled, '#'), std::string(kWidth - filled, '.'),
             percent);
  std::fflush(stderr);
}

}  // namespace simsched
