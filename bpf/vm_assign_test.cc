// A Vm that was copied goes on as the original does, whatever either had done before.
#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <tuple>

#include "base/rng.h"
#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::HasSubstr;

constexpr int kRw = VM_READ | VM_WRITE;
constexpr uint32_t kNrKeys = 12;
constexpr uint64_t kHead = Harness::kBss + 2048, kRoot = kHead + 64, kBits = kHead + 128;
constexpr uint64_t kListNode = 8, kRbNode = 32;  // in an item

// A policy that does at random what helpers let it do, on every kind of map. All that it goes by is here or in the Vm.
class Policy : public Harness {
 public:
  Policy() {
    struct btf* const t = btf__new_empty();
    const int word = btf__add_int(t, "u64", 8, 0);
    item_ = static_cast<uint32_t>(btf__add_struct(t, "item", 64));
    btf__add_field(t, "key", word, 0, 0);
    object().btf = Btf(t);
    for (const auto& [name, type, key, value, most] :
         {std::tuple{"array", uint32_t{BPF_MAP_TYPE_ARRAY}, 4u, 20u, kNrKeys},
          {"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4u, 8u, kNrKeys},
          {"hash", BPF_MAP_TYPE_HASH, 4u, 16u, 8u},
          {"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4u, 8u, 8u},
          {"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4u, 100u, 4u},
          {"queue", BPF_MAP_TYPE_QUEUE, 0u, 8u, 5u},
          {"stack", BPF_MAP_TYPE_STACK, 0u, 8u, 5u},
          {"storage", BPF_MAP_TYPE_TASK_STORAGE, 4u, 24u, 0u},
          {"ring", BPF_MAP_TYPE_RINGBUF, 0u, 0u, 4096u},
          {"template", BPF_MAP_TYPE_HASH, 4u, 8u, 8u},
          {"outer", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4u, 4u, kNrKeys}}) {
      maps_[name] = add_map(name, type, key, value, most);
    }
    object().maps[9].is_inner_template = true;
    object().maps[10].inner = 9;
    object().maps[10].filled = true;
    start();
    for (uint64_t& task : tasks_) task = vm().allocate(100, VM_READ);
    callbacks[1] = [this](auto r) -> uint64_t { return get<uint64_t>(r[0] - kRbNode) < get<uint64_t>(r[1] - kRbNode); };
    callbacks[2] = [this](auto r) -> uint64_t { return sum_ += r[2] + vm().mapped(r[2], 8, kRw); };
  }

  void assign(const Policy& other) {
    vm().assign(const_cast<Policy&>(other).vm());
    host.time = other.host.time;
    host.cpu = other.host.cpu;
    host.timers = other.host.timers;
    items_ = other.items_;
    listed_ = other.listed_;
    records_ = other.records_;
    blocks_ = other.blocks_;
    sum_ = other.sum_;
    iterating_ = other.iterating_;
  }

  // Does one thing; what it answers depends on all of the state sooner or later.
  uint64_t step(Rng& rng) {
    host.time = host.time + Nanos(100);
    host.cpu = CpuId(rng.below(4));
    const uint64_t key = put(0, static_cast<uint32_t>(rng.below(kNrKeys))), value = put(128, rng.next());
    const char* const keyed[] = {"array", "percpu_array", "hash", "percpu_hash", "lru_hash"};
    const uint64_t map = maps_.at(keyed[rng.below(5)]), line = maps_.at(rng.below(2) ? "queue" : "stack");
    const uint64_t task = tasks_[rng.below(4)];
    switch (rng.below(22)) {
      case 0:
      case 1:
        return call(BPF_FUNC_map_update_elem, map, key, value, 0);
      case 2:
        return call(BPF_FUNC_map_delete_elem, map, key);
      case 3: {
        const uint64_t found = call(BPF_FUNC_map_lookup_elem, map, key);
        return found != 0 ? found ^ get<uint64_t>(found) : 0;
      }
      case 4:
        return call(BPF_FUNC_for_each_map_elem, map, pointer(2), 0, 0) + sum_;
      case 5:
        return call(BPF_FUNC_map_push_elem, line, value, BPF_EXIST);
      case 6:
        return call(BPF_FUNC_map_pop_elem, line, value) + get<uint64_t>(value);
      case 7:
        return call(BPF_FUNC_task_storage_get, maps_.at("storage"), task, value, 1);
      case 8:
        vm().release_storage(task);
        return 0;
      case 9: {
        const uint64_t record = call(BPF_FUNC_ringbuf_reserve, maps_.at("ring"), 8 + rng.below(100), 0);
        if (record != 0) records_.push_back(put_at(record, rng.next()));
        return record;
      }
      case 10: {
        if (records_.empty()) return 0;
        const uint64_t record = records_.front();
        records_.erase(records_.begin());
        return call(rng.below(3) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard, record, 0);
      }
      case 11: {
        uint64_t sum = 0;
        vm().drain("ring", [&](auto bytes) { sum = 31 * sum + bytes.size() + static_cast<uint64_t>(bytes[0]); });
        return sum;
      }
      case 12: {  // a map that is made now, at first
        const uint64_t inner = call(BPF_FUNC_map_lookup_elem, maps_.at("outer"), key);
        return inner + call(BPF_FUNC_map_update_elem, inner, key, value, 0) +
               call(BPF_FUNC_map_lookup_elem, inner, key);
      }
      case 13: {
        const uint64_t item = call("bpf_obj_new_impl", item_, 0);
        items_.push_back(put_at(item, rng.next()));
        return item;
      }
      case 14:
        if (items_.empty()) return 0;
        call("bpf_obj_drop_impl", items_.back());
        items_.pop_back();
        return 1;
      case 15: {
        if (items_.empty()) return 0;
        const uint64_t item = items_.front();
        items_.erase(items_.begin());
        if (rng.below(2) != 0) return call("bpf_rbtree_add_impl", kRoot, item + kRbNode, pointer(1), 0, 0);
        ++listed_;
        return call("bpf_list_push_back_impl", kHead, item + kListNode, 0, 0);
      }
      case 16: {
        uint64_t node = call("bpf_rbtree_first", kRoot);
        if (node != 0) node = call("bpf_rbtree_remove", kRoot, node);
        if (node != 0) items_.push_back(node - kRbNode);
        return node;
      }
      case 17: {
        const uint64_t node = call("bpf_list_pop_front", kHead);
        if (node != 0) items_.push_back(node - kListNode), --listed_;
        return node;
      }
      case 18: {  // sizes up to those whose pages are given back
        const uint64_t size = rng.below(8) ? 8 + rng.below(400) : 100'000 + rng.below(3) * 1'000;
        const uint64_t block = vm().allocate(size, kRw);
        const uint64_t found = get<uint64_t>(block) + get<uint64_t>(block + size - 8);  // zeros
        blocks_.emplace_back(put_at(block, rng.next()), size);
        std::memset(vm().at(block), 0xee, size);
        return block + found;
      }
      case 19: {
        if (blocks_.empty()) return 0;
        const auto [address, size] = blocks_.front();
        blocks_.erase(blocks_.begin());
        vm().release(address, size);
        return address;
      }
      case 20:
        return call(BPF_FUNC_get_prandom_u32) + call("bpf_cpumask_any_distribute", put(256, uint64_t{0xf}));
      default: {
        if (!iterating_) {
          put(320, rng.next()), put(328, rng.next());
          iterating_ = true;
          return call("bpf_iter_bits_new", kBits, kBss + 320, 2);
        }
        const uint64_t next = call("bpf_iter_bits_next", kBits);
        if (next != 0) return get<uint32_t>(next);
        iterating_ = false;
        return call("bpf_iter_bits_destroy", kBits);
      }
    }
  }

 private:
  uint64_t put_at(uint64_t address, uint64_t word) {
    std::memcpy(vm().at(address), &word, 8);
    return address;
  }

  uint32_t item_;
  std::map<std::string, uint64_t> maps_;
  uint64_t tasks_[4];
  std::vector<uint64_t> items_, records_;
  size_t listed_ = 0;
  std::vector<std::pair<uint64_t, uint64_t>> blocks_;  // address, size
  uint64_t sum_ = 0;
  bool iterating_ = false;
};

TEST(VmAssign, ACopyGoesOnAsTheOriginalDoes) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng lengths(seed), steps(seed + 1000), others(seed + 2000);
    Policy one, two;
    for (uint64_t i = lengths.below(4000); i > 0; --i) one.step(steps);
    if (seed % 3 != 0) {  // a copy may have lived, and more than the original
      for (uint64_t i = lengths.below(4000); i > 0; --i) two.step(others);
    }
    two.assign(one);
    Rng same = steps;
    for (int i = 0; i < 4000; ++i) ASSERT_EQ(two.step(same), one.step(steps)) << "seed " << seed << ", step " << i;
    EXPECT_EQ(one.trapped(), "");
    EXPECT_EQ(two.trapped(), "");
    EXPECT_EQ(two.vm().memory().used(), one.vm().memory().used());
  }
}

TEST(VmAssign, TheOriginalIsNotTouched) {
  Policy one, two;
  Rng steps(1), same = steps, others(2);
  for (int i = 0; i < 2000; ++i) one.step(steps);
  two.assign(one);
  for (int i = 0; i < 2000; ++i) two.step(others);
  Policy again;
  for (int i = 0; i < 2000; ++i) again.step(same);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(one.step(steps), again.step(same)) << i;
}

TEST(VmAssign, ATrapIsCopiedAndAlsoThatThereIsNone) {
  Policy sound, ended;
  ended.run([&] { return ended.vm().refuse("has had enough"); });
  EXPECT_THAT(ended.trapped(), HasSubstr("has had enough"));
  Policy copy;
  copy.assign(ended);
  EXPECT_EQ(copy.trapped(), ended.trapped());
  EXPECT_EQ(copy.call(BPF_FUNC_get_smp_processor_id), 0u);
  copy.assign(sound);
  EXPECT_EQ(copy.trapped(), "");
  copy.host.cpu = CpuId(3);
  EXPECT_EQ(copy.call(BPF_FUNC_get_smp_processor_id), 3u);
}

TEST(VmAssign, ATimerFiresInTheCopy) {
  const auto build = [](Harness& h) {
    const uint64_t map = h.add_map("t", BPF_MAP_TYPE_HASH, 4, 24, 3);
    h.start();
    return map;
  };
  Harness one, two;
  const uint64_t map = build(one);
  build(two);
  const uint64_t key = one.put(0, uint32_t{1});
  one.call(BPF_FUNC_map_update_elem, map, key, one.put(64, uint64_t{0}), 0);
  const uint64_t timer = one.call(BPF_FUNC_map_lookup_elem, map, key);
  ASSERT_EQ(one.signed_call(BPF_FUNC_timer_init, timer, map, 1), 0);
  one.call(BPF_FUNC_timer_set_callback, timer, Harness::pointer(1));
  one.call(BPF_FUNC_timer_start, timer, 500, 0);
  two.vm().assign(one.vm());
  uint64_t fired = 0;
  two.callbacks[1] = [&](auto r) -> uint64_t { return fired = r[2], 0; };
  two.vm().fire_timer(timer);
  EXPECT_EQ(fired, timer);
  EXPECT_EQ(two.signed_call(BPF_FUNC_timer_init, timer, map, 1), -EBUSY);
}

TEST(VmAssign, WhatTheOriginalNeverHadIsGone) {
  Harness one, two;
  one.start();
  two.start();
  std::vector<uint64_t> blocks;
  for (const size_t size : {100, 5'000, 3'000'000}) {
    blocks.push_back(two.vm().allocate(size, kRw));
    std::memset(two.vm().at(blocks.back()), 0xff, size);
  }
  two.vm().assign(one.vm());
  for (const uint64_t block : blocks) EXPECT_FALSE(two.vm().mapped(block, 1, VM_READ));
  const uint64_t again = two.vm().allocate(3'010'000, kRw);
  EXPECT_EQ(again, blocks[0]);
  const std::byte* const bytes = two.vm().at(again);
  EXPECT_TRUE(std::all_of(bytes, bytes + 3'010'000, [](std::byte b) { return b == std::byte{0}; }));
}

TEST(VmAssign, OnlyAVmOfTheSameObjectIsTaken) {
  Policy one;
  Harness other;
  other.start();
  EXPECT_DEATH(one.vm().assign(other.vm()), "of the same object");
}

}  // namespace
}  // namespace simsched::bpf
