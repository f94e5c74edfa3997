// Ctrl-C for what can be stopped and goes on from there the next time.
#pragma once

namespace simsched {

constexpr int kExitInterrupted = 130;  // as shells have it of Ctrl-C

// While there is one, SIGINT and SIGTERM ask to stop; they end the program no more.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
};

// Whether somebody asked, since the last Interruptible began.
bool interrupted();

}  // namespace simsched
