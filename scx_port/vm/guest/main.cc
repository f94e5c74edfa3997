// simsched-guest: what runs in the virtual machine beside the loader and a shell: loads that look at themselves.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr const char* kHelp =
    "simsched-guest ext                        exit code 0: this task is in the ext class\n"
    "simsched-guest job MS                     compute so long; the same exit code\n"
    "simsched-guest build JOBS PARALLEL MS     fork and exec jobs as make does; how many were in ext\n"
    "simsched-guest wake PAIRS MS              pairs of tasks that wake each other; how often they did\n"
    "simsched-guest nap MS                     sleep again and again\n"
    "simsched-guest hog MS NICE CPU            compute on one CPU; how much of it was had\n"
    "simsched-guest exit CODE                  end the virtual machine\n";

int64_t clock_ns(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void compute(int64_t ns) {
  const int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
  }
}

// kernel/sched/debug.c writes it for every task while there is sched_ext (6.12 on).
bool in_ext() {
  std::ifstream file("/proc/self/sched");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("ext.enabled")) return line.ends_with("1");
  return false;
}

int build(int jobs, int parallel, const char* ms) {
  int running = 0, ended = 0, ext = 0;
  for (int started = 0; ended < jobs;) {
    if (started < jobs && running < parallel) {
      const pid_t child = fork();
      if (child == 0) {
        execl("/proc/self/exe", "simsched-guest", "job", ms, nullptr);
        _exit(127);
      }
      ++started;
      ++running;
      continue;
    }
    int status = 0;
    if (wait(&status) < 0) return 1;
    --running;
    ++ended;
    ext += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  std::printf("jobs=%d ext=%d\n", jobs, ext);
  return ext == jobs ? 0 : 1;
}

int wake(int pairs, int64_t ms) {
  auto* trips =
      static_cast<volatile uint64_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::vector<pid_t> children;
  for (int pair = 0; pair < pairs; ++pair) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) return 1;
    for (int side = 0; side < 2; ++side) {
      const pid_t child = fork();
      if (child != 0) {
        children.push_back(child);
        continue;
      }
      char byte = 0;
      const int in = side == 0 ? back[0] : there[0], out = side == 0 ? there[1] : back[1];
      if (side == 0 && write(out, &byte, 1) != 1) _exit(1);
      while (read(in, &byte, 1) == 1) {
        compute(20'000 * (pair + 1));
        if (side == 0) trips[pair % 512] = trips[pair % 512] + 1;
        if (write(out, &byte, 1) != 1) break;
      }
      _exit(0);
    }
  }
  usleep(static_cast<useconds_t>(ms * 1000));
  for (pid_t child : children) kill(child, SIGKILL);
  while (wait(nullptr) > 0) {
  }
  uint64_t sum = 0, least = UINT64_MAX;
  for (int pair = 0; pair < pairs; ++pair) {
    sum += trips[pair];
    least = trips[pair] < least ? trips[pair] : least;
  }
  std::printf("round_trips=%llu least=%llu\n", static_cast<unsigned long long>(sum),
              static_cast<unsigned long long>(least));
  return least > 0 ? 0 : 1;
}

int hog(int64_t ms, int nice_value, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0 || setpriority(PRIO_PROCESS, 0, nice_value) != 0) return 1;
  const int64_t end = clock_ns(CLOCK_MONOTONIC) + ms * 1'000'000;
  while (clock_ns(CLOCK_MONOTONIC) < end) {
  }
  std::printf("%lld\n", static_cast<long long>(clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1'000'000));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  auto number = [&](int i) { return i < argc ? std::atoi(argv[i]) : 0; };
  if (what == "ext") return in_ext() ? 0 : 1;
  if (what == "job") {
    compute(int64_t{number(2)} * 1'000'000);
    return in_ext() ? 0 : 1;
  }
  if (what == "build" && argc > 4) return build(number(2), number(3), argv[4]);
  if (what == "nap") {
    for (int i = 0; i < number(2); ++i) usleep(1000);
    return 0;
  }
  if (what == "wake") return wake(number(2), number(3));
  if (what == "hog") return hog(number(2), number(3), number(4));
  if (what == "exit") {
    // QEMU's isa-debug-exit: its exit code becomes 2 * CODE + 1.
    if (iopl(3) == 0) outb(static_cast<unsigned char>(number(2)), 0xf4);
    return 1;
  }
  std::fputs(kHelp, stderr);
  return 2;
}
