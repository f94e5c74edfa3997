// Strong index types: a CPU cannot be passed where a task is meant. Each is a dense index from 0;
// the default value is "none".
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace simsched {

template <class Tag>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(int32_t value) : value_(value) {}
  constexpr explicit Id(size_t value) : value_(static_cast<int32_t>(value)) {}

  constexpr bool valid() const { return value_ >= 0; }
  constexpr int32_t value() const { return value_; }
  constexpr size_t index() const { return static_cast<size_t>(value_); }
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  int32_t value_ = -1;
};

using CpuId = Id<struct CpuTag>;    // logical CPU (hardware thread)
using CoreId = Id<struct CoreTag>;  // physical core
using LlcId = Id<struct LlcTag>;    // last-level cache
using NodeId = Id<struct NodeTag>;  // NUMA node
using ClusterId = Id<struct ClusterTag>;    // cores of an LLC that share a cache below it (an L2)
using CoreTypeId = Id<struct CoreTypeTag>;  // kind of core
using PowerDomainId = Id<struct PowerDomainTag>;  // CPUs with one clock and one supply
using TaskId = Id<struct TaskTag>;  // a thread, the kernel's task_struct
using TokenId = Id<struct TokenTag>;      // counting token (semaphore) of a workload
using ChannelId = Id<struct ChannelTag>;  // pipe or socket direction of a workload
using GroupId = Id<struct GroupTag>;      // task group (autogroup or cgroup); 0 is the root group
using AffinityId = Id<struct AffinityTag>;  // interned CpuSet of a workload; 0 is "every CPU"

}  // namespace simsched
