#include "scx_port/host/vm_user_host.h"

#include "scx_port/host/set_variables.h"

namespace simsched::bpf {

std::vector<UserHost::CpuUse> VmUserHost::cpu_use() {
  std::vector<CpuUse> uses;
  for (CpuId cpu : kernel_.machine().cpus()) {
    CpuTime time = kernel_.cpu_time(cpu);
    uses.push_back({time.busy(), time.total()});
  }
  return uses;
}

std::span<std::byte> VmUserHost::variable(const std::string& name) {
  std::span<std::byte> bytes = vm_.variable(name);
  if (bytes.empty()) throw unknown_variable(vm_.object(), name, {});
  return bytes;
}

}  // namespace simsched::bpf
