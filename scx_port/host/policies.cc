#include "scx_port/host/policies.h"

#include "policies/ext/stack.h"
#include "scx_port/host/hosted.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched {
namespace {

ClassStack make(PolicyRequest& request, HostPolicy read) {
  HostedPolicy policy;
  if (!read(request, &policy)) return {};
  FairClass* fair = nullptr;
  ClassStack stack = default_classes(request.kernel, request.machine, &fair);
  const ext::ExtOptions options = policy.options;
  auto make_ops = [policy = std::move(policy), where = request.where]() -> std::unique_ptr<ext::Ops> {
    bpf::BpfOpsOptions ops;
    ops.variables = policy.variables;
    ops.where = where;
    if (policy.make_user_half) ops.user_half = policy.make_user_half();
    return std::make_unique<bpf::BpfOps>(policy.object, std::move(ops));
  };
  ext::add_class(std::make_unique<ext::ExtClass>(std::move(make_ops), *fair, options), request.kernel, &stack);
  return stack;
}

}  // namespace

std::vector<PolicyEntry> scx_policies() {
  std::vector<PolicyEntry> entries;
  for (const HostedEntry& entry : hosted_policies()) {
    entries.push_back(
        {entry.name, entry.summary, [read = entry.read](PolicyRequest& r) { return make(r, read); }, entry.listed});
  }
  return entries;
}

}  // namespace simsched
