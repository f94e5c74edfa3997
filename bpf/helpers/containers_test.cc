// Objects, lists and trees; what a map value holds goes with it.
#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rapidcheck.h>

#include <deque>
#include <set>

#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::HasSubstr;

// struct item { u64 key; struct bpf_rb_node rb; struct bpf_list_node list; struct item __kptr *next; }: key at 0, rb at
// 8, list at 40, next at 64. struct value { struct bpf_rb_root root; struct bpf_list_head head; struct item __kptr
// *kept; }.
struct Types {
  explicit Types(BpfObject& object) {
    struct btf* const t = btf__new_empty();
    const int u64_id = btf__add_int(t, "u64", 8, 0);
    const auto opaque = [&](const char* name, uint32_t words) {
      const int array = btf__add_array(t, u64_id, u64_id, words);
      const int id = btf__add_struct(t, name, words * 8);
      btf__add_field(t, "__opaque", array, 0, 0);
      return id;
    };
    const int rb_node = opaque("bpf_rb_node", 4), list_node = opaque("bpf_list_node", 3);
    const int rb_root = opaque("bpf_rb_root", 2), list_head = opaque("bpf_list_head", 2);
    const int forward = btf__add_fwd(t, "item", BTF_FWD_STRUCT);
    const int pointer = btf__add_ptr(t, btf__add_type_tag(t, "kptr", forward));
    item = static_cast<uint32_t>(btf__add_struct(t, "item", 72));
    btf__add_field(t, "key", u64_id, 0, 0);
    btf__add_field(t, "rb", rb_node, 64, 0);
    btf__add_field(t, "list", list_node, 320, 0);
    btf__add_field(t, "next", pointer, 512, 0);
    value = static_cast<uint32_t>(btf__add_struct(t, "value", 40));
    btf__add_field(t, "root", rb_root, 0, 0);
    btf__add_field(t, "head", list_head, 128, 0);
    btf__add_field(t, "kept", pointer, 256, 0);
    object.btf = Btf(t);
  }
  uint32_t item = 0, value = 0;
};
constexpr uint64_t kRb = 8, kList = 40, kNext = 64;
constexpr uint64_t kRoot = Harness::kBss + 256, kHead = Harness::kBss + 320;

struct Items : Harness {
  Items() : types(object()) {
    callbacks[1] = [this](auto r) -> uint64_t { return get<uint64_t>(r[0] - kRb) < get<uint64_t>(r[1] - kRb); };
  }
  uint64_t make(uint64_t key) {
    const uint64_t p = call("bpf_obj_new_impl", types.item, 0);
    if (p != 0) std::memcpy(vm().at(p), &key, 8);
    return p;
  }
  Types types;
};

TEST(RbTree, DoesWhatAMultisetDoes) {
  EXPECT_TRUE(rc::check("tree", [] {
    Items h;
    h.start();
    std::multimap<uint64_t, uint64_t> model;  // key -> node; equal keys in the order of insertion
    for (const auto& [op, key] : *rc::gen::container<std::vector<std::pair<int, uint64_t>>>(
             rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange<uint64_t>(0, 30)))) {
      if (op < 3 || model.empty()) {
        const uint64_t node = h.make(key) + kRb;
        RC_ASSERT(h.call("bpf_rbtree_add_impl", kRoot, node, h.pointer(1)) == 0u);
        model.emplace(key, node);
      } else {
        const auto it = op == 3 ? model.begin() : std::next(model.begin(), static_cast<long>(key % model.size()));
        if (op == 3) RC_ASSERT(h.call("bpf_rbtree_first", kRoot) == it->second);
        RC_ASSERT(h.call("bpf_rbtree_remove", kRoot, it->second) == it->second);
        RC_ASSERT(h.call("bpf_rbtree_remove", kRoot, it->second) == 0u);  // no longer in it
        h.call("bpf_obj_drop_impl", it->second - kRb);
        model.erase(it);
      }
    }
    for (const auto& entry : model) {
      RC_ASSERT(h.call("bpf_rbtree_first", kRoot) == entry.second);
      RC_ASSERT(h.call("bpf_rbtree_remove", kRoot, entry.second) == entry.second);
    }
    RC_ASSERT(h.call("bpf_rbtree_first", kRoot) == 0u);
    RC_ASSERT(h.trapped() == "");
  }));
}

