// Reads a sched_ext scheduler's table of callbacks, as the kernel does when it is attached (bpf_scx_init_member(),
// bpf_scx_check_member(), kernel/sched/ext.c, 6.18).

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched::bpf {
namespace {

constexpr const char* kType = "sched_ext_ops";

const StructOps& find_table(const BpfObject& object) {
  const StructOps* found = nullptr;
  for (const StructOps& ops : object.struct_ops) {
    if (ops.type == "sched_ext_ops_cid")
      throw Error(object.name,
                  "'" + ops.variable + "' is a scheduler of CPU ids (sched_ext_ops_cid), which does not run here",
                  "write it as struct sched_ext_ops");
    if (ops.type != kType) continue;
    if (found != nullptr)
      throw Error(object.name, "has two schedulers, '" + found->variable + "' and '" + ops.variable + "'",
                  "leave one struct sched_ext_ops");
    found = &ops;
  }
  if (found == nullptr)
    throw Error(object.name, "is not a sched_ext scheduler: it has no struct sched_ext_ops",
                "define one in section .struct_ops.link, as SCX_OPS_DEFINE() does");
  return *found;
}

}  // namespace

BpfOpsTable::BpfOpsTable(const BpfObject& object) {
  functions.fill(-1);
  const StructOps& table = find_table(object);
  auto scalar = [&](const char* member) {
    auto found = table.members.find(member);
    return found == table.members.end() ? uint64_t{0} : found->second.value;
  };
  auto name = table.members.find("name");
  if (name != table.members.end()) info.name = name->second.text;
  if (info.name.empty()) throw Error(object.name, "'" + table.variable + "' has no name", "set its member .name");
  // bpf_obj_name_cpy()
  for (char c : info.name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.')
      throw Error(object.name, "the kernel takes no scheduler of the name '" + info.name + "'",
                  "use letters, digits, _ and .");
  info.flags = scalar("flags");
  info.dispatch_max_batch = static_cast<uint32_t>(scalar("dispatch_max_batch"));
  info.timeout = Nanos(static_cast<int64_t>(static_cast<uint32_t>(scalar("timeout_ms"))) * 1'000'000);
  info.hotplug_seq = scalar("hotplug_seq");
  for (int op = 0; op < ext::kNrOps; ++op) {
    auto member = table.members.find(ext::op_name(static_cast<ext::Op>(op)));
    if (member == table.members.end() || member->second.function < 0) continue;
    functions[static_cast<size_t>(op)] = member->second.function;
    info.implemented |= uint64_t{1} << op;
  }
  for (size_t i = 0; i < object.functions.size(); ++i) {
    const BpfFunction& function = object.functions[i];
    if (function.section == "tp_btf/sched_switch") {
      sched_switch.push_back(i);
    } else if (function.section != ".text" && function.section != "syscall" &&
               !function.section.starts_with("?") &&           // loaded where its loader asks for it
               !function.section.starts_with("struct_ops")) {  // libbpf does not load those of no table either
      ignored.push_back(function.section + " (" + function.name + ")");
    }
  }
}

}  // namespace simsched::bpf
