#include "bpf/vm_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kReserve = uint64_t{1} << 36;  // 64 GiB of addresses; memory is only used as it is filled
constexpr uint64_t kLeastReserve = uint64_t{1} << 28;
constexpr uint64_t kStep = uint64_t{1} << 20;
constexpr uint64_t kReturned = uint64_t{1} << 16;  // freed blocks of this size give their pages back
constexpr uint64_t kSystemPage = 4096;
constexpr uint64_t kQuarantineBytes = uint64_t{1} << 30;  // ... and are kept from use up to these in all

void* reserve(uint64_t bytes) {
  void* const p = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

uint64_t granules(uint64_t bytes) { return std::max<uint64_t>(1, (bytes + kGranule - 1) >> VM_GRANULE_SHIFT); }
uint64_t perm_bytes(uint64_t bytes) { return ((bytes >> VM_GRANULE_SHIFT) + kStep) & ~(uint64_t{4095}); }

}  // namespace

Memory::Memory(vm& guest) : vm_(guest) {
  for (reserved_ = kReserve; reserved_ >= kLeastReserve; reserved_ /= 4) {
    void* const memory = reserve(reserved_);
    void* const permissions = memory != nullptr ? reserve(perm_bytes(reserved_)) : nullptr;
    if (permissions != nullptr) {
      vm_.mem = static_cast<unsigned char*>(memory);
      vm_.perm = perm_ = static_cast<unsigned char*>(permissions);
      vm_.size = 0;
      if (!grow(kStep)) break;
      return;
    }
    if (memory != nullptr) munmap(memory, reserved_);
  }
  if (perm_ != nullptr) {
    munmap(vm_.mem, reserved_);
    munmap(perm_, perm_bytes(reserved_));
  }
  throw Error("", "no address space for the memory of a policy", "raise the limit (ulimit -v)");
}

Memory::~Memory() {
  munmap(vm_.mem, reserved_);
  munmap(perm_, perm_bytes(reserved_));
}

bool Memory::grow(uint64_t end) {
  if (end <= vm_.size) return true;
  if (end > reserved_) return false;
  // In steps that grow along, so that the number of calls stays small and the waste in proportion.
  const uint64_t step = std::clamp(vm_.size / 4, kStep, 256 * kStep);
  const uint64_t size = std::min(reserved_, (std::max(end, vm_.size + step) + kStep - 1) & ~(kStep - 1));
  // The permissions of the whole size are mapped in any case: one entry more than there are granules, all zero.
  const uint64_t permissions = ((size >> VM_GRANULE_SHIFT) + 1 + 4095) & ~uint64_t{4095};
  if (mprotect(vm_.mem, size, PROT_READ | PROT_WRITE) != 0) return false;
  if (mprotect(perm_, permissions, PROT_READ | PROT_WRITE) != 0) return false;
  vm_.size = size;
  return true;
}

void Memory::start_heap(uint64_t address) { heap_ = top_ = (address - VM_BASE + kGranule - 1) & ~(kGranule - 1); }

bool Memory::take(uint64_t bytes) {
  if (bytes > limit_ || held_ > limit_ - bytes) {
    refused_ = true;
    return false;
  }
  held_ += bytes;
  return true;
}

bool Memory::place(uint64_t address, uint64_t size, int perm) {
  if (address < VM_BASE || size > reserved_ || address - VM_BASE > reserved_ - size) return false;
  if (!take(size)) return false;
  if (!grow(address - VM_BASE + size)) return false;
  protect(address, size, perm);
  if (arena_ != 0 && address - VM_BASE >= arena_) arena_end_ = std::max<uint64_t>(arena_end_, address - VM_BASE + size);
  return true;
}

void Memory::remove(uint64_t address, uint64_t size) {
  protect(address, size, 0);
  held_ -= size;
  if (madvise(host(address), size, MADV_DONTNEED) != 0) std::memset(host(address), 0, size);
}

uint64_t Memory::allocate(uint64_t size, int perm, BlockKind kind) {
  if (size > reserved_) return 0;
  const uint64_t count = granules(size);
  FreeList& list = free_[count];
  const uint64_t bytes = count << VM_GRANULE_SHIFT;
  uint64_t address = 0;
  // Oldest first, and only behind the quarantine: what was freed is used again as late as possible.
  if (list.count >= kQuarantine || list.count * bytes >= kQuarantineBytes) {
    if (bytes >= kReturned && !take(bytes)) return 0;
    address = list.first;
    list.first = header(address)->next_free;
    if (--list.count == 0) list.last = 0;
    std::memset(host(address), 0, bytes);
  } else {
    const uint64_t end = top_ + kGranule + bytes;
    if (end > (arena_ != 0 ? arena_ : reserved_) - kGranule || !take(kGranule + bytes) || !grow(end + kGranule))
      return 0;
    address = VM_BASE + top_ + kGranule;
    top_ = end;
  }
  new (host(address - kGranule)) Block{.address = address, .size = size, .kind = kind, .refs = 1};
  protect(address, bytes, perm);
  used_ += (count + 1) << VM_GRANULE_SHIFT;
  return address;
}

