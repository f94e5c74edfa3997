// The user-space half of a policy: code that runs beside the BPF program, now and then, on its globals and maps. The
// same C++ is driven by simulated time in the simulator and by real time in the loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "ml/model/model_file.h"
#include "topology/machine.h"

namespace simsched {

// What it can see and do. In the simulator a Vm answers, in the loader libbpf does.
class UserHost {
 public:
  virtual ~UserHost() = default;
  virtual Nanos now() const = 0;
  virtual const Machine& machine() const = 0;
  // By CPU: time spent busy (not idle, not waiting for I/O) and in all since some fixed instant, as /proc/stat has it.
  struct CpuUse {
    Nanos busy, total;
  };
  virtual std::vector<CpuUse> cpu_use() = 0;
  // A global variable of the BPF program (.rodata only before it starts). Throws Error when there is none of that name.
  virtual std::span<std::byte> variable(const std::string& name) = 0;
  virtual bool map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value) = 0;
  virtual bool map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value) = 0;
  // The value of an array or per-CPU array in place.
  virtual std::span<std::byte> map_value(const std::string& map, uint32_t index, CpuId cpu = {}) = 0;
};

class UserHalf {
 public:
  virtual ~UserHalf() = default;
  // Becomes like `other`, one of the same options that has been through before_start() on the same machine.
  virtual void assign(const UserHalf& other) = 0;
  virtual void before_start(UserHost&) {}   // sets .rodata and the initial globals; there may be no maps yet
  virtual void before_attach(UserHost&) {}  // fills maps; nothing runs yet
  virtual void after_start(UserHost&) {}    // the policy runs
  virtual Nanos next(Nanos now) const = 0;  // when run() is due next; Nanos::max(): never
  virtual void run(UserHost&) = 0;
  virtual const mlp::ModelFile* model() const { return nullptr; }  // that the policy starts with, where it has one
  // That it has decide one at a time; they lie in the slots from 1 on.
  virtual std::span<const mlp::ModelFile> experts() const { return {}; }
  // Statistics of the policy, by name, in a fixed order.
  virtual std::vector<std::pair<std::string, int64_t>> counters(UserHost&) { return {}; }
};

}  // namespace simsched
