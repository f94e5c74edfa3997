#include "sim/wasted_idle.h"

#include <algorithm>

namespace simsched {

void WastedIdle::reset(const Machine& machine, const std::vector<CpuSet>& affinities) {
  const auto nr_nodes = static_cast<uint32_t>(machine.nr_nodes()), nr_llcs = static_cast<uint32_t>(machine.nr_llcs());
  *this = {};
  places_.resize(1 + nr_nodes + nr_llcs);
  use_.resize(machine.nr_cpus());
  masks_of_cpu_.resize(machine.nr_cpus());
  for (CpuId cpu : machine.cpus()) {
    const Cpu& at = machine.cpu(cpu);
    of_cpu_.push_back(
        {1 + nr_nodes + static_cast<uint32_t>(at.llc.index()), 1 + static_cast<uint32_t>(at.node.index()), 0});
  }
  for (const CpuSet& cpus : affinities) {
    masks_.push_back(cpus == affinities[0] ? kAnywhere : kNowhere);
    if (masks_.back() == kAnywhere || cpus.size() < 2) continue;
    masks_.back() = static_cast<uint32_t>(places_.size());
    places_.emplace_back();
    for (CpuId cpu : cpus) masks_of_cpu_[cpu.index()].push_back(masks_.back());
  }
}

void WastedIdle::account(Nanos now) {
  sum_ = until(now);
  since_ = now;
}

WastedTime WastedIdle::until(Nanos now) const {
  const Nanos stretch = now - since_;
  WastedTime sum = sum_;
  if (wasted_[kMachine] + confined_ == 0) return sum;
  sum.all += stretch * std::min<int64_t>(places_[0].idle, wasted_[kMachine] + confined_);
  sum.llc += stretch * wasted_[kLlc];
  sum.node += stretch * (wasted_[kNode] - wasted_[kLlc]);
  sum.remote += stretch * (wasted_[kMachine] - wasted_[kNode]);
  return sum;
}

int WastedIdle::add(uint32_t place, int64_t& wasted, int idle, int waiting) {
  Place& at = places_[place];
  const int before = std::max(at.waiting, 0);
  wasted -= at.wasted();
  at.idle += idle;
  at.waiting += waiting;
  wasted += at.wasted();
  return std::max(at.waiting, 0) - before;
}

void WastedIdle::change(Nanos now, CpuId cpu, Use use, int waiting) {
  Use& used = use_[cpu.index()];
  const int idle = (use == Use::kIdle) - (used == Use::kIdle);
  waiting -= (use == Use::kLeaving) - (used == Use::kLeaving);
  used = use;
  if (idle == 0 && waiting == 0) return;
  account(now);
  // A CPU that leaves takes of the tasks near it.
  for (size_t level = 0; level < kNrLevels; ++level)
    waiting = add(of_cpu_[cpu.index()][level], wasted_[level], idle, waiting);
  if (idle != 0)
    for (uint32_t mask : masks_of_cpu_[cpu.index()]) add(mask, confined_, idle, 0);
}

int WastedIdle::confined(Nanos now, AffinityId affinity, int by) {
  const uint32_t mask = masks_[affinity.index()];
  if (mask == kNowhere) return 0;
  account(now);
  add(mask, confined_, 0, by);
  return 0;
}

}  // namespace simsched
