// Whatever a policy passes to a helper or kfunc, it gets an answer or a trap.
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rapidcheck.h>

#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

// Numbers that are likely to hit something: valid pointers of every kind, their neighbours, sizes and borders.
uint64_t argument(Harness& h, Rng& rng, const std::vector<uint64_t>& found) {
  static constexpr uint64_t kNumbers[] = {0,
                                          1,
                                          2,
                                          4,
                                          8,
                                          64,
                                          4095,
                                          1 << 20,
                                          UINT32_MAX,
                                          uint64_t{1} << 32,
                                          ~uint64_t{0},
                                          ~uint64_t{7},
                                          uint64_t{1} << 63,
                                          VM_BASE,
                                          VM_BASE - 1,
                                          VM_KSYM_BASE};
  const uint64_t shift = rng.below(3) == 0 ? rng.below(129) - 64 : 0;
  switch (rng.below(8)) {
    case 0:
      return rng.next();
    case 1:
      return kNumbers[rng.below(std::size(kNumbers))];
    case 2:
      return h.object().maps[rng.below(h.object().maps.size())].address + shift;
    case 3:
      return Harness::pointer(rng.below(6)) + (shift & 1);
    case 4:
      return found.empty() ? 0 : found[rng.below(found.size())] + shift;
    case 5:
      return rng.below(300);
    default:
      return Harness::kBss + rng.below(Harness::kBssSize / 8) * 8 + (shift & 3);
  }
}

void play(uint64_t seed) {
  Harness h;
  h.add_map("array", BPF_MAP_TYPE_ARRAY, 4, 64, 8);
  h.add_map("hash", BPF_MAP_TYPE_HASH, 4, 64, 8);
  h.add_map("lru", BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 24, 3);
  h.add_map("percpu", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 64, 8);
  h.add_map("queue", BPF_MAP_TYPE_QUEUE, 0, 16, 3);
  h.add_map("stack", BPF_MAP_TYPE_STACK, 0, 16, 3);
  h.add_map("tasks", BPF_MAP_TYPE_TASK_STORAGE, 4, 64, 0);
  h.add_map("cgroups", 32, 4, 64, 0);
  h.add_map("ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
  h.add_map("outer", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 3);
  h.object().maps.back().values = {0, 1};
  h.add_map("events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0);
  struct btf* const types = btf__new_empty();
  const int word = btf__add_int(types, "u64", 8, 0);
  const int pointer = btf__add_ptr(types, btf__add_type_tag(types, "kptr", word));
  btf__add_struct(types, "thing", 128);
  btf__add_field(types, "kept", pointer, 0, 0);
  btf__add_struct(types, "bpf_list_head", 16);
  btf__add_struct(types, "holder", 64);
  btf__add_field(types, "kept", pointer, 0, 0);
  btf__add_field(types, "head", 5, 64, 0);
  h.object().maps[1].value_type = 6;
  h.object().btf = Btf(types);
  Vm& vm = h.start();
  Rng rng(seed);
  std::vector<uint64_t> found;
  const auto step = [&] {
    const size_t n = rng.below(h.object().calls.size());
    const uint64_t a = argument(h, rng, found), b = argument(h, rng, found), c = argument(h, rng, found);
    const uint64_t result = vm.calls[n](&vm, a, b, c, argument(h, rng, found), argument(h, rng, found));
    if (vm.mapped(result, 1, VM_READ)) found.push_back(result);
    if (vm.trap == 0 && rng.below(4) == 0) {  // scribbles over what it was given
      const uint64_t at = argument(h, rng, found);
      if (vm.mapped(at, 8, VM_READ | VM_WRITE)) vm.store(at, argument(h, rng, found));
    }
    return result;
  };
  for (size_t i = 1; i < 5; ++i) {
    h.callbacks[i] = [&, left = 200](auto) mutable -> uint64_t { return left-- > 0 && vm.trap == 0 ? step() & 1 : 1; };
  }
  for (int i = 0; i < 200 && !vm.trap_info(); ++i) {
    h.run([&] {
      for (int k = 0; k < 20 && vm.trap == 0; ++k) step();
      return 0;
    });
    for (const auto& [timer, at] : std::map(h.host.timers)) vm.fire_timer(timer);
    vm.drain("ring", [](auto) {});
    if (!found.empty()) vm.release_storage(found[rng.below(found.size())]);
  }
  if (vm.trap_info()) RC_ASSERT(!vm.trap_info()->what.empty());
}

TEST(Hostile, EverythingEndsInAnAnswerOrATrap) {
  EXPECT_TRUE(rc::check("any calls", [] {
    const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
    for (uint64_t i = 0; i < 20; ++i) play(seed + i);
  }));
}

// Every one by name, many times, each in a policy of its own: most calls of play() end at the first bad pointer.
TEST(Hostile, EveryHelperAlone) {
  Rng rng(1);
  const size_t count = generic_exports().size();
  for (size_t n = 0; n < count; ++n) {
    for (int repeat = 0; repeat < 30; ++repeat) {
      Harness h;
      h.add_map("hash", BPF_MAP_TYPE_HASH, 4, 64, 8);
      Vm& vm = h.start();
      for (int i = 0; i < 20 && !vm.trap_info(); ++i) {
        h.run([&] {
          uint64_t a[5];
          for (uint64_t& x : a) x = argument(h, rng, {});
          return vm.calls[n](&vm, a[0], a[1], a[2], a[3], a[4]);
        });
      }
      EXPECT_TRUE(!vm.trap_info() || !vm.trap_info()->what.empty()) << n;
    }
  }
}

}  // namespace
}  // namespace simsched::bpf
