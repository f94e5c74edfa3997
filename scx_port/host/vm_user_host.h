// VmUserHost: what a policy's user-space half sees in the simulator.
#pragma once

#include "policies/ext/ext_class.h"
#include "bpf/vm.h"
#include "scx_port/schedulers/user_half.h"
#include "sim/kernel.h"

namespace simsched::bpf {

class VmUserHost : public UserHost {
 public:
  VmUserHost(Vm& vm, const Kernel& kernel) : vm_(vm), kernel_(kernel) {}

  Nanos now() const override { return kernel_.now() + ext::ExtClass::kUptime; }
  const Machine& machine() const override { return kernel_.machine(); }
  std::vector<CpuUse> cpu_use() override;
  std::span<std::byte> variable(const std::string& name) override;
  bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value) override {
    return vm_.map_lookup(map, key, value);
  }
  bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value) override {
    return vm_.map_update(map, key, value);
  }
  std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu) override {
    return vm_.map_value(map, index, cpu);
  }

 private:
  Vm& vm_;
  const Kernel& kernel_;
};

}  // namespace simsched::bpf
