#include "bpf/maps/ringbuf.h"

#include <linux/bpf.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"

namespace simsched::bpf {
namespace {

// Bytes that a record takes in the ring: an 8-byte header before it, both rounded up to 8.
uint64_t footprint(uint64_t size) { return (size + BPF_RINGBUF_HDR_SZ + 7) & ~uint64_t{7}; }

}  // namespace

// libbpf rounds the size up to a power of two and whole pages (adjust_ringbuf_sz()).
RingbufMap::RingbufMap(Vm& vm, uint32_t index)
    : Map(vm, index), ring_(std::bit_ceil(std::max<uint64_t>(spec_.max_entries, 4096))) {
  if (spec_.max_entries == 0) {
    throw Error(vm.object().name, "ring buffer " + spec_.name + " has no max_entries", "set it to the size in bytes");
  }
}

uint64_t RingbufMap::reserve(uint64_t size) {
  const uint64_t taken = footprint(size);
  // The ring is never full to the last byte: the kernel compares with size - 1.
  if (size > UINT32_MAX / 4 || state_.produced + taken - state_.consumed > ring_ - 1) {
    return 0;
  }
  const uint64_t address = vm_.memory().allocate(size, kPerm, BlockKind::kRingRecord);
  if (address == 0) return 0;
  Block& block = vm_.memory().own(address);
  block.type = index_;
  block.tag = state_.first + state_.records.size();
  state_.produced += taken;
  state_.records.push_back({address, size, Record::kBusy});
  return address;
}

void RingbufMap::commit(Block& record, bool discard) {
  vm_.protect(record.address, record.size, 0);  // no longer the policy's
  state_.records[record.tag - state_.first].state = discard ? Record::kDiscarded : Record::kDone;
}

int64_t RingbufMap::output(const std::byte* data, uint64_t size) {
  const uint64_t address = reserve(size);
  if (address == 0) return -EAGAIN;
  std::memcpy(vm_.at(address), data, size);
  commit(vm_.memory().own(address), false);
  return 0;
}

uint64_t RingbufMap::query(uint64_t what) const {
  switch (what) {
    case BPF_RB_AVAIL_DATA:
      return state_.produced - state_.consumed;
    case BPF_RB_RING_SIZE:
      return ring_;
    case BPF_RB_CONS_POS:
      return state_.consumed;
    case BPF_RB_PROD_POS:
      return state_.produced;
    default:
      return 0;
  }
}

size_t RingbufMap::drain(const std::function<void(std::span<const std::byte>)>& take) {
  size_t taken = 0;
  while (!state_.records.empty() && state_.records.front().state != Record::kBusy) {
    const Record record = state_.records.front();
    state_.records.pop_front();
    ++state_.first;
    state_.consumed += footprint(record.size);
    if (record.state == Record::kDone) {
      take({vm_.at(record.address), record.size});
      ++taken;
    }
    vm_.memory().release(vm_.memory().own(record.address));
  }
  return taken;
}

std::unique_ptr<Map> make_ringbuf(Vm& vm, uint32_t index) { return std::make_unique<RingbufMap>(vm, index); }

}  // namespace simsched::bpf
