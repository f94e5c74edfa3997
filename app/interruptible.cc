#include "app/interruptible.h"

#include <csignal>

namespace simsched {
namespace {

volatile std::sig_atomic_t asked = 0;

}  // namespace

Interruptible::Interruptible() {
  asked = 0;
  std::signal(SIGINT, [](int) { asked = 1; });
  std::signal(SIGTERM, [](int) { asked = 1; });
}

Interruptible::~Interruptible() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupted() { return asked != 0; }

}  // namespace simsched
