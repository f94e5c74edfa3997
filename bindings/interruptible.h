// Simulations that Ctrl-C ends, and that let other threads of Python run where they can.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstddef>
#include <functional>

#include "base/progress.h"
#include "sim/engine.h"

namespace simsched::python {

// Told of done and total, with the GIL held; may throw, which ends the work.
using PyProgress = std::function<void(size_t done, size_t total)>;

// What the signal handlers of Python raise, Ctrl-C's among them, is thrown. With the GIL held.
void check_signals();

// So many that they take about a millisecond; false: it is over.
bool some_steps(Engine& engine);

// Runs to its end, with the GIL held and a look at the signals now and then.
void run_holding_gil(Engine& engine);

// work(i, stop) for each i below `count`, on `jobs` threads without the GIL, which this one holds when it calls. Ctrl-C
// and exceptions of `progress` set `stop`: then work should give up soon.
void run_in_threads(size_t count, int jobs, const std::function<void(size_t, const std::atomic<bool>& stop)>& work,
                    const PyProgress& progress);

// work(jobs, progress): what has threads of its own, without the GIL. Ctrl-C and exceptions of `progress` end it where
// it tells of its progress.
void run_one(int jobs, const PyProgress& progress, const std::function<void(int jobs, const Progress&)>& work);

// Runs to its end, or gives up; for work of run_in_threads().
void run_unless(Engine& engine, const std::atomic<bool>& stop);

}  // namespace simsched::python
