// What the generator `upf` is told in YAML: docs/workloads.md has the keys.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/units.h"
#include "workloads/packets.h"

namespace simsched {

// The tasks that take the packets of a class.
struct UpfWorkers {
  std::string name;
  int64_t count = 0;  // 0: polling does all
  int8_t nice = 0;
  std::optional<CpuSet> cpus;
};

// A task that works once a period: management.
struct UpfTask {
  std::string name;
  int64_t count = 1;
  Nanos period;
  Work work;
};

struct UpfPlan {
  Packets packets;                  // but for poll threads, and queues of classes
  std::vector<UpfWorkers> workers;  // by class
  std::vector<uint32_t> queue;      // by class: packets of its queue
  std::vector<UpfTask> tasks;
  bool threaded = false;  // rings have threads of their own
};

// `node`: a mapping, or null for the defaults. Throws Error with file and line.
UpfPlan read_upf(const YAML::Node& node, const std::string& file);

}  // namespace simsched
