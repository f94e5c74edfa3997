// Hash maps of all kinds against std::map.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rapidcheck.h>

#include <algorithm>
#include <list>

#include "base/error.h"
#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::HasSubstr;

constexpr uint32_t kEntries = 8;
constexpr uint64_t kKey = 0, kValue = 64;  // in .bss

struct Step {
  int op;  // 0 update, 1 delete, 2 lookup, 3 write through the pointer, 4 change the CPU
  uint32_t key;
  uint64_t value;
  uint64_t flags;
};
std::vector<Step> steps() {
  return *rc::gen::container<std::vector<Step>>(
      rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange<uint32_t>(0, 12),
                                  rc::gen::arbitrary<uint64_t>(), rc::gen::inRange<uint64_t>(0, 4)),
                   [](const std::tuple<int, uint32_t, uint64_t, uint64_t>& t) {
                     return Step{std::get<0>(t), std::get<1>(t), std::get<2>(t), std::get<3>(t)};
                   }));
}

struct Model {
  explicit Model(uint32_t type)
      : percpu(type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH),
        lru(type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH) {}
  bool percpu, lru;
  std::map<uint32_t, std::array<uint64_t, 4>> values;
  std::list<uint32_t> order;  // oldest first

  void touch(uint32_t key) {
    order.remove(key);
    order.push_back(key);
  }
  int64_t update(uint32_t key, uint64_t value, uint64_t flags, size_t cpu) {
    if (flags > 2) return -EINVAL;
    const auto it = values.find(key);
    if (it != values.end()) {
      if (flags == 1) return -EEXIST;
      it->second[percpu ? cpu : 0] = value;
      if (lru) touch(key);
      return 0;
    }
    if (flags == 2) return -ENOENT;
    if (values.size() == kEntries) {
      if (!lru) return -E2BIG;
      values.erase(order.front());
      order.pop_front();
    }
    values[key] = {};
    values[key][percpu ? cpu : 0] = value;
    order.push_back(key);
    return 0;
  }
};

void check(uint32_t type) {
  Harness h;
  const uint64_t map = h.add_map("m", type, 4, 8, kEntries);
  Vm& vm = h.start();
  Model model(type);
  for (const Step& s : steps()) {
    const uint64_t key = h.put(kKey, s.key);
    const size_t cpu = h.host.cpu.index();
    const auto it = model.values.find(s.key);
    switch (s.op) {
      case 0:
        RC_ASSERT(h.signed_call(BPF_FUNC_map_update_elem, map, key, h.put(kValue, s.value), s.flags) ==
                  model.update(s.key, s.value, s.flags, cpu));
        break;
      case 1:
        RC_ASSERT(h.signed_call(BPF_FUNC_map_delete_elem, map, key) == (it != model.values.end() ? 0 : -ENOENT));
        model.values.erase(s.key);
        model.order.remove(s.key);
        break;
      case 4:
        h.host.cpu = CpuId(s.value % 4);
        break;
      default: {
        const uint64_t value = h.call(BPF_FUNC_map_lookup_elem, map, key);
        RC_ASSERT((value != 0) == (it != model.values.end()));
        if (value == 0) break;
        if (model.lru) model.touch(s.key);
        RC_ASSERT(h.get<uint64_t>(value) == it->second[model.percpu ? cpu : 0]);
        RC_ASSERT(vm.mapped(value, 8, VM_READ | VM_WRITE));
        if (s.op == 3) vm.store(value, it->second[model.percpu ? cpu : 0] = s.value);
      }
    }
    RC_ASSERT(h.trapped().empty());
  }
  // The host's view: the same keys in order, and every CPU's value.
  std::vector<uint32_t> keys;
  for (const auto& key : vm.map_keys("m")) {
    keys.push_back(0);
    std::memcpy(&keys.back(), key.data(), 4);
    std::array<uint64_t, 4> all = {};
    RC_ASSERT(vm.map_lookup("m", key, std::as_writable_bytes(std::span(all).first(model.percpu ? 4 : 1))));
    RC_ASSERT(all == model.values.at(keys.back()));
  }
  RC_ASSERT(keys == std::vector<uint32_t>(model.order.begin(), model.order.end()));
}

TEST(HashMap, DoesWhatAModelDoes) {
  EXPECT_TRUE(rc::check("hash", [] { check(BPF_MAP_TYPE_HASH); }));
  EXPECT_TRUE(rc::check("per-CPU hash", [] { check(BPF_MAP_TYPE_PERCPU_HASH); }));
  EXPECT_TRUE(rc::check("LRU hash", [] { check(BPF_MAP_TYPE_LRU_HASH); }));
  EXPECT_TRUE(rc::check("LRU per-CPU hash", [] { check(BPF_MAP_TYPE_LRU_PERCPU_HASH); }));
}

