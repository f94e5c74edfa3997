#include "bpf/vm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "base/error.h"
#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::HasSubstr;

TEST(Vm, PassesArgumentsAndResults) {
  Harness h;
  Vm& vm = h.start();
  h.callbacks[1] = [](auto r) { return r[0] + 10 * r[1] + 100 * r[2] + 1000 * r[3] + 10000 * r[4]; };
  EXPECT_EQ(vm.call(1, {1, 2, 3, 4, 5}), 54321u);
  EXPECT_EQ(vm.call(1, {7}), 7u);
}

TEST(Vm, AProgramGetsTheAddressOfItsArguments) {
  Harness h;
  Vm& vm = h.start();
  h.callbacks[1] = [&](auto r) {
    EXPECT_FALSE(vm.mapped(r[0], 8, VM_WRITE));
    // A callback may lead to another program, which has arguments of its own.
    const uint64_t inner = vm.load<uint64_t>(r[0]).value() == 3 ? vm.call_program(1, {5, 6}) : 0;
    return inner * 100 + vm.load<uint64_t>(r[0]).value() * 10 + vm.load<uint64_t>(r[0] + 8).value();
  };
  EXPECT_EQ(vm.call_program(1, {3, 4}), 5634u);
}

TEST(Vm, TheFirstTrapStays) {
  Harness h;
  Vm& vm = h.start();
  EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, 0x10, 0), 0u);
  EXPECT_EQ(h.trapped(), "main: passes 0x10 as a map, which is none");
  EXPECT_EQ(vm.trap_info()->kind, VM_TRAP_KFUNC);
  h.callbacks[1] = [](auto) -> uint64_t { return 5; };
  EXPECT_EQ(vm.call(1, {}), 0u);
  EXPECT_EQ(vm.call_program(1, {}), 0u);
  vm.refuse("again");
  EXPECT_EQ(h.trapped(), "main: passes 0x10 as a map, which is none");
}

TEST(Vm, ABadPointerIsTold) {
  Harness h;
  h.start();
  h.call("bpf_cpumask_first", 0x10);
  EXPECT_EQ(h.trapped(),
            "main: reads 8 bytes at 0x10, which is not the policy's to read (null, freed or out of bounds)");
  Harness g;
  const uint64_t map = g.add_map("m", BPF_MAP_TYPE_ARRAY, 4, 8, 1);
  g.start();
  g.call("bpf_cpumask_clear", map);
  EXPECT_THAT(g.trapped(), HasSubstr("which is not the policy's to write (null, read-only, freed or out of bounds)"));
}

TEST(Vm, TrapsOfTranslatedCodeAreTold) {
  const std::pair<vm_trap_kind, std::string> kCases[] = {
      {VM_TRAP_LOAD, "callback1: reads 2 bytes at 0x0, which is not"},
      {VM_TRAP_STORE, "writes 2 bytes at 0x0"},
      {VM_TRAP_BUDGET, "callback1: does not return"},
      {VM_TRAP_DEPTH, "nested too deeply"},
      {VM_TRAP_CALL, "calls "},
      {VM_TRAP_BOUNDS, "out of its bounds"},
      {VM_TRAP_CODE, "an instruction that is none"}};
  for (const auto& [kind, text] : kCases) {
    Harness h;
    Vm& vm = h.start();
    const uint64_t sp = vm.sp;
    h.callbacks[2] = [&, trap = kind](auto) -> uint64_t {
      vm.sp -= 512;
      vm.depth = 3;
      vm.trap = trap;
      vm.trap_size = 2;
      vm.trap_function = 1;
      return 9;
    };
    EXPECT_EQ(vm.call(2, {}), 0u);
    EXPECT_THAT(h.trapped(), HasSubstr(text));
    EXPECT_EQ(vm.sp, sp);
    EXPECT_EQ(vm.depth, 0u);
  }
}

TEST(Vm, OnlyTheOutermostCallRenewsTheBudget) {
  Harness h;
  Vm& vm = h.start();
  int64_t inside = 0;
  h.callbacks[2] = [&](auto) -> uint64_t { return inside = vm.budget, 0; };
  h.callbacks[1] = [&](auto) -> uint64_t {
    EXPECT_EQ(vm.budget, int64_t{1} << 28);
    vm.budget -= 1000;
    return vm.call(2, {});
  };
  vm.call(1, {});
  EXPECT_EQ(inside, (int64_t{1} << 28) - 1000);
}

TEST(Vm, ALoopInAHelperUsesUpTheBudget) {
  Harness h;
  Vm& vm = h.start();
  h.callbacks[1] = [&](auto) -> uint64_t { return vm.budget -= 1 << 20, 0; };
  h.call(BPF_FUNC_loop, 1000, h.pointer(1));
  EXPECT_EQ(h.trapped(), "main: does not return");
}

