// The machine that is recorded, from sysfs: what two CPUs share.
#pragma once

#include "scx_port/collect/decision_file/decision_file.h"

namespace simsched::collect {

class Host {
 public:
  Host() = default;
  // `sysfs` is "/sys"; tests have a copy. What is not there stays absent.
  explicit Host(const std::string& sysfs);
  Host(std::vector<HostCpu> cpus, std::vector<std::vector<int32_t>> node_distances)
      : cpus_(std::move(cpus)), node_distances_(std::move(node_distances)) {}

  // Every possible CPU, so that the CPU is the index.
  const std::vector<HostCpu>& cpus() const { return cpus_; }
  const std::vector<std::vector<int32_t>>& node_distances() const { return node_distances_; }

  Relation relation(CpuId a, CpuId b) const;
  int32_t distance(CpuId a, CpuId b) const;  // between their nodes; 10: the same

 private:
  std::vector<HostCpu> cpus_;
  std::vector<std::vector<int32_t>> node_distances_;
};

}  // namespace simsched::collect