void Memory::release(Block& freed) {
  const uint64_t count = granules(freed.size), bytes = count << VM_GRANULE_SHIFT;
  protect(freed.address, bytes, 0);
  used_ -= bytes + kGranule;
  freed.kind = BlockKind::kFree;
  freed.next_free = 0;
  if (bytes >= kReturned) {
    held_ -= bytes;
    clear(freed.address - VM_BASE, freed.address - VM_BASE + bytes);
  }
  FreeList& list = free_[count];
  if (list.count++ == 0) {
    list.first = freed.address;
  } else {
    header(list.last)->next_free = freed.address;
  }
  list.last = freed.address;
}

void Memory::protect(uint64_t address, uint64_t size, int perm) {
  const uint64_t offset = address - VM_BASE;
  const uint64_t first = offset >> VM_GRANULE_SHIFT, last = (offset + size + kGranule - 1) >> VM_GRANULE_SHIFT;
  std::memset(perm_ + first, perm, last - first);
}

void Memory::clear(uint64_t from, uint64_t to) {
  const uint64_t first = (from + kSystemPage - 1) & ~(kSystemPage - 1), end = to & ~(kSystemPage - 1);
  const bool returned =
      to - from >= kReturned && end > first && madvise(vm_.mem + first, end - first, MADV_DONTNEED) == 0;
  if (!returned) {
    std::memset(vm_.mem + from, 0, to - from);
    return;
  }
  std::memset(vm_.mem + from, 0, first - from);
  std::memset(vm_.mem + end, 0, to - end);
}

void Memory::assign(const Memory& other) {
  SIMSCHED_CHECK(heap_ == other.heap_, "the memories of one object are laid out alike");
  if (!grow(other.vm_.size)) throw Error("", "no memory for the copy of a policy's memory", "run fewer at a time");
  const auto copy = [&](uint64_t from, uint64_t to) { std::memcpy(vm_.mem + from, other.vm_.mem + from, to - from); };
  // A free block has a header only: it is cleared before it is used again.
  uint64_t from = 0, at = heap_;
  while (at < other.top_) {
    const Block& block = *other.header(VM_BASE + at + kGranule);
    const uint64_t begin = at + kGranule;
    at = begin + (granules(block.size) << VM_GRANULE_SHIFT);
    if (block.kind != BlockKind::kFree) continue;
    copy(from, begin);
    from = at;
  }
  copy(from, at);
  const uint64_t end = other.top_ >> VM_GRANULE_SHIFT;
  std::memcpy(perm_, other.perm_, end);
  if (top_ > other.top_) {  // what was never allocated is zero
    clear(other.top_, top_);
    std::memset(perm_ + end, 0, (top_ - other.top_) >> VM_GRANULE_SHIFT);
  }
  if (arena_end_ > other.arena_end_) {
    clear(other.arena_end_, arena_end_);
    std::memset(perm_ + (other.arena_end_ >> VM_GRANULE_SHIFT), 0, (arena_end_ - other.arena_end_) >> VM_GRANULE_SHIFT);
  }
  copy(other.arena_, other.arena_end_);
  std::memcpy(perm_ + (other.arena_ >> VM_GRANULE_SHIFT), other.perm_ + (other.arena_ >> VM_GRANULE_SHIFT),
              (other.arena_end_ - other.arena_) >> VM_GRANULE_SHIFT);
  arena_end_ = other.arena_end_;
  top_ = other.top_;
  used_ = other.used_;
  held_ = other.held_;
  refused_ = other.refused_;
  free_ = other.free_;
}

Block* Memory::block(uint64_t address) {
  const uint64_t offset = address - VM_BASE;
  if (offset < heap_ + kGranule || offset >= top_ || offset % kGranule != 0) return nullptr;
  // A header is what lies between a granule without permission and one with: the policy cannot have written it.
  const uint64_t g = offset >> VM_GRANULE_SHIFT;
  if (perm_[g - 1] != 0 || perm_[g] == 0) return nullptr;
  Block* const found = header(address);
  return found->address == address && found->kind != BlockKind::kFree ? found : nullptr;
}

Block* Memory::block_containing(uint64_t address) {
  const uint64_t offset = address - VM_BASE;
  if (offset < heap_ || offset >= top_) return nullptr;
  uint64_t g = offset >> VM_GRANULE_SHIFT;
  if (perm_[g] == 0) return nullptr;
  while (perm_[g - 1] != 0) --g;
  return block(VM_BASE + (g << VM_GRANULE_SHIFT));
}

}  // namespace simsched::bpf
