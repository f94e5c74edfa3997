#include "app/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace simsched {

ProgressBar::ProgressBar(std::string label, bool quiet)
    : label_(std::move(label)), visible_(!quiet && isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::operator()(size_t done, size_t total) {
  auto now = std::chrono::steady_clock::now();
  if (!visible_ || total == 0 || (done < total && now - drawn_ < std::chrono::milliseconds(100))) return;
  drawn_ = now;
  constexpr size_t kWidth = 30;
  size_t percent = std::min<size_t>(100, done * 100 / total);
  size_t filled = kWidth * percent / 100;
  fmt::print(stderr, "\r\033[K{} [{}{}] {:3}%", label_, std::string(filled, '#'), std::string(kWidth - filled, '.'),
             percent);
  std::fflush(stderr);
}

}  // namespace simsched
