#include "scx_port/host/layout.h"

#include <algorithm>

namespace simsched::bpf {

Member::Member(const Btf& btf, const std::string& structure, std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    if (auto member = btf.member(structure, path)) {
      offset = static_cast<uint32_t>(member->offset);
      size = static_cast<uint32_t>(member->size);
      return;
    }
  }
}

void Member::put_text(std::byte* object, const std::string& text) const {
  if (size == 0) return;
  std::memset(object + offset, 0, size);
  std::memcpy(object + offset, text.data(), std::min<size_t>(text.size(), size - 1));
}

size_t structure_size(const Btf& btf, const std::string& structure, size_t least) {
  return std::max<size_t>(btf.struct_size(structure).value_or(0), least);
}

TaskLayout::TaskLayout(const Btf& btf) {
  auto field = [&](std::initializer_list<const char*> paths) { return Member(btf, "task_struct", paths); };
  size = structure_size(btf, "task_struct", 64);
  mm_size = std::min<size_t>(structure_size(btf, "mm_struct", 64), 512);
  pid = field({"pid"});
  tgid = field({"tgid"});
  comm = field({"comm"});
  start_time = field({"start_time"});
  start_boottime = field({"start_boottime"});
  mm = field({"mm"});
  group_leader = field({"group_leader"});
  ddsp_dsq_id = field({"scx.ddsp_dsq_id"});
  sticky_cpu = field({"scx.sticky_cpu"});
  holding_cpu = field({"scx.holding_cpu"});
  cgroups = field({"cgroups"});
  task_group = field({"sched_task_group"});
  numa_node = field({"numa_preferred_nid"});
  active_mm = field({"active_mm"});
  mm_owner = Member(btf, "mm_struct", {"owner"});
  signal = field({"signal"});
  signal_threads = Member(btf, "signal_struct", {"nr_threads"});
  signal_size = structure_size(btf, "signal_struct", 64);
  cred = field({"cred"});
  real_cred = field({"real_cred"});
  cred_size = structure_size(btf, "cred", 64);
  cpu = field({"thread_info.cpu", "cpu"});
  wake_cpu = field({"wake_cpu"});
  recent_used_cpu = field({"recent_used_cpu"});
  on_cpu = field({"on_cpu"});
  on_rq = field({"on_rq"});
  state = field({"__state", "state"});
  flags = field({"flags"});
  policy = field({"policy"});
  prio = field({"prio"});
  static_prio = field({"static_prio"});
  normal_prio = field({"normal_prio"});
  rt_priority = field({"rt_priority"});
  dl_runtime = field({"dl.dl_runtime"});
  dl_deadline = field({"dl.dl_deadline"});
  dl_period = field({"dl.dl_period"});
  nr_cpus_allowed = field({"nr_cpus_allowed"});
  cpus_ptr = field({"cpus_ptr"});
  cpus_mask = field({"cpus_mask"});
  real_parent = field({"real_parent"});
  parent = field({"parent"});
  nvcsw = field({"nvcsw"});
  nivcsw = field({"nivcsw"});
  sum_exec_runtime = field({"se.sum_exec_runtime"});
  utime = field({"utime"});
  runnable_at = field({"scx.runnable_at"});
  slice = field({"scx.slice"});
  dsq_vtime = field({"scx.dsq_vtime"});
  weight = field({"scx.weight"});
  scx_flags = field({"scx.flags"});
  disallow = field({"scx.disallow"});
}

CgroupLayout::CgroupLayout(const Btf& btf) {
  auto cgroup = [&](std::initializer_list<const char*> paths) { return Member(btf, "cgroup", paths); };
  kn = cgroup({"kn"});
  level = cgroup({"level"});
  self = cgroup({"self"});
  css_cgroup = cgroup({"self.cgroup"});
  css_parent = cgroup({"self.parent"});
  css_id = cgroup({"self.id"});
  nr_descendants = cgroup({"nr_descendants"});
  auto flexible = btf.member("cgroup", "ancestors");
  has_ancestors = flexible.has_value();
  ancestors = has_ancestors ? static_cast<uint32_t>(flexible->offset) : 0;
  size = std::max<size_t>(structure_size(btf, "cgroup", 64), ancestors + 2 * sizeof(uint64_t));
  node_size = structure_size(btf, "kernfs_node", 64);
  css_set_size = structure_size(btf, "css_set", 64);
  task_group_size = structure_size(btf, "task_group", 64);
  node_id = Member(btf, "kernfs_node", {"id"});
  node_name = Member(btf, "kernfs_node", {"name"});
  node_parent = Member(btf, "kernfs_node", {"__parent", "parent"});
  dfl_cgrp = Member(btf, "css_set", {"dfl_cgrp"});
  group_cgroup = Member(btf, "task_group", {"css.cgroup"});
  group_parent = Member(btf, "task_group", {"parent"});
}

RqLayout::RqLayout(const Btf& btf) {
  auto field = [&](std::initializer_list<const char*> paths) { return Member(btf, "rq", paths); };
  size = structure_size(btf, "rq", 64);
  curr = field({"curr"});
  idle = field({"idle"});
  stop = field({"stop"});
  cpu = field({"cpu"});
  nr_running = field({"nr_running"});
  local_nr = field({"scx.local_dsq.nr"});
  clock = field({"clock"});
  clock_task = field({"clock_task"});
  clock_pelt = field({"clock_pelt"});
  scx_nr_running = field({"scx.nr_running"});
}

}  // namespace simsched::bpf
