// Independent pieces of work on several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/progress.h"

namespace simsched {

// Calls work(0) .. work(count - 1), up to `jobs` at a time. When some throw, no more are started and the
// exception of the lowest index is thrown: pieces start in order, so it is the same for any `jobs`.
template <class Work>
void parallel_for(size_t count, int jobs, const Work& work, const Progress& progress = {}) {
  std::vector<std::exception_ptr> failures(count);
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex reporting;
  size_t done = 0;
  auto loop = [&] {
    while (!failed) {
      size_t i = next++;
      if (i >= count) return;
      try {
        work(i);
        if (progress) {
          std::lock_guard lock(reporting);
          progress(++done, count);
        }
      } catch (...) {
        failures[i] = std::current_exception();
        failed = true;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    size_t wanted = std::min(count, static_cast<size_t>(std::max(jobs, 1)));
    for (size_t i = 1; i < wanted; ++i) threads.emplace_back(loop);
    loop();
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

// `jobs` as asked for; 0: one a CPU of this computer.
inline int jobs_or_default(int jobs) {
  return jobs > 0 ? jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace simsched
