// For tests: a UserHost without a BPF half, whose variables and maps a test fills and reads.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "scx_port/schedulers/rusty/rusty.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::rusty {

class FakeHost final : public UserHost {
 public:
  // With the variables and maps of scx_rusty.
  explicit FakeHost(Machine machine) : machine_(std::move(machine)), use_(machine_.nr_cpus()) {
    for (const char* name :
         {"nr_cpu_ids", "nr_doms", "nr_nodes", "greedy_threshold", "greedy_threshold_x_numa", "perf", "balancer"})
      variables_[name].resize(4);
    for (const char* name : {"direct_greedy_numa", "kthreads_local", "fifo_sched", "mempolicy_affinity"})
      variables_[name].resize(1);
    variables_["load_half_life"].resize(8);
    variables_["cpu_dom"].resize(4 * RUSTY_MAX_CPUS);
    variables_["dom_node"].resize(4 * RUSTY_MAX_DOMS);
    variables_["tune"].resize(sizeof(rusty_tune));
    variables_["active"].resize(sizeof(rusty_active) * RUSTY_MAX_DOMS);
  }

  Nanos now() const override { return time; }
  const Machine& machine() const override { return machine_; }
  std::vector<CpuUse> cpu_use() override { return use_; }
  std::span<std::byte> variable(const std::string& name) override {
    auto found = variables_.find(name);
    if (found == variables_.end()) throw Error("fake", "no variable " + name);
    return found->second;
  }
  bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value) override {
    auto& entries = maps_[map];
    auto found = entries.find(text(key));
    if (found == entries.end()) return false;
    SIMSCHED_CHECK(found->second.size() == value.size(), map);
    std::memcpy(value.data(), found->second.data(), value.size());
    return true;
  }
  bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value) override {
    maps_[map][text(key)] = {value.begin(), value.end()};
    return true;
  }
  std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu) override {
    auto& value = arrays_[{map, index, cpu.value()}];
    value.resize(8);
    return value;
  }

  // ---- for the test ----
  template <class T>
  T& global(const std::string& name) {
    return *reinterpret_cast<T*>(variable(name).data());
  }
  template <class T>
  void put(const std::string& map, uint32_t key, const T& value) {
    map_update(map, std::as_bytes(std::span(&key, 1)), std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  bool get(const std::string& map, uint32_t key, T* value) {
    return map_lookup(map, std::as_bytes(std::span(&key, 1)), std::as_writable_bytes(std::span(value, 1)));
  }
  size_t size(const std::string& map) { return maps_[map].size(); }
  void erase(const std::string& map, uint32_t key) { maps_[map].erase(text(std::as_bytes(std::span(&key, 1)))); }
  // Lets time pass while the CPU is busy for so many percent of it.
  void pass(Nanos duration, const std::vector<int64_t>& busy_percent) {
    time += duration;
    for (size_t cpu = 0; cpu < use_.size(); ++cpu) {
      use_[cpu].total += duration;
      use_[cpu].busy += duration * busy_percent[cpu] / 100;
    }
  }
  // A task that has always been runnable and runs in the domain.
  void add_task(int32_t pid, uint32_t dom, uint32_t weight, uint64_t dom_mask) {
    rusty_task_load task{};
    task.duty = {.val = 1, .val_at = 0, .old = 1 << 20, .cur = 0};
    task.id = static_cast<uint64_t>(pid) + 1000;
    task.dom_mask = dom_mask;
    task.dom_id = dom;
    task.weight = weight;
    put("task_loads", static_cast<uint32_t>(pid), task);
    note_ran(pid, dom);
    uint32_t index = dom * RUSTY_BUCKETS + std::min<uint32_t>(weight / 100, RUSTY_BUCKETS - 1);
    rusty_bucket bucket{};
    get("buckets", index, &bucket);
    ++bucket.load.val;
    bucket.load.old += 1 << 20;
    put("buckets", index, bucket);
  }
  void note_ran(int32_t pid, uint32_t dom) {
    rusty_active& list = reinterpret_cast<rusty_active*>(variable("active").data())[dom];
    list.pids[list.write_idx++ % RUSTY_MAX_ACTIVE] = pid;
  }

  Nanos time{0};

 private:
  using Bytes = std::vector<std::byte>;
  static std::string text(std::span<const std::byte> key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
  }
  Machine machine_;
  std::vector<CpuUse> use_;
  std::map<std::string, Bytes> variables_;
  std::map<std::string, std::map<std::string, Bytes>> maps_;  // entries by the bytes of their keys
  std::map<std::tuple<std::string, uint32_t, int32_t>, Bytes> arrays_;
};

// `llcs` caches of `cpus` CPUs on each of `nodes` nodes.
inline Machine grid_machine(int nodes, int llcs, int cpus) {
  MachineSpec spec;
  spec.name = "grid";
  for (int n = 0, l = 0, c = 0; n < nodes; ++n)
    for (int i = 0; i < llcs; ++i, ++l)
      for (int j = 0; j < cpus; ++j, ++c) spec.cpus.push_back({.core = CoreId(c), .llc = LlcId(l), .node = NodeId(n)});
  return Machine(std::move(spec));
}

}  // namespace simsched::rusty
