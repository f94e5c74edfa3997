// The control groups: the root and one for each group of the workload, directly below it. They live as long as the
// simulation does, so references to them need no counting.

#include "scx_port/host/kernel_objects.h"

namespace simsched::bpf {
namespace {

constexpr int32_t kRootId = 1;  // of the root's kernfs_node: on cgroup2 always 1

}  // namespace

void KernelObjects::make_cgroups(size_t nr_groups) {
  const CgroupLayout& l = cgroup_layout_;
  for (size_t group = 0; group < nr_groups; ++group) {
    uint64_t cgroup = vm_.allocate(l.size, VM_READ), node = vm_.allocate(l.node_size, VM_READ);
    uint64_t css_set = vm_.allocate(l.css_set_size, VM_READ), task_group = vm_.allocate(l.task_group_size, VM_READ);
    std::byte* c = vm_.at(cgroup);
    uint64_t root = group == 0 ? cgroup : cgroups_[0];
    l.kn.put(c, node);
    l.level.put(c, group == 0 ? 0 : 1);
    l.css_cgroup.put(c, cgroup);
    l.css_parent.put(c, group == 0 ? 0 : root + l.self.offset);
    l.css_id.put(c, group + kRootId);
    l.nr_descendants.put(c, group == 0 ? nr_groups - 1 : 0);
    if (l.has_ancestors) {
      auto* ancestors = vm_.at<uint64_t>(cgroup + l.ancestors);
      ancestors[0] = root;
      if (group != 0) ancestors[1] = cgroup;
    }
    l.node_id.put(vm_.at(node), group + kRootId);
    if (l.node_name) {
      std::string text = group == 0 ? "" : "group-" + std::to_string(group);
      uint64_t name = vm_.allocate(text.size() + 1, VM_READ);
      text.copy(vm_.at<char>(name), text.size());
      l.node_name.put(vm_.at(node), name);
    }
    l.dfl_cgrp.put(vm_.at(css_set), cgroup);
    l.group_cgroup.put(vm_.at(task_group), cgroup);
    if (group != 0) {
      l.node_parent.put(vm_.at(node), l.kn.get(vm_.at(root)));
      l.group_parent.put(vm_.at(task_group), task_groups_[0]);
    }
    own(cgroup, {Kind::kCgroup, static_cast<int32_t>(group)});
    cgroups_.push_back(cgroup);
    css_sets_.push_back(css_set);
    task_groups_.push_back(task_group);
  }
}

GroupId KernelObjects::group_with_id(uint64_t id) const {
  return id >= kRootId && id - kRootId < cgroups_.size() ? GroupId(static_cast<size_t>(id - kRootId)) : GroupId();
}

GroupId KernelObjects::group_argument(uint64_t address, const char* kfunc) {
  Owner owner = owner_of(address);
  if (owner.kind == Kind::kCgroup) return GroupId(owner.id);
  vm_.refuse(std::string(kfunc) +
             (address == 0 ? "() is passed a null cgroup" : "() is passed a pointer that is no cgroup"));
  return {};
}

GroupId KernelObjects::css_argument(uint64_t address, const char* kfunc) {
  return group_argument(address == 0 ? 0 : address - cgroup_layout_.self.offset, kfunc);
}

}  // namespace simsched::bpf