TEST(RbTree, StaysShallow) {
  Items h;
  h.start();
  constexpr uint64_t kCount = 4096;
  for (uint64_t key = 0; key < kCount; ++key) h.call("bpf_rbtree_add_impl", kRoot, h.make(key) + kRb, h.pointer(1));
  uint64_t node = h.call("bpf_rbtree_root", kRoot), depth = 0;
  for (; node != 0; ++depth) node = h.call("bpf_rbtree_right", kRoot, node);
  EXPECT_LT(depth, 40u);
  node = h.call("bpf_rbtree_root", kRoot);
  while (const uint64_t left = h.call("bpf_rbtree_left", kRoot, node)) node = left;
  EXPECT_EQ(node, h.call("bpf_rbtree_first", kRoot));
}

TEST(List, DoesWhatADequeDoes) {
  EXPECT_TRUE(rc::check("list", [] {
    Items h;
    h.start();
    std::deque<uint64_t> model;
    for (const int op : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
      if (op < 2) {
        const uint64_t node = h.make(0) + kList;
        RC_ASSERT(h.call(op == 0 ? "bpf_list_push_front_impl" : "bpf_list_push_back_impl", kHead, node) == 0u);
        op == 0 ? model.push_front(node) : model.push_back(node);
      } else {
        const uint64_t node = h.call(op == 2 ? "bpf_list_pop_front" : "bpf_list_pop_back", kHead);
        RC_ASSERT(node == (model.empty() ? 0 : op == 2 ? model.front() : model.back()));
        if (!model.empty()) op == 2 ? model.pop_front() : model.pop_back();
      }
      RC_ASSERT(h.call("bpf_list_front", kHead) == (model.empty() ? 0 : model.front()));
      RC_ASSERT(h.call("bpf_list_back", kHead) == (model.empty() ? 0 : model.back()));
    }
    RC_ASSERT(h.trapped() == "");
  }));
}

TEST(Objects, AreCountedAndFault) {
  Items h;
  Vm& vm = h.start();
  const uint64_t p = h.make(1);
  EXPECT_EQ(h.call("bpf_refcount_acquire_impl", p), p);
  h.call("bpf_obj_drop_impl", p);
  EXPECT_TRUE(vm.mapped(p, 72, VM_READ | VM_WRITE));
  h.call("bpf_obj_drop_impl", p);
  EXPECT_FALSE(vm.mapped(p, 1, VM_READ));
  h.call("bpf_obj_drop_impl", p);
  EXPECT_THAT(h.trapped(), HasSubstr("to bpf_obj_drop(), which is no object that is alive"));
}

TEST(Objects, ANodeIsInsertedOnce) {
  Items h;
  h.start();
  const uint64_t p = h.make(1);
  h.call("bpf_refcount_acquire_impl", p);
  EXPECT_EQ(h.call("bpf_list_push_back_impl", kHead, p + kList), 0u);
  EXPECT_EQ(h.signed_call("bpf_list_push_back_impl", kHead, p + kList), -EINVAL);  // takes the reference with it
  EXPECT_EQ(h.trapped(), "");
  h.call("bpf_list_push_back_impl", kHead, p + kList);
  EXPECT_EQ(h.trapped(), "main: inserts a node twice with bpf_list_push_back()");
}

TEST(Objects, AFreedOrForeignNodeIsRefused) {
  for (const bool freed : {true, false}) {
    for (const char* const kfunc : {"bpf_rbtree_add_impl", "bpf_list_push_back_impl"}) {
      Items h;
      h.start();
      const uint64_t p = freed ? h.make(1) + kRb : h.kBss + 512;
      if (freed) h.call("bpf_obj_drop_impl", p - kRb);
      h.call(kfunc, kRoot, p, h.pointer(1));
      EXPECT_THAT(h.trapped(), HasSubstr("which is no node of an object that is alive"));
    }
  }
}

