// cpumasks in guest memory.

#include <algorithm>

#include "scx_port/host/kernel_objects.h"

namespace simsched::bpf {

uint64_t KernelObjects::make_mask() { return vm_.allocate(mask_bytes_, VM_READ); }

void KernelObjects::write_mask(uint64_t mask, const CpuSet& cpus) {
  auto* words = vm_.at<uint64_t>(mask);
  std::span<const uint64_t> from = cpus.words();
  size_t used = std::min(from.size(), mask_words_);
  std::copy_n(from.begin(), used, words);
  std::fill_n(words + used, mask_words_ - used, uint64_t{0});
}

// Made when it is asked for first.
uint64_t KernelObjects::made_mask(uint64_t* mask, const CpuSet& cpus) {
  if (*mask == 0) {
    *mask = make_mask();
    write_mask(*mask, cpus);
  }
  return *mask;
}

uint64_t KernelObjects::mask_of(TaskId task) {
  const size_t affinity = kernel_.affinity_id(task).index();
  if (affinity >= masks_.of_affinity.size()) masks_.of_affinity.resize(affinity + 1);
  return made_mask(&masks_.of_affinity[affinity], kernel_.affinity(task));
}

uint64_t KernelObjects::possible_mask() { return made_mask(&masks_.possible, kernel_.machine().cpus()); }

uint64_t KernelObjects::online_mask() {
  made_mask(&masks_.online, kernel_.online_cpus());
  write_mask(masks_.online, kernel_.online_cpus());  // CPUs come and go
  return masks_.online;
}

uint64_t KernelObjects::mask_of_task(TaskId task) {
  uint64_t address = this->task(task);
  return layout_.cpus_ptr ? layout_.cpus_ptr.get(vm_.at(address)) : mask_of(task);
}

uint64_t KernelObjects::transient_mask(const CpuSet& cpus) {
  if (masks_.transient == 0) masks_.transient = make_mask();
  write_mask(masks_.transient, cpus);
  return masks_.transient;
}

// scx_cpumask_to_cmask(): of all cids from 0 on.
uint64_t KernelObjects::transient_cmask(const CpuSet& cpus, const CidMap& cids) {
  constexpr const char* kType = "scx_cmask";
  const Btf& btf = vm_.object().btf;
  const auto bits = btf.member(kType, "bits");
  const size_t words = (cids.size() + 63) / 64 + 1, offset = bits ? static_cast<size_t>(bits->offset) : 0;
  if (masks_.transient_cmask == 0) masks_.transient_cmask = vm_.allocate(offset + words * sizeof(uint64_t), VM_READ);
  std::byte* const mask = vm_.at(masks_.transient_cmask);
  Member(btf, kType, {"base"}).put(mask, 0);
  Member(btf, kType, {"nr_cids", "nr_bits"}).put(mask, cids.size());
  Member(btf, kType, {"alloc_words"}).put(mask, words);
  auto* const at = vm_.at<uint64_t>(masks_.transient_cmask + offset);
  std::fill_n(at, words, uint64_t{0});
  for (CpuId cpu : cpus) {
    const auto cid = static_cast<size_t>(cids.cid(cpu));
    at[cid / 64] |= uint64_t{1} << cid % 64;
  }
  return masks_.transient_cmask;
}

const CpuSet* KernelObjects::mask_argument(uint64_t address, const char* kfunc) {
  if (address == 0) {
    vm_.refuse(std::string(kfunc) + "() is passed a null cpumask");
    return nullptr;
  }
  if (address % 8 != 0 || !vm_.mapped(address, mask_words_ * 8, VM_READ)) {
    vm_.refuse(std::string(kfunc) + "() is passed a pointer that is no cpumask");
    return nullptr;
  }
  std::copy_n(vm_.at<uint64_t>(address), mask_words_, argument_words_.begin());
  // A mask may have bits of CPUs that do not exist, as for_each_cpu() would never see.
  if (size_t rest = vm_.nr_cpus() % 64) argument_words_.back() &= (uint64_t{1} << rest) - 1;
  argument_mask_.assign(argument_words_);
  return &argument_mask_;
}

}  // namespace simsched::bpf
