// BPF_MAP_TYPE_TASK_STORAGE and CGRP_STORAGE (kernel/bpf/bpf_local_storage.c): a value for each task or cgroup, known
// by the guest address of its structure.
#pragma once

#include "bpf/maps/key_table.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {

class StorageMap : public Map {
 public:
  StorageMap(Vm& vm, uint32_t index);

  bool of_tasks() const { return of_tasks_; }
  // Address of the owner's value; `create`: makes one, from `initial` or zeros, when there is none. 0: none.
  uint64_t get(uint64_t owner, bool create, const std::byte* initial);
  int64_t remove(uint64_t owner);  // -ENOENT: there is none

  void assign(const Map& other) override { table_ = static_cast<const StorageMap&>(other).table_; }

  // For the host, which knows owners by address: keys are these, 8 bytes.
  uint64_t find(const std::byte* key) override;
  int64_t erase(const std::byte* key) override;
  int64_t update(const std::byte* key, const std::byte* value, uint64_t flags) override;
  std::vector<std::vector<std::byte>> keys() override;

 private:
  bool of_tasks_;
  KeyTable table_;
};

}  // namespace simsched::bpf
