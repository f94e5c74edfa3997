// The least machine on which translated code runs; for tests of the translator and the object reader.
#pragma once

#include <cstring>
#include <initializer_list>
#include <vector>

#include "bpf/object.h"

namespace simsched::bpf {

class MiniVm : public vm {
 public:
  static constexpr uint64_t kGranule = uint64_t{1} << VM_GRANULE_SHIFT;

  // `room` bytes that are not mapped, then a stack.
  explicit MiniVm(uint64_t room) : vm() {
    room = (room + kGranule - 1) / kGranule * kGranule + kGranule;
    size = room + VM_STACK_FRAME * VM_MAX_FRAMES;
    memory_.resize(size);
    permissions_.resize((size >> VM_GRANULE_SHIFT) + 1);
    mem = memory_.data();
    vm::perm = permissions_.data();
    map(VM_BASE + room, size - room, VM_READ | VM_WRITE);
    sp = VM_BASE + size;
    budget = 1000;
    missing_call = nothing;
  }
  // With the object's sections and map handles in place. All calls are missing until one is set.
  explicit MiniVm(const BpfObject& object, uint64_t nr_cpus = 1) : MiniVm(object.end_address() - VM_BASE) {
    for (const BpfSection& section : object.sections) {
      map(section.address, section.size_for(nr_cpus), section.writable ? VM_READ | VM_WRITE : VM_READ);
      if (!section.data.empty()) std::memcpy(at(section.address), section.data.data(), section.data.size());
    }
    for (const BpfMap& handle : object.maps) map(handle.address, kGranule, VM_READ);
    calls_.assign(object.calls.size(), nothing);
    calls = calls_.data();
    code_ = object.code;
  }
  MiniVm(const MiniVm&) = delete;

  void map(uint64_t address, uint64_t bytes, int permission) {
    for (uint64_t at = 0; at < bytes; at += kGranule) {
      permissions_[(address + at - VM_BASE) >> VM_GRANULE_SHIFT] = static_cast<unsigned char>(permission);
    }
  }
  unsigned char* at(uint64_t address) { return mem + (address - VM_BASE); }
  template <class T>
  T read(uint64_t address) {
    T value;
    std::memcpy(&value, at(address), sizeof value);
    return value;
  }
  template <class T>
  void write(uint64_t address, T value) {
    std::memcpy(at(address), &value, sizeof value);
  }

  void set_call(size_t number, vm_func function) { calls_.at(number) = function; }
  uint64_t call(size_t function, std::initializer_list<uint64_t> arguments = {}) {
    uint64_t r[5] = {};
    std::copy(arguments.begin(), arguments.end(), r);
    return code_->functions[function](this, r[0], r[1], r[2], r[3], r[4]);
  }
  static uint64_t nothing(vm*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return 0; }

 private:
  std::vector<unsigned char> memory_, permissions_;
  std::vector<vm_func> calls_;
  const vm_code* code_ = nullptr;
};

}  // namespace simsched::bpf
