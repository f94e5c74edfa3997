// A scheduler's ordinary life: it is loaded, schedules everything, and is unloaded.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "scx_port/proof/guest/checks.h"
#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/loader.h"
#include "scx_port/proof/guest/loads.h"

namespace simsched::guest {
namespace {

constexpr int kOddCpu = 5;  // one that scx_packet gives to all tasks but packets'

std::string state_text() { return "state " + scx("state"); }

void check_classes(Report& report) {
  const Classes classes = count_classes();
  report.check("all_ext", classes.ext > 0 && classes.other == 0,
               std::to_string(classes.ext) + " threads in ext, " + std::to_string(classes.other) +
                   " in another class " + classes.first_other,
               "all in ext");
}

void check_loads(Report& report) {
  const Jobs jobs = build(96, 16, 4);
  report.check("build", jobs.ext == 96, jobs.text(), "96 in ext");
  std::vector<Hog> hogs;
  for (int i = 0; i < 4; ++i) hogs.emplace_back(Hog::Place{});
  const Turns turns = wake_ups(12, 1500);
  report.check("wake_ups", turns.least > 0 && scheduler_is("enabled"), turns.text() + ", " + state_text(),
               "every pair takes turns");
  check_classes(report);
  bool run = true;
  std::string times;
  for (const Hog& hog : hogs) {
    run = run && hog.in_ext() && hog.cpu_ms() > 0;
    times += std::to_string(hog.cpu_ms()) + " ms ";
  }
  report.check("hogs", run, times + "of CPU time", "each runs, in ext");
}

// Groups come and go, tasks move, weights change: nothing of that may end a scheduler or starve a task. Which share a
// group gets is the policy's business.
void check_cgroups(Report& report) {
  const std::string root = "/sys/fs/cgroup";
  write_text(root + "/cgroup.subtree_control", "+cpu");
  int64_t light = 0, heavy = 0;
  for (const char* group : {"/light", "/heavy"}) mkdir((root + group).c_str(), 0755);
  write_text(root + "/light/cpu.weight", "100");
  const bool weighted = write_text(root + "/heavy/cpu.weight", "400");
  {
    const Hog a({kOddCpu, 0, root + "/light"}), b({kOddCpu, 0, root + "/heavy"});
    sleep_ms(600);
    write_text(root + "/heavy/cpu.weight", "50");
    write_text(root + "/light/cgroup.procs", std::to_string(b.pid()));
    setpriority(PRIO_PROCESS, static_cast<id_t>(b.pid()), 5);
    sleep_ms(200);
    light = a.cpu_ms();
    heavy = b.cpu_ms();
  }
  for (const char* group : {"/light", "/heavy"}) rmdir((root + group).c_str());
  report.check("cgroups", weighted && scheduler_is("enabled") && light > 0 && heavy > 0,
               std::to_string(light) + " ms in a group of weight 100 beside " + std::to_string(heavy) +
                   " ms in one of 400, " + state_text(),
               "both run, the scheduler goes on");
}

void check_second_loader(Report& report, Loader& first) {
  Loader second(kExport);
  const auto code = second.exit_code();
  report.check("second", code == 2 && count(second.messages(), "\n") == 1 && first.running() && scheduler_is("enabled"),
               text_of(code) + ", " + second.messages().substr(0, second.messages().find('\n')) + ", " + state_text(),
               "exit code 2 with one line, and the first one stays");
}

void check_unload(Report& report, Loader& loader) {
  const auto code = loader.stop();
  const Classes classes = count_classes();
  report.check("unload", code == 0 && scheduler_is("disabled") && classes.ext == 0,
               text_of(code) + ", " + state_text() + ", " + std::to_string(classes.ext) + " threads left in ext, " +
                   loader.last_words(),
               "exit code 0, disabled, none left");
}

}  // namespace

bool attaches(Report& report, const std::string& name, Loader& loader) {
  const bool attached = loader.attached();
  const std::string messages = loader.messages();
  return report.check(name, attached, attached ? loader.last_words() : messages, "the loader says that it schedules");
}

bool check_kernel(Report& report) {
  const Classes classes = count_classes();
  report.check("fair_before", !scheduler_is("enabled") && classes.ext == 0,
               state_text() + ", " + std::to_string(classes.ext) + " threads in ext", "no scheduler");
  Loader loader(kExport, {"--check"});
  const auto code = loader.exit_code();
  if (code == 0) return report.check("kernel", true, loader.last_words(), "");
  report.line("unusable: " + loader.last_words());
  return false;
}

void check_basic(Report& report) {
  const std::string sequence = scx("enable_seq");
  Loader loader(kExport, {"--json", "--stats", "0.5", "--costs"});
  const int64_t began = clock_ns(CLOCK_MONOTONIC);
  if (!attaches(report, "attaches", loader)) return;
  const int64_t took = (clock_ns(CLOCK_MONOTONIC) - began) / 1'000'000;
  report.check("enabled", scheduler_is("enabled") && scx("switch_all") == "1" && scx("nr_rejected") == "0" && in_ext(),
               scx("root/ops") + ", " + state_text() + ", switch_all " + scx("switch_all") + ", after " +
                   std::to_string(took) + " ms; enable_seq was " + sequence + ", is " + scx("enable_seq"),
               "enabled, switch_all 1, this task in ext");
  check_loads(report);
  check_cgroups(report);
  check_second_loader(report, loader);
  check_hotplug(report, loader);
  check_unload(report, loader);
  write_text(std::string(kOut) + "statistics.json", loader.output());
}

// Weights 100 and 10: what virtual time makes of nice 0 and 10. By many tasks: a CPU asks for the next task before its
// last one is queued again, so that two take turns whatever they weigh. Only with a clock that counts instructions: an
// emulated CPU that waits for its turn keeps the time running, and a task gets what it does not use.
void check_weights(Report& report) {
  constexpr size_t kTasks = 16;
  Loader loader(kExport);
  if (!attaches(report, "weights_attaches", loader)) return;
  int64_t low = 0, high = 0;
  {
    std::vector<Hog> hogs;
    for (size_t i = 0; i < kTasks; ++i) hogs.emplace_back(Hog::Place{-1, i % 2 == 0 ? 10 : 0, {}});
    sleep_ms(300);
    auto add = [&](int64_t sign) {
      for (size_t i = 0; i < kTasks; ++i) (i % 2 == 0 ? low : high) += sign * hogs[i].cpu_ms();
    };
    add(-1);
    sleep_ms(1500);
    add(+1);
  }
  report.check("nice_weights", low > 0 && high > 2 * low,
               std::to_string(high) + " ms at nice 0 beside " + std::to_string(low) + " ms at nice 10",
               "more than twice as much, and some for both");
  loader.stop();
}

}  // namespace simsched::guest
