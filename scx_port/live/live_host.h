// LiveHost: what a policy's user-space half sees where the policy runs in a kernel.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scx_port/live/kernel_object.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::live {

class LiveHost : public UserHost {
 public:
  LiveHost(KernelObject& object, const Machine& machine) : object_(object), machine_(machine) {}

  Nanos now() const override;  // CLOCK_MONOTONIC: the clock of bpf_ktime_get_ns()
  const Machine& machine() const override { return machine_; }
  std::vector<CpuUse> cpu_use() override;
  std::span<std::byte> variable(const std::string& name) override { return object_.variable(name); }
  bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value) override;
  bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value) override;
  // A copy, valid until the map is asked for again.
  std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu) override;

 private:
  KernelObject& object_;
  const Machine& machine_;
  std::map<std::string, std::vector<std::byte>> values_;
};

}  // namespace simsched::live
