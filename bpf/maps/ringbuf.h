// BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c). A record is a block of guest memory until it is submitted; the
// user-space half takes complete records in the order in which they were reserved.
#pragma once

#include <deque>
#include <functional>
#include <span>

#include "bpf/maps/map.h"

namespace simsched::bpf {

class RingbufMap : public Map {
 public:
  RingbufMap(Vm& vm, uint32_t index);

  uint64_t reserve(uint64_t size);  // address of the record; 0: no room
  void commit(Block& record, bool discard);
  int64_t output(const std::byte* data, uint64_t size);  // -EAGAIN: no room
  uint64_t query(uint64_t what) const;                   // BPF_RB_*
  size_t drain(const std::function<void(std::span<const std::byte>)>& take);

 private:
  struct Record {
    uint64_t address, size;
    enum : uint8_t { kBusy, kDone, kDiscarded } state;
  };
  uint64_t ring_;  // bytes
  std::deque<Record> records_;
  uint64_t first_ = 0;                    // number of records_.front()
  uint64_t produced_ = 0, consumed_ = 0;  // positions in the ring, bytes
};

}  // namespace simsched::bpf
