// How often a tracepoint was passed on all CPUs since construction, counted by perf: independent of BPF.
#pragma once

#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace simsched::collect {

class TracepointCount {
 public:
  explicit TracepointCount(const std::string& event) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.size = sizeof(attributes);
    attributes.config = id_of(event);
    for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); ++cpu) {
      const long file = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
      if (file >= 0) files_.push_back(static_cast<int>(file));
    }
    if (files_.empty()) throw std::runtime_error("perf cannot count " + event);
  }
  ~TracepointCount() {
    for (int file : files_) close(file);
  }
  TracepointCount(const TracepointCount&) = delete;

  uint64_t now() const {
    uint64_t sum = 0;
    for (int file : files_) {
      uint64_t value = 0;
      if (read(file, &value, sizeof(value)) == sizeof(value)) sum += value;
    }
    return sum;
  }

 private:
  // Tracefs need not be mounted: it is, where only this process sees it.
  static uint64_t id_of(const std::string& event) {
    static const std::string root = [] {
      const std::string folder = std::filesystem::temp_directory_path() / ("tracefs" + std::to_string(getpid()));
      std::filesystem::create_directories(folder);
      if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("tracefs", folder.c_str(), "tracefs", 0, nullptr) != 0)
        throw std::runtime_error("tracefs cannot be mounted");
      return folder;
    }();
    uint64_t id = 0;
    std::ifstream(root + "/events/sched/" + event + "/id") >> id;
    if (id == 0) throw std::runtime_error("the kernel has no tracepoint " + event);
    return id;
  }

  std::vector<int> files_;
};

}  // namespace simsched::collect
