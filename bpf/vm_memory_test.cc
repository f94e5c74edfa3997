#include "bpf/vm_memory.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>
#include <map>

#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

constexpr int kRw = VM_READ | VM_WRITE;

TEST(VmMemory, NothingOutsideOfWhatWasGivenIsMapped) {
  Harness h;
  Vm& vm = h.start();
  for (const uint64_t address : {uint64_t{0}, uint64_t{8}, uint64_t{1} << 40, uint64_t{VM_BASE}, uint64_t{VM_BASE} - 1,
                                 uint64_t{VM_FUNC_BASE}, ~uint64_t{0}, ~uint64_t{7}}) {
    EXPECT_FALSE(vm.mapped(address, 1, VM_READ)) << std::hex << address;
    EXPECT_FALSE(vm.mapped(address, 8, VM_READ)) << std::hex << address;
  }
  EXPECT_TRUE(vm.mapped(Harness::kBss, Harness::kBssSize, kRw));
  EXPECT_FALSE(vm.mapped(Harness::kBss, Harness::kBssSize + 1, kRw));
  EXPECT_FALSE(vm.mapped(Harness::kBss, ~uint64_t{0}, kRw));
}

TEST(VmMemory, AGuardLiesOnBothSidesOfABlock) {
  Harness h;
  Vm& vm = h.start();
  for (const size_t size : {1, 63, 64, 65, 512, 5000}) {
    const uint64_t p = vm.allocate(size, kRw);
    EXPECT_TRUE(vm.mapped(p, size, kRw));
    EXPECT_FALSE(vm.mapped(p - 1, 1, VM_READ));
    EXPECT_FALSE(vm.mapped(p, (size + 63) / 64 * 64 + 1, VM_READ));
    EXPECT_FALSE(vm.mapped(p - 8, 16, VM_READ));  // spans the border
  }
}

TEST(VmMemory, EndsAtItsLimit) {
  Harness h;
  Vm& vm = h.start();
  vm.memory().set_limit(8 << 20);
  std::vector<uint64_t> blocks;
  for (uint64_t p; (p = vm.allocate(1 << 20, kRw)) != 0;) blocks.push_back(p);
  EXPECT_GE(blocks.size(), 6u);
  EXPECT_LE(blocks.size(), 8u);
  EXPECT_TRUE(vm.memory().refused());
  EXPECT_EQ(vm.trap_info(), std::nullopt) << "a policy is told, and goes on";
  // Pages that were given back count no more.
  for (const uint64_t p : blocks) vm.release(p, 1 << 20);
  for (size_t i = 0; i < blocks.size(); ++i) EXPECT_NE(vm.allocate(1 << 20, kRw), 0u);
}

TEST(VmMemory, PermissionsAreThoseAskedFor) {
  Harness h;
  Vm& vm = h.start();
  const uint64_t p = vm.allocate(256, VM_READ);
  EXPECT_TRUE(vm.mapped(p, 256, VM_READ));
  EXPECT_FALSE(vm.mapped(p, 1, VM_WRITE));
  vm.protect(p + 64, 64, kRw);
  EXPECT_TRUE(vm.mapped(p + 64, 64, kRw));
  EXPECT_FALSE(vm.mapped(p + 120, 16, kRw));
}

TEST(VmMemory, FreedMemoryFaultsAndComesBackLateAndZeroed) {
  Harness h;
  Vm& vm = h.start();
  const uint64_t first = vm.allocate(100, kRw);
  std::memset(vm.at(first), 0xff, 100);
  vm.release(first, 100);
  EXPECT_FALSE(vm.mapped(first, 1, VM_READ));
  for (uint64_t i = 1; i < Memory::kQuarantine; ++i) {
    const uint64_t p = vm.allocate(100, kRw);
    ASSERT_NE(p, first) << i;
    vm.release(p, 100);
  }
  const uint64_t again = vm.allocate(100, kRw);  // the first that comes back is the one freed first
  EXPECT_EQ(again, first);
  for (size_t i = 0; i < 128; ++i) EXPECT_EQ(static_cast<int>(*vm.at(again + i)), 0);
}

TEST(VmMemory, AMillionBlocksFit) {
  Harness h;
  Vm& vm = h.start();
  uint64_t last = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const uint64_t p = vm.allocate(512, kRw);
    ASSERT_GE(p, last + 512);
    last = p;
  }
  EXPECT_TRUE(vm.mapped(last, 512, kRw));
  EXPECT_EQ(vm.memory().used(), 1'000'000 * (512 + kGranule));
}

TEST(VmMemory, TooMuchIsNoMemory) {
  Harness h;
  Vm& vm = h.start();
  EXPECT_EQ(vm.allocate(uint64_t{1} << 50, kRw), 0u);
  EXPECT_EQ(vm.allocate(~uint64_t{0}, kRw), 0u);
  EXPECT_NE(vm.allocate(64, kRw), 0u);
}

TEST(VmMemory, BlocksAreFoundByAddress) {
  Harness h;
  Vm& vm = h.start();
  const uint64_t p = vm.allocate(300, kRw);
  ASSERT_NE(vm.memory().block(p), nullptr);
  EXPECT_EQ(vm.memory().block(p)->size, 300u);
  EXPECT_EQ(vm.memory().block(p + 64), nullptr);
  EXPECT_EQ(vm.memory().block(p + 1), nullptr);
  EXPECT_EQ(vm.memory().block_containing(p + 299), vm.memory().block(p));
  EXPECT_EQ(vm.memory().block(Harness::kBss), nullptr);
  EXPECT_EQ(vm.memory().block_containing(Harness::kBss), nullptr);
  vm.release(p, 300);
  EXPECT_EQ(vm.memory().block(p), nullptr);
  EXPECT_EQ(vm.memory().block_containing(p), nullptr);
}

// What a policy writes into its own memory cannot pass for a block once that memory is freed.
TEST(VmMemory, ABlockCannotBeForged) {
  Harness h;
  Vm& vm = h.start();
  const uint64_t p = vm.allocate(256, kRw);
  const Block forged{.address = p + 128, .size = 64, .kind = BlockKind::kObject, .refs = 1};
  std::memcpy(vm.at(p + 64), &forged, sizeof(forged));
  EXPECT_EQ(vm.memory().block(p + 128), nullptr);
  vm.release(p, 256);
  EXPECT_EQ(vm.memory().block(p + 128), nullptr);
}

TEST(VmMemory, BlocksNeverOverlap) {
  EXPECT_TRUE(rc::check("any sequence of allocate and release", [] {
    Harness h;
    Vm& vm = h.start();
    std::map<uint64_t, size_t> live;  // address -> size
    for (const auto& step : *rc::gen::container<std::vector<std::pair<bool, uint16_t>>>(
             rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange<uint16_t>(0, 3000)))) {
      if (step.first && !live.empty()) {
        const auto it = std::next(live.begin(), step.second % live.size());
        vm.release(it->first, it->second);
        live.erase(it);
        continue;
      }
      const uint64_t p = vm.allocate(step.second, kRw);
      const auto above = live.lower_bound(p);
      const bool ends = above == live.end() || p + step.second + kGranule <= above->first;
      const bool starts = above == live.begin() || std::prev(above)->first + std::prev(above)->second + kGranule <= p;
      RC_ASSERT(ends);
      RC_ASSERT(starts);
      live[p] = step.second;
    }
    for (const auto& [p, bytes] : live) RC_ASSERT(vm.mapped(p, bytes, kRw));
  }));
}

}  // namespace
}  // namespace simsched::bpf
