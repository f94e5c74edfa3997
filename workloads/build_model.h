// A build, as `simsched fit` sees it in a recording: what make starts, in what order, and what each process does.
// docs/workloads.md shows the file. Times are work in ns, but for those of I/O.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/distribution.h"

namespace simsched {

struct BuildStep {
  enum class Kind : uint8_t {
    kWork,   // value: its share of the process's work; shares count relative to each other
    kExec,   // another program; ends the vfork() of who started it
    kFork,   // value: process of the job
    kVfork,  // the same, and waits for its exec
    kJoin,   // waits for one child's exit
    kTell,   // value: process of the job, or kStarter. A write into its pipe, say
    kHear,   // waits for one who tells it
    kLoop,   // value: share of the process's work. Runs its `loop`, one after another
  };
  static constexpr int32_t kStarter = -1;  // who started the job
  Kind kind = Kind::kWork;
  int32_t value = 0;
  friend bool operator==(const BuildStep&, const BuildStep&) = default;
};

// So many of a job.
struct BuildRuns {
  uint32_t job = 0;
  int64_t times = 1;
  friend bool operator==(const BuildRuns&, const BuildRuns&) = default;
};

struct BuildProcess {
  std::string name;
  Distribution work;
  int32_t follows = 0;        // percent of jobs in which its work has the rank that the job has: large with large
  int32_t io_times = 0;       // blocks on I/O, in a thousand runs
  Distribution io;            // ns of each
  bool io_by_kernel = false;  // a kworker starts it
  int32_t io_elsewhere = 0;   // percent of it that another CPU's interrupt ends
  std::vector<BuildStep> steps;
  std::vector<BuildRuns> loop;  // of jobs before its own: a script's many short commands
  friend bool operator==(const BuildProcess&, const BuildProcess&) = default;
};

// What make starts with one command, or a script in a loop: its process 0 with all that it starts.
struct BuildJob {
  std::string name;
  bool object = false;  // scales with the number of objects
  bool vfork = false;   // its starter waits for its exec
  std::vector<BuildProcess> processes;
  friend bool operator==(const BuildJob&, const BuildJob&) = default;
};

struct BuildMake;

// A job so many times, or another make.
struct BuildItem {
  bool then = false;  // when all before it is done
  BuildRuns runs;
  std::vector<BuildMake> make;  // one or none
  friend bool operator==(const BuildItem&, const BuildItem&) = default;
};

struct BuildMake {
  int64_t start = 0, each = 0, end = 0;  // work before it starts anything, for each item, when all are done
  std::vector<BuildItem> items;
  friend bool operator==(const BuildMake&, const BuildMake&) = default;
};

// Beside the build, a kernel thread or somebody's daemon: sleeps, works a little, again.
struct BuildBackground {
  std::string name;
  int64_t tasks = 1;
  Distribution sleep, work;
  bool tick = false;      // it sleeps until a tick
  int32_t elsewhere = 0;  // percent of its sleeps that another CPU's interrupt ends
  bool user = false;      // no kernel thread
  int32_t cpu = -1;       // it is bound to that one; none
  friend bool operator==(const BuildBackground&, const BuildBackground&) = default;
};

struct BuildModel {
  std::string recorded;       // where it comes from, in words
  int64_t jobs = 1;           // make -j of the recording
  std::string make = "make";  // how that program is called
  bool session = false;       // of its own (autogroup)
  std::vector<BuildJob> kinds;
  BuildMake root;
  std::vector<BuildBackground> background;
  Distribution io_work;  // of the kworker that starts I/O

  int64_t objects() const;  // that it was recorded with
  friend bool operator==(const BuildModel&, const BuildModel&) = default;
};

}  // namespace simsched
