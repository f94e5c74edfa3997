#include "bindings/interruptible.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/parallel.h"
#include "bindings/module.h"

namespace simsched::python {
namespace {

constexpr int kEventsBetweenLooks = 4096;  // a millisecond
constexpr std::chrono::milliseconds kBetweenSignals{50};

struct GivenUp {};

}  // namespace

bool some_steps(Engine& engine) {
  for (int i = 0; i < kEventsBetweenLooks; ++i)
    if (!engine.step()) return false;
  return true;
}

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

void run_holding_gil(Engine& engine) {
  while (some_steps(engine)) check_signals();
}

void run_unless(Engine& engine, const std::atomic<bool>& stop) {
  while (some_steps(engine))
    if (stop) throw GivenUp();
}

namespace {

// Work on another thread without the GIL, and this one, which holds it, between them.
class Watched {
 public:
  // `work` ends soon once `stop` is set.
  std::atomic<bool> stop = false;

  void tell(size_t done, size_t total) {
    std::lock_guard lock(mutex_);
    done_ = done;
    total_ = total;
    changed_.notify_one();
  }

  void run(const std::function<void()>& work, const PyProgress& progress) {
    std::exception_ptr failure, interruption;
    {
      const py::gil_scoped_release without_gil;
      std::jthread runner([&] {
        try {
          work();
        } catch (...) {
          failure = std::current_exception();
        }
        std::lock_guard lock(mutex_);
        over_ = true;
        changed_.notify_one();
      });
      try {
        watch(progress);
      } catch (...) {
        interruption = std::current_exception();
        stop = true;
      }
    }
    if (interruption) std::rethrow_exception(interruption);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  void watch(const PyProgress& progress) {
    size_t told = 0;
    std::unique_lock lock(mutex_);
    while (!over_ || (progress && told < done_)) {
      if (!over_) changed_.wait_for(lock, kBetweenSignals);
      const size_t done = done_, total = total_;
      lock.unlock();
      {
        const py::gil_scoped_acquire gil;
        check_signals();
        if (progress && done > told) progress(done, total);
      }
      told = done;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t done_ = 0, total_ = 0;
  bool over_ = false;
};

}  // namespace

void run_in_threads(size_t count, int jobs, const std::function<void(size_t, const std::atomic<bool>&)>& work,
                    const PyProgress& progress) {
  Watched watched;
  auto one = [&](size_t i) {
    if (watched.stop) throw GivenUp();
    work(i, watched.stop);
  };
  watched.run([&] { parallel_for(count, jobs, one, [&](size_t done, size_t total) { watched.tell(done, total); }); },
              progress);
}

void run_one(int jobs, const PyProgress& progress, const std::function<void(int, const Progress&)>& work) {
  Watched watched;
  const Progress told = [&](size_t done, size_t total) {
    if (watched.stop) throw GivenUp();
    watched.tell(done, total);
  };
  watched.run([&] { work(jobs, told); }, progress);
}

}  // namespace simsched::python
