// The control groups: the root and one for each group of the workload, as nested as they are. They live as long as the
// simulation does, so references to them need no counting.

#include <algorithm>

#include "scx_port/host/kernel_objects.h"

namespace simsched::bpf {
namespace {

constexpr int32_t kRootId = 1;  // of the root's kernfs_node: on cgroup2 always 1

}  // namespace

void KernelObjects::make_cgroups(size_t nr_groups) {
  const CgroupLayout& l = cgroup_layout_;
  int deepest = 0;
  for (size_t group = 0; group < nr_groups; ++group) deepest = std::max(deepest, level(GroupId(group)));
  const size_t size = std::max<size_t>(l.size, l.ancestors + static_cast<size_t>(deepest + 1) * sizeof(uint64_t));
  for (size_t group = 0; group < nr_groups; ++group) {
    uint64_t cgroup = vm_.allocate(size, VM_READ), node = vm_.allocate(l.node_size, VM_READ);
    uint64_t css_set = vm_.allocate(l.css_set_size, VM_READ), task_group = vm_.allocate(l.task_group_size, VM_READ);
    std::byte* c = vm_.at(cgroup);
    const int own_level = level(GroupId(group));
    const size_t above = kernel_.parent(GroupId(group)).index();
    cgroups_.push_back(cgroup);
    l.kn.put(c, node);
    l.level.put(c, static_cast<uint64_t>(own_level));
    l.css_cgroup.put(c, cgroup);
    l.css_parent.put(c, group == 0 ? 0 : cgroups_[above] + l.self.offset);
    l.css_id.put(c, group + kRootId);
    l.nr_descendants.put(c, nr_groups == 1 ? 0 : subtree(GroupId(group)).size() - 1);
    if (l.has_ancestors) {
      auto* ancestors = vm_.at<uint64_t>(cgroup + l.ancestors);
      for (int i = 0; i <= own_level; ++i) ancestors[i] = cgroups_[ancestor(GroupId(group), i).index()];
    }
    l.node_id.put(vm_.at(node), group + kRootId);
    if (l.node_name) {
      std::string text = group == 0 ? "" : kernel_.workload().groups[group].name;
      if (group != 0 && text.empty()) text = "group-" + std::to_string(group);
      uint64_t name = vm_.allocate(text.size() + 1, VM_READ);
      text.copy(vm_.at<char>(name), text.size());
      l.node_name.put(vm_.at(node), name);
    }
    l.dfl_cgrp.put(vm_.at(css_set), cgroup);
    l.group_cgroup.put(vm_.at(task_group), cgroup);
    if (group != 0) {
      l.node_parent.put(vm_.at(node), l.kn.get(vm_.at(cgroups_[above])));
      l.group_parent.put(vm_.at(task_group), task_groups_[above]);
    }
    own(cgroup, {Kind::kCgroup, static_cast<int32_t>(group)});
    css_sets_.push_back(css_set);
    task_groups_.push_back(task_group);
  }
}

int KernelObjects::level(GroupId group) const {
  int level = 0;
  for (; group.value() != 0; group = kernel_.parent(group)) ++level;
  return level;
}

GroupId KernelObjects::ancestor(GroupId group, int at) const {
  for (int i = level(group); i > at; --i) group = kernel_.parent(group);
  return group;
}

// css_next_descendant_pre(), _post(): children in the order in which they were made.
std::vector<GroupId> KernelObjects::subtree(GroupId top, bool post) const {
  std::vector<GroupId> list;
  if (!post) list.push_back(top);
  for (size_t group = top.index() + 1; group < kernel_.nr_groups(); ++group) {
    if (kernel_.parent(GroupId(group)) != top) continue;
    const std::vector<GroupId> below = subtree(GroupId(group), post);
    list.insert(list.end(), below.begin(), below.end());
  }
  if (post) list.push_back(top);
  return list;
}

void KernelObjects::regroup(TaskId task) {
  const GroupId group = kernel_.params().autogroup ? GroupId(0) : kernel_.group(task);  // autogroups are no cgroups
  std::byte* p = vm_.at(slots_[task.index()].address);
  layout_.cgroups.put(p, css_sets_[group.index()]);
  layout_.task_group.put(p, task_groups_[group.index()]);
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
