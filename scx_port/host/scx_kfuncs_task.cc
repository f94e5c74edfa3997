// Tasks and control groups: kfuncs of sched_ext (kernel/sched/ext.c), of kernel/bpf/helpers.c and the open-coded
// iterators of kernel/bpf/task_iter.c and cgroup_iter.c.

#include <algorithm>

#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/scx_kfuncs_common.h"

namespace simsched::bpf {
namespace {

Word running(Vm& vm, Word p, Word, Word, Word, Word) {
  CpuId idle;
  TaskId task = objects(vm).any_argument(p, "scx_bpf_task_running", &idle);
  if (idle.valid()) return !ext_class(vm).kernel().curr(idle).valid();
  return task.valid() && ext_class(vm).kernel().task_running(task);
}

Word cpu(Vm& vm, Word p, Word, Word, Word, Word) {
  CpuId idle;
  TaskId task = objects(vm).any_argument(p, "scx_bpf_task_cpu", &idle);
  if (task.valid()) idle = ext_class(vm).kernel().task_cpu(task);
  return idle.valid() ? errno_word(idle.value()) : 0;
}

Word cgroup(Vm& vm, Word p, Word, Word, Word, Word) {
  TaskId task = objects(vm).argument(p, "scx_bpf_task_cgroup");
  return task.valid() ? objects(vm).cgroup(ext_class(vm).task_cgroup(task)) : 0;
}

Word set_slice(Vm& vm, Word p, Word slice, Word, Word, Word) {
  TaskId task = objects(vm).argument(p, "scx_bpf_task_set_slice");
  return task.valid() && ext_class(vm).task_set_slice(task, slice);
}

Word set_vtime(Vm& vm, Word p, Word vtime, Word, Word, Word) {
  TaskId task = objects(vm).argument(p, "scx_bpf_task_set_dsq_vtime");
  return task.valid() && ext_class(vm).task_set_dsq_vtime(task, vtime);
}

Word now(Vm& vm, Word, Word, Word, Word, Word) { return static_cast<Word>(ext_class(vm).now().count()); }

// Fills the members that the policy's struct scx_event_stats has, as far as its size says.
Word events(Vm& vm, Word stats, Word size, Word, Word, Word) {
  size_t known = vm.object().btf.struct_size("scx_event_stats").value_or(0);
  size_t bytes = std::min<size_t>(known, size);
  std::byte* to = vm.checked(stats, VM_WRITE, bytes);
  if (to == nullptr) return 0;
  std::fill_n(to, bytes, std::byte{0});
  for (const auto& [name, count] : ext_class(vm).events()) {
    Member member(vm.object().btf, "scx_event_stats", {("SCX_EV_" + name).c_str()});
    if (member && member.offset + member.size <= bytes) member.put(to, static_cast<Word>(count));
  }
  return 0;
}

// ---- references ----

Word from_pid(Vm& vm, Word pid, Word, Word, Word, Word) {
  TaskId task = objects(vm).with_pid(s32(pid));
  return task.valid() ? objects(vm).acquire(objects(vm).task(task)) : 0;
}

Word task_acquire(Vm& vm, Word p, Word, Word, Word, Word) { return objects(vm).acquire(p); }

Word task_release(Vm& vm, Word p, Word, Word, Word, Word) {
  objects(vm).release(p, "bpf_task_release");
  return 0;
}

Word under_cgroup(Vm& vm, Word p, Word ancestor, Word, Word, Word) {
  TaskId task = objects(vm).argument(p, "bpf_task_under_cgroup");
  if (!task.valid()) return 0;
  GroupId group = objects(vm).group_argument(ancestor, "bpf_task_under_cgroup");
  return group.valid() && objects(vm).ancestor(ext_class(vm).task_cgroup(task), objects(vm).level(group)) == group;
}

Word cgroup_from_id(Vm& vm, Word id, Word, Word, Word, Word) {
  GroupId group = objects(vm).group_with_id(id);
  return group.valid() ? objects(vm).cgroup(group) : 0;
}

Word cgroup_acquire(Vm& vm, Word cgrp, Word, Word, Word, Word) {
  return objects(vm).group_argument(cgrp, "bpf_cgroup_acquire").valid() ? cgrp : 0;
}

Word cgroup_release(Vm& vm, Word cgrp, Word, Word, Word, Word) {
  objects(vm).group_argument(cgrp, "bpf_cgroup_release");
  return 0;
}

Word cgroup_ancestor(Vm& vm, Word cgrp, Word level, Word, Word, Word) {
  GroupId group = objects(vm).group_argument(cgrp, "bpf_cgroup_ancestor");
  if (!group.valid() || s32(level) < 0 || s32(level) > objects(vm).level(group)) return 0;
  return objects(vm).cgroup(objects(vm).ancestor(group, s32(level)));
}

// ---- iterators; each keeps its state in the policy's struct, and survives any ----

struct TaskIter {
  uint64_t next;   // 1 + the TaskId handed out last
  uint64_t group;  // 1 + the group whose tasks are wanted; 0: all
  uint64_t end;    // tasks from here on are not wanted
};

Word start(Vm& vm, Word it, const TaskIter& state) {
  vm.store(it, state);
  return 0;
}

Word task_iter_new(Vm& vm, Word it, Word p, Word flags, Word, Word) {
  constexpr uint32_t kAllProcs = 0, kAllThreads = 1, kProcThreads = 2;
  uint64_t all = ext_class(vm).kernel().workload().tasks.size();
  switch (static_cast<uint32_t>(flags)) {
    case kAllProcs:
    case kAllThreads:
      return start(vm, it, {0, 0, all});
    case kProcThreads: {
      TaskId task = objects(vm).argument(p, "bpf_iter_task_new");
      if (!task.valid()) return 0;
      return start(vm, it, {task.index(), 0, task.index() + 1});  // a task is a process of its own
    }
    default:
      start(vm, it, {0, 0, 0});
      return errno_word(-ext::kEINVAL);
  }
}

Word css_task_iter_new(Vm& vm, Word it, Word css, Word, Word, Word) {
  GroupId group = objects(vm).css_argument(css, "bpf_iter_css_task_new");
  if (!group.valid()) return 0;
  return start(vm, it, {0, group.index() + 1, ext_class(vm).kernel().workload().tasks.size()});
}

Word task_iter_next(Vm& vm, Word it, Word, Word, Word, Word) {
  auto state = vm.load<TaskIter>(it);
  if (!state || vm.checked(it, VM_WRITE, sizeof(TaskIter)) == nullptr) return 0;
  uint64_t end = std::min<uint64_t>(state->end, ext_class(vm).kernel().workload().tasks.size());
  while (state->next < end) {
    TaskId task = objects(vm).next_alive(TaskId(static_cast<int32_t>(state->next) - 1));
    if (!task.valid() || task.index() >= end) break;
    state->next = task.index() + 1;
    if (state->group != 0 && ext_class(vm).task_cgroup(task).index() + 1 != state->group) continue;
    vm.store(it, *state);
    return objects(vm).task(task);
  }
  state->next = end;
  vm.store(it, *state);
  return 0;
}

Word iter_destroy(Vm&, Word, Word, Word, Word, Word) { return 0; }

struct CssIter {
  uint64_t position, end;  // in the order wanted
  uint32_t start, order;
};

constexpr uint32_t kDescendantsPre = 2, kDescendantsPost = 3, kAncestorsUp = 4;  // enum bpf_cgroup_iter_order

// Of a kernel with autogroups there is the root alone.
std::vector<GroupId> cgroups_below(Vm& vm, GroupId group, uint32_t order) {
  if (objects(vm).nr_groups() == 1) return {group};
  return objects(vm).subtree(group, order == kDescendantsPost);
}

Word css_iter_new(Vm& vm, Word it, Word css, Word flags, Word, Word) {
  GroupId group = objects(vm).css_argument(css, "bpf_iter_css_new");
  if (!group.valid()) return 0;
  uint32_t order = static_cast<uint32_t>(flags);
  CssIter state{0, 0, static_cast<uint32_t>(group.value()), order};
  if (order == kDescendantsPre || order == kDescendantsPost) state.end = cgroups_below(vm, group, order).size();
  if (order == kAncestorsUp) state.end = static_cast<uint64_t>(objects(vm).level(group)) + 1;
  vm.store(it, state);
  return state.end == 0 ? errno_word(-ext::kEINVAL) : 0;
}

Word css_iter_next(Vm& vm, Word it, Word, Word, Word, Word) {
  auto state = vm.load<CssIter>(it);
  if (!state || state->position >= state->end) return 0;
  const uint64_t at = state->position++;
  vm.store(it, *state);
  if (state->start >= objects(vm).nr_groups()) return 0;
  const GroupId group(static_cast<size_t>(state->start));
  if (state->order == kAncestorsUp) {
    const int level = objects(vm).level(group) - static_cast<int>(std::min<uint64_t>(at, INT32_MAX));
    return level < 0 ? 0 : objects(vm).css(objects(vm).ancestor(group, level));
  }
  const std::vector<GroupId> list = cgroups_below(vm, group, state->order);
  return at < list.size() ? objects(vm).css(list[at]) : 0;
}

constexpr VmExport kExports[] = {
    {"scx_bpf_task_running", 0, running},
    {"scx_bpf_task_cpu", 0, cpu},
    {"scx_bpf_task_cgroup", 0, cgroup},
    {"scx_bpf_task_set_slice", 0, set_slice},
    {"scx_bpf_task_set_dsq_vtime", 0, set_vtime},
    {"scx_bpf_now", 0, now},
    {"scx_bpf_events", 0, events},
    {"bpf_task_from_pid", 0, from_pid},
    {"bpf_task_from_vpid", 0, from_pid},
    {"bpf_task_acquire", 0, task_acquire},
    {"bpf_task_release", 0, task_release},
    {"bpf_task_under_cgroup", 0, under_cgroup},
    {"bpf_cgroup_from_id", 0, cgroup_from_id},
    {"bpf_cgroup_acquire", 0, cgroup_acquire},
    {"bpf_cgroup_release", 0, cgroup_release},
    {"bpf_cgroup_ancestor", 0, cgroup_ancestor},
    {"bpf_iter_task_new", 0, task_iter_new},
    {"bpf_iter_task_next", 0, task_iter_next},
    {"bpf_iter_task_destroy", 0, iter_destroy},
    {"bpf_iter_css_task_new", 0, css_task_iter_new},
    {"bpf_iter_css_task_next", 0, task_iter_next},
    {"bpf_iter_css_task_destroy", 0, iter_destroy},
    {"bpf_iter_css_new", 0, css_iter_new},
    {"bpf_iter_css_next", 0, css_iter_next},
    {"bpf_iter_css_destroy", 0, iter_destroy},
};

}  // namespace

std::span<const VmExport> scx_task_exports() { return kExports; }

}  // namespace simsched::bpf