TEST(HashMap, AValueStaysWhereItIsAndFaultsOnceDeleted) {
  Harness h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 8, 10000);
  Vm& vm = h.start();
  const auto add = [&](uint32_t key) {
    h.put(kKey, key);
    EXPECT_EQ(h.signed_call(BPF_FUNC_map_update_elem, map, h.kBss, h.put(kValue, uint64_t{key})), 0);
    return h.call(BPF_FUNC_map_lookup_elem, map, h.kBss);
  };
  const uint64_t value = add(1);
  for (uint32_t key = 2; key < 5000; ++key) add(key);
  EXPECT_EQ(add(1), value);
  h.put(kKey, 1);
  EXPECT_EQ(h.call(BPF_FUNC_map_delete_elem, map, h.kBss), 0u);
  EXPECT_FALSE(vm.mapped(value, 1, VM_READ));
  EXPECT_NE(add(1), value);
}

TEST(HashMap, ACallbackSeesEveryElementAndMayDelete) {
  Harness h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 8, 100);
  Vm& vm = h.start();
  for (uint32_t key = 0; key < 10; ++key) {
    h.put(kKey, key);
    h.call(BPF_FUNC_map_update_elem, map, h.kBss, h.put(kValue, uint64_t{100 + key}));
  }
  std::vector<uint32_t> seen;
  h.callbacks[1] = [&](auto r) -> uint64_t {
    EXPECT_EQ(r[0], map);
    EXPECT_EQ(r[3], 77u);
    EXPECT_FALSE(vm.mapped(r[1], 1, VM_WRITE));
    const uint32_t key = h.get<uint32_t>(r[1]);
    EXPECT_EQ(h.get<uint64_t>(r[2]), 100 + key);
    seen.push_back(key);
    h.raw(BPF_FUNC_map_delete_elem, map, r[1]);
    if (key == 4) h.raw(BPF_FUNC_map_delete_elem, map, h.put(kKey, uint32_t{5}));
    return key == 8;  // stops
  };
  EXPECT_EQ(h.call(BPF_FUNC_for_each_map_elem, map, h.pointer(1), 77), 8u);
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4, 6, 7, 8));
  EXPECT_EQ(vm.map_keys("m").size(), 1u);
  EXPECT_EQ(h.signed_call(BPF_FUNC_for_each_map_elem, map, h.pointer(1), 0, 1), -EINVAL);
  EXPECT_EQ(h.trapped(), "");
}

TEST(HashMap, AnotherCpusValue) {
  Harness h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_PERCPU_HASH, 4, 12, 10);
  Vm& vm = h.start();
  const uint64_t key = h.put(kKey, 5);
  h.call(BPF_FUNC_map_update_elem, map, key, h.put(kValue, uint64_t{9}));
  const uint64_t own = h.call(BPF_FUNC_map_lookup_elem, map, key);
  EXPECT_EQ(h.call(BPF_FUNC_map_lookup_percpu_elem, map, key, 0), own);
  EXPECT_NE(h.call(BPF_FUNC_map_lookup_percpu_elem, map, key, 3), own);
  EXPECT_EQ(h.call(BPF_FUNC_map_lookup_percpu_elem, map, key, 4), 0u);
  std::array<std::byte, 4> k = {};
  k[0] = std::byte{5};
  std::array<std::byte, 12> one = {};
  one[0] = std::byte{3};
  EXPECT_TRUE(vm.map_update("m", k, one));
  for (uint64_t cpu = 0; cpu < 4; ++cpu)
    EXPECT_EQ(h.get<uint8_t>(h.call(BPF_FUNC_map_lookup_percpu_elem, map, key, cpu)), 3);
}

TEST(Map, AKindThatIsMissingIsNamed) {
  Harness h;
  h.add_map("devs", BPF_MAP_TYPE_DEVMAP, 4, 4, 1);
  try {
    h.start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.problem(), "map devs is of type BPF_MAP_TYPE_DEVMAP, which the simulator does not have");
  }
}

TEST(Map, AHandleCanBeReadOnly) {
  Harness h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 8, 10);
  Vm& vm = h.start();
  EXPECT_TRUE(vm.mapped(map, 1, VM_READ));
  EXPECT_FALSE(vm.mapped(map, 1, VM_WRITE));
}

}  // namespace
}  // namespace simsched::bpf
