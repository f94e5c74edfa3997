#include "traces/record/cost.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace simsched::record {
namespace {

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The best of several goes: what disturbs only makes them longer.
int64_t best_of_goes() {
  constexpr int kGoes = 12, kTurns = 1000;
  int ends[2];
  if (pipe(ends) != 0) return 0;
  int64_t best = 0;
  for (int go = 0; go < kGoes; ++go) {
    char byte = 0;
    const int64_t begin = now();
    for (int turn = 0; turn < kTurns; ++turn)
      if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1) return 0;
    const int64_t took = (now() - begin) / (2 * kTurns);
    best = go == 0 ? took : std::min(best, took);
  }
  return best;
}

}  // namespace

Nanos time_of_a_call() {
  int told[2];
  if (pipe(told) != 0) return Nanos(0);
  const pid_t child = fork();
  if (child == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      const int64_t took = best_of_goes();
      _exit(write(told[1], &took, sizeof(took)) == sizeof(took) ? 0 : 1);
    }
    waitpid(grandchild, nullptr, 0);
    _exit(0);
  }
  close(told[1]);
  int64_t took = 0;
  if (child < 0 || read(told[0], &took, sizeof(took)) != sizeof(took)) took = 0;
  close(told[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return Nanos(took);
}

}  // namespace simsched::record
