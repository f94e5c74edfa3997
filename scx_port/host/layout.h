// Where the members of the kernel's structures lie, as the policy's own types say. Looked up by name once; a member
// that the policy's types lack has size 0, and writing it does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>

#include "bpf/btf.h"

namespace simsched::bpf {

struct Member {
  uint32_t offset = 0;
  uint32_t size = 0;

  Member() = default;
  // The first of `paths` that exists.
  Member(const Btf& btf, const std::string& structure, std::initializer_list<const char*> paths);

  explicit operator bool() const { return size != 0; }
  // Cut to the member's size.
  void put(std::byte* object, uint64_t value) const {
    switch (size) {
      case 4:
        store<uint32_t>(object, value);
        break;
      case 8:
        store<uint64_t>(object, value);
        break;
      case 2:
        store<uint16_t>(object, value);
        break;
      case 1:
        store<uint8_t>(object, value);
        break;
      default:
        break;
    }
  }
  // Signed values are not told apart from unsigned ones.
  uint64_t get(const std::byte* object) const {
    switch (size) {
      case 4: return load<uint32_t>(object);
      case 8: return load<uint64_t>(object);
      case 2: return load<uint16_t>(object);
      case 1: return load<uint8_t>(object);
      default: return 0;
    }
  }
  void put_text(std::byte* object, const std::string& text) const;  // cut, always with a final zero

 private:
  template <class T>
  uint64_t load(const std::byte* object) const {
    T value;
    std::memcpy(&value, object + offset, sizeof value);
    return value;
  }
  template <class T>
  void store(std::byte* object, uint64_t value) const {
    T cut = static_cast<T>(value);
    std::memcpy(object + offset, &cut, sizeof cut);
  }
};

// Bytes of a structure, at least `least`; `least` when the policy does not know it.
size_t structure_size(const Btf& btf, const std::string& structure, size_t least);

// struct task_struct.
struct TaskLayout {
  explicit TaskLayout(const Btf& btf);

  size_t size, mm_size;
  // Written once.
  Member pid, tgid, comm, start_time, start_boottime, mm, group_leader;
  Member ddsp_dsq_id, sticky_cpu, holding_cpu, cgroups, task_group, numa_node;
  Member active_mm, mm_owner, signal, signal_threads, cred, real_cred;
  size_t signal_size, cred_size;
  // Written when they change, looked at before the policy sees the task.
  Member cpu, wake_cpu, recent_used_cpu, on_cpu, on_rq, state, flags, policy, prio, static_prio, normal_prio;
  Member rt_priority, dl_runtime, dl_deadline, dl_period;
  Member nr_cpus_allowed, cpus_ptr, cpus_mask, real_parent, parent, nvcsw, nivcsw;
  Member sum_exec_runtime, utime;
  // Shared with the scheduling class, or written by the policy.
  Member slice, dsq_vtime, weight, scx_flags, disallow, runnable_at;
};

// struct cgroup and what hangs on it.
struct CgroupLayout {
  explicit CgroupLayout(const Btf& btf);

  size_t size, node_size, css_set_size, task_group_size;
  Member kn, level, self, css_cgroup, css_parent, css_id, nr_descendants;
  bool has_ancestors;
  uint32_t ancestors;  // offset
  Member node_id, node_name, node_parent, dfl_cgrp, group_cgroup, group_parent;
};

// struct rq.
struct RqLayout {
  explicit RqLayout(const Btf& btf);

  size_t size;
  Member curr, idle, stop, cpu, nr_running, local_nr, clock, clock_task, clock_pelt, scx_nr_running;
};

}  // namespace simsched::bpf
