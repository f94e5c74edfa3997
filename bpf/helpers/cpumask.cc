// bpf_cpumask_*() (kernel/bpf/cpumask.c, 6.18). A mask in guest memory is words of 64 CPUs; only those that hold CPUs
// of this machine are touched. Who made it and how many references it has stands in the block before it.
#include <bit>
#include <cstring>

#include "bpf/fields.h"
#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"

namespace simsched::bpf {
namespace {

constexpr uint32_t kNothing = UINT32_MAX;

// The words of a mask, read with the bits beyond the last CPU cleared. Falsy after a trap.
class Mask {
 public:
  Mask(Vm& vm, uint64_t address, int perm)
      : words_(vm.checked<unsigned char>(address, perm, vm.cpumask_bytes())), nr_cpus_(vm.nr_cpus()) {}
  explicit operator bool() const { return words_ != nullptr; }

  size_t size() const { return (nr_cpus_ + 63) / 64; }
  uint64_t valid(size_t i) const {
    return i + 1 == size() && nr_cpus_ % 64 != 0 ? (uint64_t{1} << nr_cpus_ % 64) - 1 : ~uint64_t{0};
  }
  uint64_t operator[](size_t i) const {
    uint64_t word;
    std::memcpy(&word, words_ + i * 8, 8);
    return word & valid(i);
  }
  void set(size_t i, uint64_t word) const {
    word &= valid(i);
    std::memcpy(words_ + i * 8, &word, 8);
  }

 private:
  unsigned char* words_;
  size_t nr_cpus_;
};

// First CPU from `start` on whose bit is set in what `word(i)` makes of each word; nr_cpus: none.
template <class Word>
uint32_t find_next(Vm& vm, uint32_t start, Word word) {
  const size_t nr = vm.nr_cpus();
  for (size_t i = start / 64; i * 64 < nr; ++i) {
    uint64_t bits = word(i);
    if (i == start / 64) bits &= ~uint64_t{0} << start % 64;
    if (bits != 0) return static_cast<uint32_t>(i * 64) + static_cast<uint32_t>(std::countr_zero(bits));
  }
  return static_cast<uint32_t>(nr);
}

// Round robin by CPU, through one memory for all masks (lib/cpumask.c).
template <class Word>
uint32_t distribute(Vm& vm, Word word) {
  uint32_t& last = vm.state().distribute_prev[vm.host().this_cpu().index()];
  uint32_t next = find_next(vm, last + 1, word);
  if (next >= vm.nr_cpus()) next = find_next(vm, 0, word);
  if (next < vm.nr_cpus()) last = next;
  return next;
}

Block* made_mask(Vm& vm, uint64_t address, const char* kfunc) {
  Block* const block = vm.memory().block(address);
  if (block != nullptr && block->kind == BlockKind::kCpumask) return block;
  vm.refuse("passes " + hex(address) + " to " + kfunc + "(), which is no cpumask of its own");
  return nullptr;
}

uint64_t create(Vm& vm, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return vm.memory().allocate(vm.cpumask_size(), VM_READ | VM_WRITE, BlockKind::kCpumask);
}
uint64_t acquire(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  Block* const block = made_mask(vm, mask, "bpf_cpumask_acquire");
  if (block == nullptr) return 0;
  ++block->refs;
  return mask;
}
uint64_t release(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (made_mask(vm, mask, "bpf_cpumask_release") != nullptr) drop_reference(vm, mask);
  return 0;
}

uint64_t first(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, mask, VM_READ);
  return m ? find_next(vm, 0, [&](size_t i) { return m[i]; }) : 0;
}
uint64_t first_zero(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, mask, VM_READ);
  return m ? find_next(vm, 0, [&](size_t i) { return ~m[i] & m.valid(i); }) : 0;
}
uint64_t first_and(Vm& vm, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, a, VM_READ), n(vm, b, VM_READ);
  return m && n ? find_next(vm, 0, [&](size_t i) { return m[i] & n[i]; }) : 0;
}
uint64_t any_distribute(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, mask, VM_READ);
  return m ? distribute(vm, [&](size_t i) { return m[i]; }) : 0;
}
uint64_t any_and_distribute(Vm& vm, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, a, VM_READ), n(vm, b, VM_READ);
  return m && n ? distribute(vm, [&](size_t i) { return m[i] & n[i]; }) : 0;
}

// Changes the bit of a CPU, where there is one; answers what it was. kNothing: leaves it.
uint64_t change(Vm& vm, uint64_t cpu, uint64_t mask, uint32_t to) {
  const Mask m(vm, mask, to == kNothing ? VM_READ : VM_READ | VM_WRITE);
  const uint32_t number = static_cast<uint32_t>(cpu);
  if (!m || number >= vm.nr_cpus()) return 0;
  const uint64_t bit = uint64_t{1} << number % 64, old = m[number / 64];
  if (to != kNothing) m.set(number / 64, to != 0 ? old | bit : old & ~bit);
  return (old & bit) != 0;
}
uint64_t set_cpu(Vm& vm, uint64_t cpu, uint64_t mask, uint64_t, uint64_t, uint64_t) { return change(vm, cpu, mask, 1); }
uint64_t clear_cpu(Vm& vm, uint64_t cpu, uint64_t mask, uint64_t, uint64_t, uint64_t) {
  return change(vm, cpu, mask, 0);
}
uint64_t test_cpu(Vm& vm, uint64_t cpu, uint64_t mask, uint64_t, uint64_t, uint64_t) {
  return change(vm, cpu, mask, kNothing);
}

