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

  void assign(const Map& other) override { state_ = static_cast<const RingbufMap&>(other).state_; }
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
  struct State {
    std::deque<Record> records;
    uint64_t first = 0;                   // number of records.front()
    uint64_t produced = 0, consumed = 0;  // positions in the ring, bytes
  };
  uint64_t ring_;  // bytes
  State state_;
};

}  // namespace simsched::bpf
