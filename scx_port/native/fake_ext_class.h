// For tests of the BPF host alone: a scheduling class that only writes down what it is asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policies/ext/ext_class.h"

namespace simsched::ext {

struct ExtClass::Fake {
  Engine* engine = nullptr;
  std::vector<std::string> log;                       // "dsq_insert 0 0x5 20000000 0"
  std::map<uint64_t, std::vector<TaskId>> queues;     // what dsq_nr_queued(), dsq_peek() and iterators see
  CpuSet idle, idle_smt;
  int32_t answer = 0;                                 // of select_cpu_*, pick_*
  std::map<uint64_t, Nanos> timers;
  std::map<int32_t, GroupId> groups;
  std::vector<std::pair<std::string, int64_t>> events;
  std::string error, exit;
  int64_t exit_code = 0;
  TaskFields no_fields;
  uint32_t live_iterators = 0;
};

}  // namespace simsched::ext
