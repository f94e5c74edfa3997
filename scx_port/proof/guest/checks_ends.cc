// The ways in which a scheduler ends or starts anew, other than that its loader is told to end. Each takes a loader
// that is attached: loading takes an emulated machine seconds.
#include <signal.h>

#include "scx_port/proof/guest/checks.h"
#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/loader.h"
#include "scx_port/proof/guest/loads.h"

namespace simsched::guest {
namespace {

constexpr int kCpu = 3;
const std::string kOnline = "/sys/devices/system/cpu/cpu3/online";

}  // namespace

// The link ends with the process that holds it: every task is the fair class's at once, and goes on.
void check_kill(Report& report, Loader& loader) {
  const Hog hog(Hog::Place{});
  until(10, [&] { return hog.in_ext() && hog.cpu_ms() > 0; });
  const bool was_ext = hog.in_ext();
  loader.send(SIGKILL);
  loader.exit_code();
  const bool disabled = until(10, [] { return scheduler_is("disabled"); });
  const int64_t before = hog.cpu_ms();
  const bool goes_on = until(10, [&] { return hog.cpu_ms() > before; });
  report.check("kill_9", was_ext && disabled && goes_on && !hog.in_ext(),
               "state " + scx("state") + ", a task that ran " + (goes_on ? "goes on" : "stands still") + " in " +
                   (hog.in_ext() ? "ext" : "fair"),
               "disabled, the task goes on in fair");
}

void check_sysrq(Report& report, Loader& loader) {
  write_text("/proc/sysrq-trigger", "S");
  const auto code = loader.exit_code();
  report.check("sysrq", code == 0 && scheduler_is("disabled") && loader.messages().find("sysrq") != std::string::npos,
               text_of(code) + ", state " + scx("state") + ", " + loader.last_words(),
               "exit code 0, disabled by sysrq-S");
}

// A scheduler without callbacks for them is ended when a CPU goes or comes, and its loader loads it again.
void check_hotplug(Report& report, Loader& loader) {
  // Nothing else runs meanwhile: the loader loads it anew, and all CPUs share one of the host's.
  auto again = [&] {
    sleep_ms(300);  // that the kernel ends it takes a moment
    return until(120, [] { return scheduler_is("enabled") && in_ext(); }) && loader.running();
  };
  auto seen = [&] {
    return "CPU " + std::to_string(kCpu) + " online " + first_line(kOnline) + ", state " + scx("state") + ", loaded " +
           std::to_string(1 + count(loader.messages(), "loaded again")) + " times";
  };
  const bool offline = write_text(kOnline, "0") && first_line(kOnline) == "0";
  const bool without = again();
  const Jobs jobs = build(16, 8, 2);
  report.check("cpu_offline", offline && without && jobs.ext == 16, seen() + ", " + jobs.text(),
               "offline, enabled again, all jobs in ext");
  const bool online = write_text(kOnline, "1") && first_line(kOnline) == "1";
  const bool with = again();
  bool used = false;
  if (online && with) {
    const Hog there({kCpu, 0, {}});
    used = until(10, [&] { return there.cpu_ms() > 0 && there.in_ext(); });
  }
  report.check("cpu_online", online && with && used, seen() + (used ? ", a task runs there" : ", no task runs there"),
               "online, enabled again, a task runs there in ext");
}

}  // namespace simsched::guest
