// Work for a scheduler. All tasks are processes of this program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace simsched::guest {

// As make does it: jobs are forked, execute this program again and end, `parallel` at a time.
struct Jobs {
  int ext = 0, other = 0, failed = 0;  // in which class the jobs found themselves
  std::string text() const;
};
Jobs build(int jobs, int parallel, int64_t job_ms);
int job(int64_t ms);  // one job: its exit code says its class

// Tasks that wake each other, by turns through pipes, futexes and timers, computing a little each time.
struct Turns {
  uint64_t sum = 0, least = 0;  // of all pairs; of the one with the fewest
  std::string text() const;
};
Turns wake_ups(int pairs, int64_t ms);

// A task that computes until it is ended.
class Hog {
 public:
  struct Place {
    int cpu = -1;  // any
    int nice = 0;
    std::string cgroup;  // its folder
  };
  explicit Hog(const Place& place, const std::string& name = "hog");
  ~Hog();
  Hog(const Hog&) = delete;
  Hog(Hog&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }

  int64_t cpu_ms() const;  // time on a CPU so far
  bool in_ext() const;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

}  // namespace simsched::guest
