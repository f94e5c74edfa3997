// Schedulers with a fault (scx_port/proof/bad): the kernel ends or refuses them, and goes on by itself.
#include "scx_port/proof/guest/checks.h"
#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/loader.h"
#include "scx_port/proof/guest/loads.h"

namespace simsched::guest {
namespace {

// The victim runs into the fault, the kernel ends the scheduler for `reason`, the loader passes that on as its exit
// code, and the victim runs again.
void check_ended(Report& report, const std::string& name, const std::string& reason, int exit_code) {
  Loader loader("/bad/" + name);
  if (!attaches(report, name + "_attaches", loader)) return;
  const int64_t began = clock_ns(CLOCK_MONOTONIC);
  const Hog victim(Hog::Place{}, "stallme");
  const auto code = loader.exit_code(60);
  const int64_t took = (clock_ns(CLOCK_MONOTONIC) - began) / 1'000'000;
  const int64_t before = victim.cpu_ms();
  const bool goes_on = until(10, [&] { return victim.cpu_ms() > before; });
  const bool told = loader.messages().find(reason) != std::string::npos;
  const bool dumped = count(loader.messages(), "\n") > 5;
  report.check(name, code == exit_code && told && dumped && scheduler_is("disabled") && goes_on && !victim.in_ext(),
               text_of(code) + " after " + std::to_string(took) + " ms, " + loader.last_words() + ", " +
                   (dumped ? "with a dump" : "without a dump") + ", state " + scx("state") + ", the victim " +
                   (goes_on ? "runs again" : "does not run"),
               "exit code " + std::to_string(exit_code) + ", '" + reason + "', a dump, the victim runs in fair");
}

void check_refused(Report& report, const std::string& name) {
  Loader loader("/bad/" + name);
  const auto code = loader.exit_code(60);
  report.check(
      name, code == 2 && count(loader.messages(), "\n") == 1 && scheduler_is("disabled"),
      text_of(code) + ", " + loader.messages().substr(0, loader.messages().find('\n')) + ", state " + scx("state"),
      "exit code 2 with one line, nothing attached");
}

}  // namespace

void check_bad(Report& report) {
  check_ended(report, "stall", "runnable task stall", 42);
  check_ended(report, "unknown_dsq", "non-existent DSQ", 43);
  check_refused(report, "mit");  // its manifest says GPL: the kernel sees what the object says
  const Jobs jobs = build(32, 16, 1);
  const Classes classes = count_classes();
  report.check("healthy_after", jobs.other == 32 && classes.ext == 0,
               jobs.text() + ", " + std::to_string(classes.ext) + " threads in ext", "all in fair, none failed");
}

void check_sound(Report& report) {
  const std::string log = kernel_log();
  std::string found;
  for (const char* complaint :
       {"Oops", "BUG:", "general protection", "WARNING:", "soft lockup", "rcu_preempt detected"})
    if (const size_t at = log.find(complaint); at != std::string::npos && found.empty())
      found = log.substr(at, log.find('\n', at) - at);
  report.check("sound", found.empty() && scheduler_is("disabled"),
               (found.empty() ? "no complaints" : found) + ", " +
                   std::to_string(count(log, "sched_ext: BPF scheduler")) + " messages of sched_ext",
               "no oops, bug or warning in the kernel's log");
}

}  // namespace simsched::guest
