// bpf_iter_num_*() and bpf_iter_bits_*() (kernel/bpf/bpf_iter.c, helpers.c, 6.18). The state is in the policy's
// memory, as in the kernel; what next() answers points into it.
#include <bit>
#include <cstring>

#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr int64_t kMaxLoops = int64_t{8} << 20;  // BPF_MAX_LOOPS
constexpr uint32_t kMaxWords = 511;              // BITS_ITER_NR_WORDS_MAX

struct NumIter {
  int32_t current, end;
};

uint64_t iter_num_new(Vm& vm, uint64_t it, uint64_t from, uint64_t to, uint64_t, uint64_t) {
  const int32_t start = static_cast<int32_t>(from), end = static_cast<int32_t>(to);
  const bool backward = start > end, far = int64_t{end} - start > kMaxLoops;
  // One before the first; wraps for INT_MIN, as does the kernel's.
  const NumIter fresh =
      backward || far ? NumIter{0, 0} : NumIter{static_cast<int32_t>(static_cast<uint32_t>(start) - 1), end};
  if (!vm.store(it, fresh)) return 0;
  return backward ? fail(EINVAL) : far ? fail(E2BIG) : 0;
}
uint64_t iter_num_next(Vm& vm, uint64_t it, uint64_t, uint64_t, uint64_t, uint64_t) {
  const auto state = vm.load<NumIter>(it);
  if (!state || !vm.charge(1)) return 0;
  const int32_t next = static_cast<int32_t>(static_cast<uint32_t>(state->current) + 1);
  if (next >= state->end) {
    vm.store(it, NumIter{0, 0});
    return 0;
  }
  return vm.store(it, NumIter{next, state->end}) ? it : 0;
}
uint64_t iter_num_destroy(Vm& vm, uint64_t it, uint64_t, uint64_t, uint64_t, uint64_t) {
  vm.store(it, NumIter{0, 0});
  return 0;
}

struct BitsIter {
  uint64_t bits;  // the word itself, or the address of a copy of the words
  int32_t count;  // bits
  int32_t current;
};

uint64_t iter_bits_new(Vm& vm, uint64_t it, uint64_t from, uint64_t count, uint64_t, uint64_t) {
  const uint32_t words = static_cast<uint32_t>(count);
  BitsIter fresh{0, 0, -1};
  if (!vm.store(it, fresh)) return 0;
  if (from == 0 || words == 0) return fail(EINVAL);
  if (words > kMaxWords) return fail(E2BIG);
  if (!vm.mapped(from, words * 8, VM_READ)) return fail(EFAULT);
  if (words == 1) {
    std::memcpy(&fresh.bits, vm.at(from), 8);
  } else {
    fresh.bits = vm.memory().allocate(words * 8, VM_READ, BlockKind::kBits);
    if (fresh.bits == 0) return fail(ENOMEM);
    std::memcpy(vm.at(fresh.bits), vm.at(from), words * 8);
  }
  fresh.count = static_cast<int32_t>(words * 64);
  vm.store(it, fresh);
  return 0;
}

uint64_t iter_bits_next(Vm& vm, uint64_t it, uint64_t, uint64_t, uint64_t, uint64_t) {
  auto state = vm.load<BitsIter>(it);
  if (!state || !vm.charge(1) || state->count <= 0 || state->current >= state->count) return 0;
  int64_t bit = int64_t{state->current} + 1;
  const Block* const copy = state->count > 64 ? vm.memory().block(state->bits) : nullptr;
  if (state->count > 64 &&
      (copy == nullptr || copy->kind != BlockKind::kBits || copy->size * 8 < static_cast<uint64_t>(state->count))) {
    return vm.refuse("passes a bit iterator that it has overwritten");
  }
  for (; bit >= 0 && bit < state->count; bit = (bit | 63) + 1) {
    uint64_t word = state->bits;
    if (copy != nullptr) std::memcpy(&word, vm.at(state->bits) + bit / 64 * 8, 8);
    word &= ~uint64_t{0} << (bit & 63);
    if (word == 0) continue;
    bit = (bit & ~int64_t{63}) + std::countr_zero(word);
    break;
  }
  const bool found = bit >= 0 && bit < state->count;
  state->current = found ? static_cast<int32_t>(bit) : state->count;
  if (!vm.store(it, *state) || !found) return 0;
  return it + offsetof(BitsIter, current);
}

uint64_t iter_bits_destroy(Vm& vm, uint64_t it, uint64_t, uint64_t, uint64_t, uint64_t) {
  const auto state = vm.load<BitsIter>(it);
  if (!state || state->count <= 64) return 0;
  Block* const copy = vm.memory().block(state->bits);
  if (copy == nullptr || copy->kind != BlockKind::kBits) return vm.refuse("destroys a bit iterator twice");
  vm.memory().release(*copy);
  vm.store(it, BitsIter{0, 0, -1});
  return 0;
}

}  // namespace

std::span<const VmExport> iterator_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_iter_num_new", 0, iter_num_new},         {"bpf_iter_num_next", 0, iter_num_next},
      {"bpf_iter_num_destroy", 0, iter_num_destroy}, {"bpf_iter_bits_new", 0, iter_bits_new},
      {"bpf_iter_bits_next", 0, iter_bits_next},     {"bpf_iter_bits_destroy", 0, iter_bits_destroy},
  };
  return kExports;
}

}  // namespace simsched::bpf