TEST(Objects, ADroppedNodeInATreeEndsThePolicy) {
  Items h;
  h.start();
  const uint64_t p = h.make(1);
  h.call("bpf_rbtree_add_impl", kRoot, p + kRb, h.pointer(1));
  h.call("bpf_obj_drop_impl", p);
  h.call("bpf_rbtree_first", kRoot);
  EXPECT_THAT(h.trapped(), HasSubstr("which is not the policy's to read"));
}

TEST(Objects, ABrokenTreeEndsThePolicy) {
  Items h;
  h.start();
  const uint64_t a = h.make(1), b = h.make(2);
  h.call("bpf_rbtree_add_impl", kRoot, a + kRb, h.pointer(1));
  h.call("bpf_rbtree_add_impl", kRoot, b + kRb, h.pointer(1));
  for (const uint64_t p : {a, b}) {  // each other's left child
    const uint64_t other = (p == a ? b : a) + kRb;
    std::memcpy(h.vm().at(p + kRb), &other, 8);
  }
  h.call("bpf_rbtree_first", kRoot);
  EXPECT_EQ(h.trapped(), "main: does not return");
}

TEST(Objects, WhatAMapValueHoldsGoesWithIt) {
  Items h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 40, 4);
  h.object().maps[0].value_type = h.types.value;
  Vm& vm = h.start();
  const uint64_t before = vm.memory().used();
  h.call(BPF_FUNC_map_update_elem, map, h.put(0, 1), h.kBss + 1024);
  const uint64_t value = h.call(BPF_FUNC_map_lookup_elem, map, h.kBss);
  for (uint64_t i = 0; i < 10; ++i) {
    h.call("bpf_rbtree_add_impl", value, h.make(i) + kRb, h.pointer(1));
    h.call("bpf_list_push_back_impl", value + 16, h.make(i) + kList);
  }
  // A chain of objects, each kept by the one before: freed without recursion.
  uint64_t chain = 0;
  for (int i = 0; i < 100000; ++i) {
    const uint64_t p = h.make(0);
    EXPECT_EQ(h.call(BPF_FUNC_kptr_xchg, p + kNext, chain), 0u);
    chain = p;
  }
  EXPECT_EQ(h.call(BPF_FUNC_kptr_xchg, value + 32, chain), 0u);
  EXPECT_EQ(h.call(BPF_FUNC_map_delete_elem, map, h.kBss), 0u);
  EXPECT_EQ(vm.memory().used(), before);
  EXPECT_EQ(h.trapped(), "");
}

TEST(Objects, AKernelsObjectInAMapIsGivenToTheHost) {
  Items h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 40, 4);
  h.object().maps[0].value_type = h.types.value;
  Vm& vm = h.start();
  const uint64_t task = vm.allocate(64, VM_READ);
  h.call(BPF_FUNC_map_update_elem, map, h.put(0, 1), h.kBss + 1024);
  h.call(BPF_FUNC_kptr_xchg, h.call(BPF_FUNC_map_lookup_elem, map, h.kBss) + 32, task);
  h.call(BPF_FUNC_map_delete_elem, map, h.kBss);
  EXPECT_THAT(h.host.released, testing::ElementsAre(task));
}

TEST(Objects, EachCpuHasItsCopy) {
  Items h;
  h.start();
  const uint64_t p = h.call("bpf_percpu_obj_new_impl", h.types.item, 0);
  ASSERT_NE(p, 0u);
  std::set<uint64_t> copies;
  for (uint64_t cpu = 0; cpu < 4; ++cpu) copies.insert(h.call(BPF_FUNC_per_cpu_ptr, p, cpu));
  EXPECT_EQ(copies.size(), 4u);
  h.host.cpu = CpuId(2);
  EXPECT_EQ(h.call(BPF_FUNC_this_cpu_ptr, p), h.call(BPF_FUNC_per_cpu_ptr, p, 2));
  EXPECT_EQ(h.call(BPF_FUNC_per_cpu_ptr, p, 4), 0u);
  h.call("bpf_percpu_obj_drop_impl", p);
  EXPECT_EQ(h.trapped(), "");
  h.call(BPF_FUNC_this_cpu_ptr, p);
  EXPECT_THAT(h.trapped(), HasSubstr("which is nothing that each CPU has"));
}

}  // namespace
}  // namespace simsched::bpf
