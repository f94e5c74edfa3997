#include "scx_port/host/shipped.h"

namespace simsched::bpf {

std::vector<std::string> shipped_names() {
  std::vector<std::string> names;
  for (const ShippedPolicy& policy : shipped_policies()) names.emplace_back(policy.name);
  return names;
}

std::shared_ptr<const BpfObject> shipped_object(const std::string& name, const ObjectOptions& options) {
  for (const ShippedPolicy& policy : shipped_policies()) {
    if (name != policy.name) continue;
    const std::span bytes(policy.object, policy.size);
    auto object = std::make_shared<BpfObject>(read_bpf_object(std::as_bytes(bytes), name + ".bpf.o", options));
    object->code = policy.code;
    return object;
  }
  return nullptr;
}

}  // namespace simsched::bpf
