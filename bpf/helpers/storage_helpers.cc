// Task and cgroup storage, ring buffers, perf events.
#include <linux/bpf.h>

#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"
#include "bpf/maps/ringbuf.h"
#include "bpf/maps/storage.h"

namespace simsched::bpf {
namespace {

constexpr uint32_t kCgrpStorageGet = 210, kCgrpStorageDelete = 211;  // newer than some headers

template <class T>
T* map_of(Vm& vm, uint64_t handle, const char* helper) {
  Map* const map = vm.map_at(handle);
  T* const wanted = dynamic_cast<T*>(map);
  if (map != nullptr && wanted == nullptr) vm.refuse("passes map " + map->spec().name + " to " + helper + "()");
  return wanted;
}

// The storage map, when it and the owner are of the same kind; null: no owner, or after a trap.
StorageMap* storage_of(Vm& vm, uint64_t handle, uint64_t owner, bool tasks, const char* helper) {
  StorageMap* const map = map_of<StorageMap>(vm, handle, helper);
  if (map == nullptr) return nullptr;
  if (map->of_tasks() != tasks) {
    vm.refuse("passes map " + map->spec().name + " to " + helper + "()");
    return nullptr;
  }
  if (owner == 0) return nullptr;
  if (!vm.mapped(owner, 1, VM_READ) || !(tasks ? vm.host().is_task(owner) : vm.host().is_cgroup(owner))) {
    vm.refuse("passes " + hex(owner) + " to " + helper + "(), which is no " + (tasks ? "task" : "cgroup") +
              " that is alive");
    return nullptr;
  }
  return map;
}

uint64_t get(Vm& vm, uint64_t handle, uint64_t owner, uint64_t value, uint64_t flags, bool tasks, const char* helper) {
  StorageMap* const map = storage_of(vm, handle, owner, tasks, helper);
  if (map == nullptr || (flags & ~uint64_t{BPF_LOCAL_STORAGE_GET_F_CREATE}) != 0) return 0;
  const std::byte* initial = nullptr;
  if (value != 0 && (initial = vm.checked(value, VM_READ, map->spec().value_size)) == nullptr) return 0;
  return map->get(owner, flags != 0, initial);
}
uint64_t remove(Vm& vm, uint64_t handle, uint64_t owner, bool tasks, const char* helper) {
  StorageMap* const map = storage_of(vm, handle, owner, tasks, helper);
  return map != nullptr ? static_cast<uint64_t>(map->remove(owner)) : fail(EINVAL);
}

uint64_t task_storage_get(Vm& vm, uint64_t map, uint64_t task, uint64_t value, uint64_t flags, uint64_t) {
  return get(vm, map, task, value, flags, true, "bpf_task_storage_get");
}
uint64_t task_storage_delete(Vm& vm, uint64_t map, uint64_t task, uint64_t, uint64_t, uint64_t) {
  return remove(vm, map, task, true, "bpf_task_storage_delete");
}
uint64_t cgrp_storage_get(Vm& vm, uint64_t map, uint64_t cgroup, uint64_t value, uint64_t flags, uint64_t) {
  return get(vm, map, cgroup, value, flags, false, "bpf_cgrp_storage_get");
}
uint64_t cgrp_storage_delete(Vm& vm, uint64_t map, uint64_t cgroup, uint64_t, uint64_t, uint64_t) {
  return remove(vm, map, cgroup, false, "bpf_cgrp_storage_delete");
}

uint64_t ringbuf_reserve(Vm& vm, uint64_t handle, uint64_t size, uint64_t flags, uint64_t, uint64_t) {
  RingbufMap* const ring = map_of<RingbufMap>(vm, handle, "bpf_ringbuf_reserve");
  return ring != nullptr && flags == 0 ? ring->reserve(size) : 0;
}
uint64_t commit(Vm& vm, uint64_t record, bool discard, const char* helper) {
  Block* const block = vm.memory().block(record);
  if (block == nullptr || block->kind != BlockKind::kRingRecord) {
    return vm.refuse("passes " + hex(record) + " to " + helper + "(), which is no reserved record");
  }
  static_cast<RingbufMap*>(vm.map_by_index(block->type))->commit(*block, discard);
  return 0;
}
uint64_t ringbuf_submit(Vm& vm, uint64_t record, uint64_t, uint64_t, uint64_t, uint64_t) {
  return commit(vm, record, false, "bpf_ringbuf_submit");
}
uint64_t ringbuf_discard(Vm& vm, uint64_t record, uint64_t, uint64_t, uint64_t, uint64_t) {
  return commit(vm, record, true, "bpf_ringbuf_discard");
}
uint64_t ringbuf_output(Vm& vm, uint64_t handle, uint64_t data, uint64_t size, uint64_t flags, uint64_t) {
  RingbufMap* const ring = map_of<RingbufMap>(vm, handle, "bpf_ringbuf_output");
  if (ring == nullptr) return 0;
  if ((flags & ~uint64_t{BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP}) != 0) return fail(EINVAL);
  const std::byte* const from = vm.checked(data, VM_READ, size);
  return from != nullptr ? static_cast<uint64_t>(ring->output(from, size)) : 0;
}
uint64_t ringbuf_query(Vm& vm, uint64_t handle, uint64_t what, uint64_t, uint64_t, uint64_t) {
  RingbufMap* const ring = map_of<RingbufMap>(vm, handle, "bpf_ringbuf_query");
  return ring != nullptr ? ring->query(what) : 0;
}

uint64_t perf_event_output(Vm& vm, uint64_t, uint64_t handle, uint64_t, uint64_t data, uint64_t size) {
  if (vm.map_at(handle) != nullptr && vm.checked(data, VM_READ, size) != nullptr) ++vm.state().dropped_events;
  return 0;
}

}  // namespace

std::span<const VmExport> storage_exports() {
  static constexpr VmExport kExports[] = {
      {nullptr, BPF_FUNC_task_storage_get, task_storage_get},
      {nullptr, BPF_FUNC_task_storage_delete, task_storage_delete},
      {nullptr, kCgrpStorageGet, cgrp_storage_get},
      {nullptr, kCgrpStorageDelete, cgrp_storage_delete},
      {nullptr, BPF_FUNC_ringbuf_reserve, ringbuf_reserve},
      {nullptr, BPF_FUNC_ringbuf_submit, ringbuf_submit},
      {nullptr, BPF_FUNC_ringbuf_discard, ringbuf_discard},
      {nullptr, BPF_FUNC_ringbuf_output, ringbuf_output},
      {nullptr, BPF_FUNC_ringbuf_query, ringbuf_query},
      {nullptr, BPF_FUNC_perf_event_output, perf_event_output},
  };
  return kExports;
}

}  // namespace simsched::bpf
