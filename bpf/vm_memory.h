// Guest memory of a Vm: one reservation of address space that is filled from the bottom, and the allocator of its heap.
//
// Every allocation is preceded by a granule that the policy cannot touch. It keeps an access that runs past the end
// of the block before from reaching this one, and holds what the host knows of the block: a policy can pass any
// number where a pointer is meant, and this tells what it points to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "bpf/vm_abi.h"

namespace simsched::bpf {

constexpr uint64_t kGranule = uint64_t{1} << VM_GRANULE_SHIFT;

// What a block of the heap is.
enum class BlockKind : uint32_t {
  kFree = 0,
  kPlain,         // Vm::allocate(): of the scheduler's host
  kMapValue,      // type: index of the map; tag: number of the entry in it
  kObject,        // bpf_obj_new(); type: BTF id
  kPercpuObject,  // bpf_percpu_obj_new(); tag: bytes from one CPU's to the next
  kCpumask,       // bpf_cpumask_create()
  kRingRecord,    // bpf_ringbuf_reserve(); type: index of the map; tag: number of the record
  kBits,          // bpf_iter_bits_new() of more than a word
};

struct Block {
  uint64_t address = 0;
  uint64_t size = 0;  // as asked for
  BlockKind kind = BlockKind::kFree;
  uint32_t type = 0;
  uint64_t refs = 0;
  uint64_t tag = 0;
  uint64_t next_free = 0;  // address of the block freed after this one
};
static_assert(sizeof(Block) <= kGranule);

class Memory {
 public:
  explicit Memory(vm& guest);  // sets mem, perm and size, and keeps them current. Throws Error without address space
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Bottom of the heap, and so the end of what place() may use. Called once, before any allocate().
  void start_heap(uint64_t address);
  // What all that is placed and allocated may add up to, as a memory cgroup's limit would; more is refused.
  void set_limit(uint64_t bytes) { limit_ = bytes; }
  uint64_t limit() const { return limit_; }
  bool refused() const { return refused_; }  // something was, so far
  // Makes a range outside of the heap usable. False: too large.
  bool place(uint64_t address, uint64_t size, int perm);
  void remove(uint64_t address, uint64_t size);  // what place() made usable, in whole pages
  // From here on lies an arena, of which only place() and remove() know; the heap ends before it.
  void set_arena(uint64_t address) { arena_ = arena_end_ = address - VM_BASE; }

  uint64_t allocate(uint64_t size, int perm, BlockKind kind);  // zeroed; 0: no more memory
  void release(Block& block);
  void protect(uint64_t address, uint64_t size, int perm);
  // Becomes like `other`, of a Vm of the same object: copies what is in use there. Throws Error when there is no room.
  void assign(const Memory& other);

  Block* block(uint64_t address);             // that starts here and is in use; null: none
  Block* block_containing(uint64_t address);  // the same, with address anywhere in what may be accessed of it
  Block& own(uint64_t address) { return *header(address); }  // unchecked, for addresses of the host's own
  uint64_t used() const { return used_; }  // bytes of the heap in use, granules of the blocks included

  static constexpr uint64_t kQuarantine = 1024;  // freed blocks of a size that are kept from use
  static constexpr uint64_t kDefaultLimit = uint64_t{1} << 31;

 private:
  struct FreeList {
    uint64_t first = 0, last = 0, count = 0;
  };
  unsigned char* host(uint64_t address) const { return vm_.mem + (address - VM_BASE); }
  Block* header(uint64_t address) const { return reinterpret_cast<Block*>(host(address - kGranule)); }
  bool grow(uint64_t end);                 // so that bytes below offset `end` can be used
  bool take(uint64_t bytes);               // within the limit
  void clear(uint64_t from, uint64_t to);  // offsets; gives pages back where that is worth while

  vm& vm_;
  unsigned char* perm_ = nullptr;
  uint64_t reserved_ = 0;  // bytes of address space
  uint64_t heap_ = 0;      // offset of the heap
  uint64_t top_ = 0;       // offset of what was never allocated
  uint64_t used_ = 0;
  uint64_t held_ = 0;  // placed or allocated, and not given back to the system when it was freed
  uint64_t limit_ = kDefaultLimit;
  uint64_t arena_ = 0, arena_end_ = 0;  // offsets; 0: none. The end of what was ever placed there
  bool refused_ = false;
  std::unordered_map<uint64_t, FreeList> free_;  // by granules; only looked up, never walked
};

}  // namespace simsched::bpf
