// For tests: a Vm whose object is built by hand and whose functions are C++.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"
#include "bpf/vm.h"

namespace simsched::bpf {

class TestHost : public VmHost {
 public:
  Nanos now() const override { return time; }
  CpuId this_cpu() const override { return cpu; }
  void arm_timer(uint64_t timer, Nanos at) override { timers[timer] = at; }
  void cancel_timer(uint64_t timer) override { timers.erase(timer); }
  void print(const std::string& text) override { printed.push_back(text); }
  uint64_t current_pid_tgid() override { return uint64_t{7} << 32 | 8; }
  std::string current_comm() override { return "a-rather-long-comm"; }
  void release_kptr(uint64_t address) override { released.push_back(address); }

  Nanos time{0};
  CpuId cpu{0};
  std::map<uint64_t, Nanos> timers;
  std::vector<std::string> printed;
  std::vector<uint64_t> released;
};

// Builds the object, then start() makes the Vm. Function 0 runs what run() is given; functions 1 to 4 are callbacks.
class Harness {
 public:
  using Callback = std::function<uint64_t(std::array<uint64_t, 5>)>;

  explicit Harness(size_t nr_cpus = 4) : object_(std::make_shared<BpfObject>()), nr_cpus_(nr_cpus) {
    object_->name = "x";
    for (const char* name : {"main", "callback1", "callback2", "callback3", "callback4"}) object_->functions.emplace_back().name = name;
    object_->code = &kCode;
    object_->sections.push_back({".bss", kBss, true, std::vector<std::byte>(kBssSize), 0});
    for (const VmExport& e : generic_exports()) {
      index_[e.name != nullptr ? e.name : std::to_string(e.id)] = object_->calls.size();
      object_->calls.push_back({e.name == nullptr, e.id, e.name != nullptr ? e.name : "", false});
    }
  }

  BpfObject& object() { return *object_; }
  uint64_t add_map(const std::string& name, uint32_t type, uint32_t key_size, uint32_t value_size,
                   uint32_t max_entries) {
    BpfMap map;
    map.name = name;
    map.type = type;
    map.key_size = key_size;
    map.value_size = value_size;
    map.max_entries = max_entries;
    map.address = kMaps + object_->maps.size() * kGranule;
    object_->maps.push_back(map);
    return map.address;
  }
  Vm& start() {
    vm_ = std::make_unique<Vm>(object_, host, std::span<const VmExport>{}, nr_cpus_, 1);
    vm_->user = this;
    return *vm_;
  }
  Vm& vm() { return *vm_; }

  // Runs `code` as the policy.
  uint64_t run(std::function<uint64_t()> code) {
    code_.swap(code);
    const uint64_t result = vm_->call(0, {});
    code_.swap(code);
    return result;
  }
  // Calls a helper by number or a kfunc by name, as the policy.
  uint64_t raw(const std::string& name, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0,
               uint64_t e = 0) {
    return vm_->trap != 0 ? 0 : vm_->calls[index_.at(name)](vm_.get(), a, b, c, d, e);
  }
  uint64_t raw(uint32_t id, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0, uint64_t e = 0) {
    return raw(std::to_string(id), a, b, c, d, e);
  }
  template <class Id>
  uint64_t call(Id id, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0, uint64_t e = 0) {
    return run([&] { return raw(id, a, b, c, d, e); });
  }
  template <class Id>
  int64_t signed_call(Id id, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0, uint64_t e = 0) {
    return static_cast<int64_t>(call(id, a, b, c, d, e));
  }

  template <class T>
  uint64_t put(uint64_t offset, T value) {  // into .bss
    std::memcpy(vm_->at(kBss + offset), &value, sizeof(value));
    return kBss + offset;
  }
  uint64_t put_text(uint64_t offset, const char* text) {
    std::memcpy(vm_->at(kBss + offset), text, std::strlen(text) + 1);
    return kBss + offset;
  }
  template <class T>
  T get(uint64_t address) {
    T value;
    std::memcpy(&value, vm_->at(address), sizeof(value));
    return value;
  }
  static uint64_t pointer(size_t callback) { return VM_FUNC_BASE + 16 * callback; }
  std::string trapped() const { return vm_->trap_info() ? vm_->trap_info()->text() : ""; }

  static constexpr uint64_t kBss = VM_BASE + 4096, kBssSize = 8192, kMaps = kBss + kBssSize + 4096;
  TestHost host;
  Callback callbacks[5];

 private:
  static Harness& of(struct vm* machine) { return *static_cast<Harness*>(static_cast<Vm*>(machine)->user); }
  static uint64_t main_function(struct vm* machine, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return of(machine).code_();
  }
  template <size_t kIndex>
  static uint64_t callback(struct vm* machine, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
    return of(machine).callbacks[kIndex] ? of(machine).callbacks[kIndex]({a, b, c, d, e}) : 0;
  }
  static constexpr vm_func kFunctions[] = {main_function, callback<1>, callback<2>, callback<3>, callback<4>};
  static constexpr vm_code kCode = {5, kFunctions};

  std::shared_ptr<BpfObject> object_;
  size_t nr_cpus_;
  std::unique_ptr<Vm> vm_;
  std::function<uint64_t()> code_;
  std::map<std::string, size_t> index_;
};

}  // namespace simsched::bpf
