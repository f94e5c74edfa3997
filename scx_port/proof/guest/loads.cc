#include "scx_port/proof/guest/loads.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"

namespace simsched::guest {
namespace {

enum JobExit { kInExt = 0, kInOther = 1 };

template <class T>
T* shared(size_t number) {
  void* memory = mmap(nullptr, number * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) _exit(1);
  return static_cast<T*>(memory);
}

template <class Work>
pid_t child(Work work) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  work();
  _exit(0);
}

void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace

std::string Jobs::text() const {
  return std::to_string(ext) + " jobs in ext, " + std::to_string(other) + " in another class, " +
         std::to_string(failed) + " failed";
}

std::string Turns::text() const {
  return std::to_string(sum) + " turns, at least " + std::to_string(least) + " of each pair";
}

int job(int64_t ms) {
  compute(ms * 1'000'000);
  return in_ext() ? kInExt : kInOther;
}

Jobs build(int jobs, int parallel, int64_t job_ms) {
  const std::string ms = std::to_string(job_ms);
  Jobs result;
  std::vector<pid_t> running;
  for (int started = 0; started < jobs || !running.empty();) {
    if (started < jobs && static_cast<int>(running.size()) < parallel) {
      running.push_back(child([&] {
        execl("/proc/self/exe", "job", "job", ms.c_str(), nullptr);
        _exit(127);
      }));
      ++started;
      continue;
    }
    // Of the other children of this process none is to be reaped here: wait for whichever job is done first.
    siginfo_t info{};
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    std::erase_if(running, [&](pid_t pid) {
      int status = 0;
      if (waitpid(pid, &status, WNOHANG) != pid) return false;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      ++(code == kInExt ? result.ext : code == kInOther ? result.other : result.failed);
      return true;
    });
  }
  return result;
}

namespace {

// Two tasks that take turns: each waits for its turn, computes, and gives the turn to the other.
class Pair {
 public:
  Pair(int kind, int64_t work_ns, std::atomic<uint64_t>* turns, std::atomic<uint32_t>* word)
      : kind_(kind), work_ns_(work_ns), turns_(turns), word_(word) {
    for (auto& ends : pipes_)
      if (pipe(ends) != 0) _exit(1);
    for (int side = 0; side < 2; ++side) tasks_[side] = child([&] { take_turns(side); });
  }
  ~Pair() {
    for (pid_t task : tasks_) end(task);
    for (auto& ends : pipes_) {
      close(ends[0]);
      close(ends[1]);
    }
  }
  Pair(const Pair&) = delete;

 private:
  enum Kind { kPipe, kFutex, kTimer };

  void take_turns(int side) {
    for (bool first = side == 0;; first = false) {
      if (!first) wait_for_turn(side);
      compute(work_ns_);
      turns_->fetch_add(1);
      give_turn(1 - side);
    }
  }

  void wait_for_turn(int side) {
    char byte = 0;
    switch (kind_ % 3) {
      case kPipe:
        if (read(pipes_[side][0], &byte, 1) != 1) _exit(0);
        return;
      case kFutex:
        for (uint32_t now; (now = word_->load()) % 2 != static_cast<uint32_t>(side);)
          syscall(SYS_futex, word_, FUTEX_WAIT, now, nullptr, nullptr, 0);
        return;
      default:
        const timespec nap{0, 400'000};
        nanosleep(&nap, nullptr);
    }
  }

  void give_turn(int side) {
    const char byte = 0;
    switch (kind_ % 3) {
      case kPipe:
        if (write(pipes_[side][1], &byte, 1) != 1) _exit(0);
        return;
      case kFutex:
        word_->fetch_add(1);
        syscall(SYS_futex, word_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
        return;
      default:
        return;
    }
  }

  int kind_;
  int64_t work_ns_;
  std::atomic<uint64_t>* turns_;
  std::atomic<uint32_t>* word_;
  int pipes_[2][2];
  pid_t tasks_[2];
};

}  // namespace

Turns wake_ups(int pairs, int64_t ms) {
  const auto number = static_cast<size_t>(pairs);
  auto* turns = shared<std::atomic<uint64_t>>(number);
  auto* words = shared<std::atomic<uint32_t>>(number);
  {
    std::vector<std::unique_ptr<Pair>> all;
    for (int i = 0; i < pairs; ++i)
      all.push_back(std::make_unique<Pair>(i, 10'000 * (i % 8 + 1), turns + i, words + i));
    sleep_ms(ms);
  }
  Turns result{0, UINT64_MAX};
  for (size_t i = 0; i < number; ++i) {
    result.sum += turns[i];
    result.least = std::min(result.least, turns[i].load());
  }
  munmap(turns, number * sizeof(*turns));
  munmap(words, number * sizeof(*words));
  return result;
}

Hog::Hog(const Place& place, const std::string& name) {
  pid_ = child([&] {
    if (!place.cgroup.empty() && !write_text(place.cgroup + "/cgroup.procs", "0")) _exit(1);
    if (place.cpu >= 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(static_cast<size_t>(place.cpu), &set);
      if (sched_setaffinity(0, sizeof(set), &set) != 0) _exit(1);
    }
    if (setpriority(PRIO_PROCESS, 0, place.nice) != 0) _exit(1);
    prctl(PR_SET_NAME, name.c_str());
    for (;;) compute(1'000'000'000);
  });
}

Hog::~Hog() {
  if (pid_ > 0) end(pid_);
}

int64_t Hog::cpu_ms() const {
  clockid_t clock;
  return clock_getcpuclockid(pid_, &clock) == 0 ? clock_ns(clock) / 1'000'000 : 0;
}

bool Hog::in_ext() const { return guest::in_ext("/proc/" + std::to_string(pid_)); }

}  // namespace simsched::guest