// Sets every word of a mask to what `word(i)` says.
template <class Word>
void assign(Vm& vm, uint64_t mask, Word word) {
  const Mask to(vm, mask, VM_READ | VM_WRITE);
  for (size_t i = 0; to && i < to.size(); ++i) to.set(i, word(i));
}
uint64_t setall(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  assign(vm, mask, [](size_t) { return ~uint64_t{0}; });
  return 0;
}
uint64_t clear(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  assign(vm, mask, [](size_t) { return uint64_t{0}; });
  return 0;
}
uint64_t copy(Vm& vm, uint64_t to, uint64_t from, uint64_t, uint64_t, uint64_t) {
  if (const Mask m(vm, from, VM_READ); m) assign(vm, to, [&](size_t i) { return m[i]; });
  return 0;
}

// Whether any / no bit is left of what `word` makes of two masks.
template <class Word>
bool any(Vm& vm, uint64_t a, uint64_t b, Word word) {
  const Mask m(vm, a, VM_READ), n(vm, b, VM_READ);
  return m && n && find_next(vm, 0, [&](size_t i) { return word(m[i], n[i]); }) < vm.nr_cpus();
}
template <class Word>
uint64_t combine(Vm& vm, uint64_t to, uint64_t a, uint64_t b, Word word, bool* left) {
  const Mask m(vm, a, VM_READ), n(vm, b, VM_READ);
  if (!m || !n) return 0;
  *left = false;
  assign(vm, to, [&](size_t i) {
    const uint64_t bits = word(m[i], n[i]);
    *left |= bits != 0;
    return bits;
  });
  return 0;
}
uint64_t mask_and(Vm& vm, uint64_t to, uint64_t a, uint64_t b, uint64_t, uint64_t) {
  bool left = false;
  combine(
      vm, to, a, b, [](uint64_t x, uint64_t y) { return x & y; }, &left);
  return left;
}
uint64_t mask_or(Vm& vm, uint64_t to, uint64_t a, uint64_t b, uint64_t, uint64_t) {
  bool left = false;
  return combine(
      vm, to, a, b, [](uint64_t x, uint64_t y) { return x | y; }, &left);
}
uint64_t mask_xor(Vm& vm, uint64_t to, uint64_t a, uint64_t b, uint64_t, uint64_t) {
  bool left = false;
  return combine(
      vm, to, a, b, [](uint64_t x, uint64_t y) { return x ^ y; }, &left);
}
uint64_t equal(Vm& vm, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  return !any(vm, a, b, [](uint64_t x, uint64_t y) { return x ^ y; });
}
uint64_t intersects(Vm& vm, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  return any(vm, a, b, [](uint64_t x, uint64_t y) { return x & y; });
}
uint64_t subset(Vm& vm, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  return !any(vm, a, b, [](uint64_t x, uint64_t y) { return x & ~y; });
}

uint64_t weight(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Mask m(vm, mask, VM_READ);
  uint64_t count = 0;
  for (size_t i = 0; m && i < m.size(); ++i) count += static_cast<uint64_t>(std::popcount(m[i]));
  return count;
}
uint64_t empty(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  return weight(vm, mask, 0, 0, 0, 0) == 0;
}
uint64_t full(Vm& vm, uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t) {
  return weight(vm, mask, 0, 0, 0, 0) == vm.nr_cpus();
}

uint64_t populate(Vm& vm, uint64_t mask, uint64_t from, uint64_t size, uint64_t, uint64_t) {
  if (size < vm.cpumask_bytes()) return fail(EACCES);
  return copy(vm, mask, from, 0, 0, 0);
}

}  // namespace

std::span<const VmExport> cpumask_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_cpumask_create", 0, create},
      {"bpf_cpumask_acquire", 0, acquire},
      {"bpf_cpumask_release", 0, release},
      {"bpf_cpumask_first", 0, first},
      {"bpf_cpumask_first_zero", 0, first_zero},
      {"bpf_cpumask_first_and", 0, first_and},
      {"bpf_cpumask_set_cpu", 0, set_cpu},
      {"bpf_cpumask_clear_cpu", 0, clear_cpu},
      {"bpf_cpumask_test_cpu", 0, test_cpu},
      {"bpf_cpumask_test_and_set_cpu", 0, set_cpu},
      {"bpf_cpumask_test_and_clear_cpu", 0, clear_cpu},
      {"bpf_cpumask_setall", 0, setall},
      {"bpf_cpumask_clear", 0, clear},
      {"bpf_cpumask_and", 0, mask_and},
      {"bpf_cpumask_or", 0, mask_or},
      {"bpf_cpumask_xor", 0, mask_xor},
      {"bpf_cpumask_equal", 0, equal},
      {"bpf_cpumask_intersects", 0, intersects},
      {"bpf_cpumask_subset", 0, subset},
      {"bpf_cpumask_empty", 0, empty},
      {"bpf_cpumask_full", 0, full},
      {"bpf_cpumask_copy", 0, copy},
      {"bpf_cpumask_any_distribute", 0, any_distribute},
      {"bpf_cpumask_any_and_distribute", 0, any_and_distribute},
      {"bpf_cpumask_weight", 0, weight},
      {"bpf_cpumask_populate", 0, populate},
  };
  return kExports;
}

}  // namespace simsched::bpf