TEST(Vm, EndlessNestingThroughHelpersEnds) {
  Harness h;
  h.start();
  h.callbacks[1] = [&](auto) { return h.raw(BPF_FUNC_loop, 1, h.pointer(1)); };
  h.call(BPF_FUNC_loop, 1, h.pointer(1));
  EXPECT_THAT(h.trapped(), HasSubstr("nested too deeply"));
}

TEST(Vm, ACallbackMustBeAFunction) {
  for (const uint64_t pointer :
       {uint64_t{0}, uint64_t{VM_FUNC_BASE} + 1, uint64_t{VM_FUNC_BASE} + 16 * 5, uint64_t{VM_BASE}}) {
    Harness h;
    h.start();
    h.call(BPF_FUNC_loop, 1, pointer);
    EXPECT_THAT(h.trapped(), HasSubstr("as a callback, which is none of its functions"));
  }
}

TEST(Vm, SaysWhatIsMissing) {
  Harness h;
  h.object().calls.push_back({false, 0, "bpf_no_such", false});
  try {
    h.start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.problem(), "needs the kernel function bpf_no_such(), which the simulator does not offer");
  }
  Harness g;
  g.object().calls.push_back({true, 9999, "", false});
  EXPECT_THROW(g.start(), Error);
}

TEST(Vm, AWeakKfuncThatIsMissingTrapsWhenCalled) {
  Harness h;
  h.object().calls.push_back({false, 0, "bpf_no_such", true});
  Vm& vm = h.start();
  const auto missing = static_cast<uint32_t>(h.object().calls.size() - 1);
  EXPECT_EQ(vm.calls[missing], vm.missing_call);  // its address reads as 0
  h.run([&] {
    vm.calls[missing](&vm, 0, 0, 0, 0, 0);
    vm.trap_address = missing;  // as the code that calls it does
    return uint64_t{0};
  });
  EXPECT_EQ(h.trapped(), "main: calls bpf_no_such(), which does not exist here");
}

TEST(Vm, TheHostsExportsComeFirst) {
  Harness h;
  static constexpr VmExport kOwn[] = {
      {nullptr, BPF_FUNC_ktime_get_ns,
       [](Vm&, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) -> uint64_t { return 77; }}};
  h.host.time = Nanos(5);
  h.start();
  EXPECT_EQ(h.call(BPF_FUNC_ktime_get_ns), 5u);
  Vm own(std::make_shared<BpfObject>(h.object()), h.host, kOwn, 1, 1);
  size_t i = 0;
  while (!(own.object().calls[i].helper && own.object().calls[i].id == BPF_FUNC_ktime_get_ns)) ++i;
  EXPECT_EQ(own.calls[i](&own, 0, 0, 0, 0, 0), 77u);
}

TEST(Vm, VariablesAreInPlace) {
  Harness h;
  h.object().variables.push_back({"counter", 0, 16, 8, 0});
  Vm& vm = h.start();
  ASSERT_EQ(vm.variable("counter").size(), 8u);
  h.put<uint64_t>(16, 12345);
  uint64_t value = 0;
  std::memcpy(&value, vm.variable("counter").data(), 8);
  EXPECT_EQ(value, 12345u);
  EXPECT_TRUE(vm.variable("nothing").empty());
}

TEST(Vm, SectionsHoldTheirDataAndPermission) {
  Harness h;
  h.object().sections[0].data[3] = std::byte{9};
  h.object().sections.push_back({".rodata", Harness::kMaps + 4096, false, std::vector<std::byte>(100, std::byte{7})});
  Vm& vm = h.start();
  EXPECT_EQ(h.get<uint8_t>(Harness::kBss + 3), 9);
  EXPECT_EQ(h.get<uint8_t>(Harness::kMaps + 4096 + 99), 7);
  EXPECT_TRUE(vm.mapped(Harness::kMaps + 4096, 100, VM_READ));
  EXPECT_FALSE(vm.mapped(Harness::kMaps + 4096, 1, VM_WRITE));
}

TEST(Vm, AnInstanceDoesNotSeeAnother) {
  Harness h;
  h.start();
  Vm other(std::make_shared<BpfObject>(h.object()), h.host, {}, 4, 1);
  h.put<uint32_t>(0, 42);
  EXPECT_EQ(*other.at<uint32_t>(Harness::kBss), 0u);
  EXPECT_NE(other.mem, h.vm().mem);
}

}  // namespace
}  // namespace simsched::bpf
