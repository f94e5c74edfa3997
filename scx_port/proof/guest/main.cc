// simsched-guest: all that runs in the virtual machine but the kernel and simsched-loader. Its first process, the
// checks (or loads: oracle.h) in a process of their own, and the tasks that they make.
#include <signal.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "scx_port/proof/guest/checks.h"
#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/loads.h"
#include "scx_port/proof/guest/machine.h"
#include "scx_port/proof/guest/oracle.h"

namespace simsched::guest {
namespace {

constexpr int kPassed = 1, kFailed = 2;  // of end_machine()

int run_checks() {
  const std::string wanted = "," + command_line("simsched.checks") + ",";
  const struct {
    const char* name;
    void (*run)(Report&);
  } groups[] = {{"basic", check_basic}, {"log", check_log},         {"end", check_end},       {"trace", check_trace},
                {"model", check_model}, {"weights", check_weights}, {"repeat", check_repeat}, {"bad", check_bad},
                {"costs", check_costs}};
  Report report;
  if (!check_kernel(report)) return kFailed;
  for (const auto& group : groups) {
    if (wanted.find(std::string(",") + group.name + ",") == std::string::npos) continue;
    const int64_t began = clock_ns(CLOCK_MONOTONIC);
    group.run(report);
    report.line(std::string("# ") + group.name + " took " +
                std::to_string((clock_ns(CLOCK_MONOTONIC) - began) / 1'000'000) + " ms");
  }
  check_sound(report);
  report.line("done");
  return report.all_ok() ? kPassed : kFailed;
}

// The checks may hang or die; what they found until then is sent all the same.
int supervise(int64_t seconds) {
  const pid_t checks = fork();
  if (checks == 0) _exit(run_checks());
  int code = kFailed;
  const bool ended = until(seconds, [&] {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {  // orphans too
      if (pid != checks) continue;
      code = WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
      return true;
    }
    return false;
  });
  if (!ended) {
    kill(checks, SIGKILL);
    Report().check("time", false, "the checks did not end", "their end within " + std::to_string(seconds) + " s");
  }
  return code;
}

// Nothing else may run beside loads: who waits here does so without a time limit, which the host has.
int supervise_loads(int repeats) {
  const pid_t loads = fork();
  if (loads == 0) _exit(run_loads(repeats) ? kPassed : kFailed);
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, 0)) != loads && pid > 0;) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}

[[noreturn]] void first_process() {
  set_up_machine();
  utsname kernel{};
  uname(&kernel);
  write_text(std::string(kOut) + "release", std::string(kernel.release) + "\n");
  const std::string limit = command_line("simsched.limit"), turns = command_line("simsched.turns_us");
  const std::string repeats = command_line("simsched.loads");
  if (!turns.empty()) shorten_turns(std::atoi(turns.c_str()));
  const int code = repeats.empty() ? supervise(limit.empty() ? 600 : std::atoi(limit.c_str()))
                                   : supervise_loads(std::atoi(repeats.c_str()));
  write_text(std::string(kOut) + "dmesg", kernel_log());
  if (!send_files(kOut)) std::printf("cannot send the results\n");
  end_machine(code);
}

}  // namespace
}  // namespace simsched::guest

int main(int argc, char** argv) {
  using namespace simsched::guest;
  if (getpid() == 1) first_process();
  if (argc == 3 && std::string(argv[1]) == "job") return job(std::atoi(argv[2]));
  if (argc == 3 && std::string(argv[1]) == "task") go_on(std::atoi(argv[2]));
  std::fputs("simsched-guest: the first process of the virtual machine of 'simsched verify --vm'\n", stderr);
  return 2;
}
