// Reads a sched_ext scheduler's table of callbacks, as the kernel does when it is attached (bpf_scx_init_member(),
// bpf_scx_check_member(), kernel/sched/ext.c, 6.18; struct sched_ext_ops_cid of 7.2).

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/error.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched::bpf {
namespace {

const StructOps& find_table(const BpfObject& object) {
  const StructOps* found = nullptr;
  for (const StructOps& ops : object.struct_ops) {
    if (!is_scheduler(ops)) continue;
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

// The member of struct sched_ext_ops_cid, under its names in order of age; none: it has no such callback.
std::vector<std::string> cid_names(ext::Op op) {
  const std::string name = ext::op_name(op);
  switch (op) {
    case ext::Op::kSelectCpu: return {"select_cid"};
    case ext::Op::kSetCpumask: return {"set_cmask"};
    case ext::Op::kDumpCpu: return {"dump_cid"};
    case ext::Op::kCpuOnline: return {"cid_online"};
    case ext::Op::kCpuOffline: return {"cid_offline"};
    case ext::Op::kCpuAcquire:
    case ext::Op::kCpuRelease: return {};
    default: break;
  }
  constexpr std::string_view kGroup = "cgroup_";
  if (!name.starts_with(kGroup)) return {name};
  return {name, "cpuctl_" + name.substr(kGroup.size())};
}

int32_t implementation(const StructOps& table, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto member = table.members.find(name);
    if (member != table.members.end() && member->second.function >= 0) return member->second.function;
  }
  return -1;
}

// What the kernel asks of a scheduler of cids (bpf_scx_reg_cid()), and what is not simulated.
void check_by_cid(const BpfObject& object, const StructOps& table) {
  const auto arenas = std::ranges::count(object.maps, kArenaMap, &BpfMap::type);
  if (arenas != 1)
    throw Error(object.name, "'" + table.variable + "' has " + std::to_string(arenas) + " arenas",
                "a scheduler of cids has one BPF arena");
  for (const char* member : {"init_cids", "sub_attach"})
    if (implementation(table, {member}) >= 0)
      throw Error(object.name, "'" + table.variable + "' has " + member + "(), which is not simulated",
                  "leave it out: 'ops: {" + std::string(member) + ": none}'");
}

}  // namespace

bool is_scheduler(const StructOps& ops) { return ops.type == "sched_ext_ops" || ops.type == "sched_ext_ops_cid"; }

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
  by_cid = table.type == "sched_ext_ops_cid";
  if (by_cid) check_by_cid(object, table);
  for (int i = 0; i < ext::kNrOps; ++i) {
    const auto op = static_cast<ext::Op>(i);
    const int32_t function = implementation(table, by_cid ? cid_names(op) : std::vector<std::string>{ext::op_name(op)});
    if (function < 0) continue;
    functions[static_cast<size_t>(op)] = function;
    info.implemented |= uint64_t{1} << i;
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
