#include "bpf/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "bpf/compile.h"
#include "bpf/testing/assembler.h"
#include "bpf/testing/mini_vm.h"

namespace simsched::bpf {
namespace {

using namespace bpf;

std::shared_ptr<const BpfObject> build(BpfObject object) {
  CompileOptions options;
  options.cache = testing::TempDir() + "simsched-translate-test";
  return load_native(std::move(object), options);
}

// r0 of a function, for the arguments given.
uint64_t result(Code code, std::initializer_list<uint64_t> arguments = {}) {
  code.push_back(exit());
  const auto built = build(object({std::move(code)}));
  MiniVm vm(*built);
  const uint64_t r0 = vm.call(0, arguments);
  EXPECT_EQ(vm.trap, VM_TRAP_NONE);
  EXPECT_EQ(vm.depth, 0u);
  EXPECT_EQ(vm.sp, VM_BASE + vm.size);
  return r0;
}
// r0 = a, then the instruction, with b in r2.
struct Case {
  BpfInsn insn;
  uint64_t a, b, expected;
};
void check(const std::vector<Case>& cases) {
  std::vector<Code> functions;
  for (const Case& c : cases) functions.push_back({alu64r(kMov, 0, 1), c.insn, exit()});
  const auto built = build(object(std::move(functions)));
  MiniVm vm(*built);
  for (size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(vm.call(i, {cases[i].a, cases[i].b}), cases[i].expected) << i;
  EXPECT_EQ(vm.trap, VM_TRAP_NONE);
}

constexpr uint64_t kMin64 = uint64_t{1} << 63, kMinus1 = ~uint64_t{0}, kMin32 = 0x80000000, kMinus1w = 0xffffffff;

TEST(Translate, division_by_zero_gives_zero_and_modulo_leaves_the_dividend) {
  const uint64_t a = 0x123456789abcdef0;
  check({
      {alu64r(kDiv, 0, 2), a, 0, 0u},
      {alu64r(kDiv, 0, 2, 1), a, 0, 0u},
      {alu64r(kMod, 0, 2), a, 0, a},
      {alu64r(kMod, 0, 2, 1), a, 0, a},
      {alu32r(kDiv, 0, 2), a, uint64_t{1} << 32, 0u},
      {alu32r(kMod, 0, 2), a, uint64_t{1} << 32, 0x9abcdef0u},
      {alu32r(kMod, 0, 2, 1), a, 0, 0x9abcdef0u},
  });
}

TEST(Translate, the_least_number_divided_by_minus_one_wraps) {
  check({
      {alu64r(kDiv, 0, 2, 1), kMin64, kMinus1, kMin64},
      {alu64r(kMod, 0, 2, 1), kMin64, kMinus1, 0u},
      {alu32r(kDiv, 0, 2, 1), kMin32, kMinus1w, kMin32},
      {alu32r(kMod, 0, 2, 1), kMin32, kMinus1w, 0u},
      {alu64(kDiv, 0, -1, 1), kMin64, 0, kMin64},
      {alu64r(kDiv, 0, 2, 1), static_cast<uint64_t>(-7), 2, static_cast<uint64_t>(-3)},
      {alu64r(kMod, 0, 2, 1), static_cast<uint64_t>(-7), 2, kMinus1},
  });
}

TEST(Translate, shifts_use_the_low_bits_of_their_count) {
  check({
      {alu64r(kLsh, 0, 2), 1, 65, 2u},
      {alu32r(kLsh, 0, 2), 1, 33, 2u},
      {alu32r(kArsh, 0, 2), kMin32, 31, kMinus1w},
      {alu64r(kArsh, 0, 2), kMin64, 63, kMinus1},
  });
}

TEST(Translate, byte_order_and_sign_extension) {
  const uint64_t a = 0x0102030405068788;
  check({
      {insn(0xdc, 0, 0, 0, 16), a, 0, 0x8887u},
      {insn(0xdc, 0, 0, 0, 32), a, 0, 0x88870605u},
      {insn(0xd4, 0, 0, 0, 32), a, 0, 0x05068788u},
      {insn(0xd7, 0, 0, 0, 64), a, 0, 0x8887060504030201u},
      {alu64r(kMov, 0, 1, 8), a, 0, 0xffffffffffffff88u},
      {alu64r(kMov, 0, 1, 16), a, 0, 0xffffffffffff8788u},
      {alu32r(kMov, 0, 1, 8), a, 0, 0xffffff88u},
  });
}

constexpr uint64_t kHeap = VM_BASE + 4096;

// One access of each width by register 1 at each address near the edges of a mapped area.
TEST(Translate, accesses_stay_inside_what_is_mapped) {
  std::vector<Code> functions;
  const Size sizes[] = {kB, kH, kW, kDW};
  const unsigned bytes[] = {1, 2, 4, 8};
  for (const Size size : sizes) {
    functions.push_back({ldx(size, 0, 1, 3), exit()});
    functions.push_back({st(size, 1, 3, -1), exit()});
    functions.push_back({alu64(kMov, 3, 5), stx(size, 1, 3, 3), exit()});
  }
  const auto built = build(object(functions));
  for (int permission = 0; permission < 4; ++permission) {
    for (size_t f = 0; f < functions.size(); ++f) {
      const bool write = f % 3 != 0;
      for (uint64_t at = kHeap - 9; at < kHeap + 64 + 9; at += at == kHeap + 8 ? 40 : 1) {
        MiniVm vm(8192);
        vm.map(kHeap, 64, permission);
        built->code->functions[f](&vm, at - 3, 0, 0, 0, 0);
        const bool inside = at >= kHeap && at + bytes[f / 3] <= kHeap + 64;
        const bool allowed = inside && (permission & (write ? VM_WRITE : VM_READ)) != 0;
        ASSERT_EQ(vm.trap, allowed ? VM_TRAP_NONE : write ? VM_TRAP_STORE : VM_TRAP_LOAD) << f << " " << at - kHeap;
        if (allowed) continue;
        EXPECT_EQ(vm.trap_address, at);
        EXPECT_EQ(vm.trap_size, bytes[f / 3]);
        EXPECT_EQ(vm.trap_function, f);
        EXPECT_EQ(vm.trap_insn, f % 3 == 2 ? 1u : 0u);
      }
    }
  }
}

TEST(Translate, the_ends_of_the_address_space_are_no_memory) {
  const auto built = build(object({{ldx(kDW, 0, 1, 0), exit()}, {stx(kDW, 10, 1, 0), exit()}}));
  const uint64_t past = VM_BASE + MiniVm(8192).size;
  for (const uint64_t address : std::vector<uint64_t>{0, kMinus1, kMinus1 - 7, VM_BASE - 1, VM_BASE - 8, past}) {
    MiniVm vm(8192);
    built->code->functions[0](&vm, address, 0, 0, 0, 0);
    EXPECT_EQ(vm.trap, VM_TRAP_LOAD) << address;
  }
  MiniVm vm(8192);  // above the outermost frame
  built->code->functions[1](&vm, 1, 0, 0, 0, 0);
  EXPECT_EQ(vm.trap, VM_TRAP_STORE);
}

TEST(Translate, a_frame_is_512_bytes) {
  EXPECT_EQ(result({st(kDW, 10, -512, 7), ldx(kDW, 0, 10, -512)}), 7u);
  // Beyond it lies another's frame: still memory of the policy, which the kernel's verifier would refuse.
  const auto built = build(object({{alu64r(kMov, 2, 10), alu64(kAdd, 2, -8192), st(kDW, 2, -8, 7), exit()}}));
  MiniVm vm(*built);
  vm.call(0);
  EXPECT_EQ(vm.trap, VM_TRAP_STORE);
}

TEST(Translate, backward_jumps_use_up_the_budget) {
  const auto built = build(object({{alu64(kAdd, 0, 1), jump_if_r(kLt, 0, 1, -2), exit()}, {jump(-1)}}));
  MiniVm vm(*built);
  vm.budget = 10;
  EXPECT_EQ(vm.call(0, {10}), 10u);
  EXPECT_EQ(vm.trap, VM_TRAP_NONE);
  EXPECT_EQ(vm.budget, 0);
  vm.budget = 9;
  vm.call(0, {10});
  EXPECT_EQ(vm.trap, VM_TRAP_BUDGET);
  MiniVm endless(*built);
  endless.call(1);
  EXPECT_EQ(endless.trap, VM_TRAP_BUDGET);
  EXPECT_EQ(endless.trap_function, 1u);
}

TEST(Translate, may_goto_ends_a_loop_by_itself) {
  // for (r0 = 0; may; ++r0) ;
  const auto built = build(object({{alu64(kMov, 0, 0), may_goto(2), alu64(kAdd, 0, 1), jump(-3), exit()}}));
  MiniVm vm(*built);
  vm.budget = 10'000'000;
  EXPECT_EQ(vm.call(0), 8'388'608u);
  EXPECT_EQ(vm.trap, VM_TRAP_NONE);
}

TEST(Translate, long_jumps_reach) { EXPECT_EQ(result({jump_long(1), exit(), alu64(kMov, 0, 3)}), 3u); }

TEST(Translate, calls_pass_registers_and_keep_callee_saved_ones) {
  const Code callee = {alu64(kMov, 6, 99), st(kDW, 10, -8, 77), alu64r(kMov, 0, 1), alu64r(kSub, 0, 5), exit()};
  const Code caller = {alu64(kMov, 6, 1),
                       st(kDW, 10, -8, 5),
                       call(Ref::kFunction, 0),
                       alu64r(kAdd, 0, 6),
                       ldx(kDW, 1, 10, -8),
                       alu64r(kAdd, 0, 1),
                       exit()};
  const auto built = build(object({callee, caller}));
  MiniVm vm(*built);
  EXPECT_EQ(vm.call(1, {100, 0, 0, 0, 30}), 76u);
  EXPECT_EQ(vm.sp, VM_BASE + vm.size);
  EXPECT_EQ(vm.depth, 0u);
}

TEST(Translate, deep_recursion_traps_and_unwinds) {
  const auto built = build(object({{alu64(kAdd, 1, 1), st(kDW, 10, -512, 1), call(Ref::kFunction, 0), exit()}}));
  MiniVm vm(*built);
  vm.call(0);
  EXPECT_EQ(vm.trap, VM_TRAP_DEPTH);
  EXPECT_EQ(vm.depth, 0u);
  EXPECT_EQ(vm.sp, VM_BASE + vm.size);
}

uint64_t add_and_count(vm* machine, uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t) {
  ++machine->trap_address;
  return a + b;
}
uint64_t refuses(vm* machine, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  machine->trap = VM_TRAP_KFUNC;
  machine->trap_function = VM_NOWHERE;
  return 0;
}

TEST(Translate, helpers_are_called_through_the_table) {
  BpfObject o = object({{call(Ref::kCall, 1), call(Ref::kCall, 0), st(kDW, 10, -8, 1), exit()}});
  o.calls = {{false, 0, "refuses", false}, {true, 5, "", false}};
  const auto built = build(std::move(o));
  MiniVm vm(*built);
  vm.set_call(0, add_and_count);
  vm.set_call(1, add_and_count);
  EXPECT_EQ(vm.call(0, {3, 4}), 7u);
  EXPECT_EQ(vm.trap_address, 2u);
  vm.set_call(0, refuses);
  vm.call(0, {3, 4});
  EXPECT_EQ(vm.trap, VM_TRAP_KFUNC);
  EXPECT_EQ(vm.trap_function, 0u);  // the place of the call was filled in
  EXPECT_EQ(vm.trap_insn, 1u);
}

TEST(Translate, a_missing_weak_kfunc_has_no_address_and_cannot_be_called) {
  Code test, use = {call(Ref::kCall, 0), exit()};
  load_ref(test, 0, Ref::kKsym, 0);
  test.push_back(exit());
  BpfObject o = object({test, use});
  o.calls = {{false, 0, "new_kfunc", true}};
  const auto built = build(std::move(o));
  MiniVm vm(*built);
  EXPECT_EQ(vm.call(0), 0u);
  vm.set_call(0, add_and_count);
  EXPECT_EQ(vm.call(0), VM_KSYM_BASE);
  EXPECT_EQ(vm.call(1, {1, 2}), 3u);
  vm.set_call(0, vm.missing_call);
  vm.call(1);
  EXPECT_EQ(vm.trap, VM_TRAP_CALL);
  EXPECT_EQ(vm.trap_address, 0u);
}

TEST(Translate, what_cannot_be_executed_traps_when_it_is_reached) {
  const auto bad = [](BpfInsn i) { return Code{jump_if(kEq, 1, 0, 1), i, exit()}; };
  std::vector<Code> functions = {
      bad(insn(0xff, 0, 0, 0, 0)),
      bad(insn(0x07, 11, 0, 0, 0)),
      bad(alu64(kMov, 10, 0)),
      bad(insn(0x30, 0, 0, 0, 0)),
      bad(jump(100)),
      bad(jump(-100)),
      bad(call(Ref::kBad, 0)),
      bad(call(Ref::kFunction, 99)),
      bad(call(Ref::kCall, 0)),
      bad(insn(0xd4, 0, 0, 0, 24)),
      bad(atomic(kB, 10, 1, -8, 0)),
      bad(atomic(kDW, 10, 1, -8, 0x20)),
      bad(alu32r(kMov, 0, 1, 32)),
      bad(alu64(kDiv, 0, 1, 2)),
  };
  const auto built = build(object(functions));
  for (size_t f = 0; f < functions.size(); ++f) {
    MiniVm vm(*built);
    vm.call(f, {0});
    EXPECT_EQ(vm.trap, VM_TRAP_NONE) << f;
    vm.call(f, {1});
    EXPECT_EQ(vm.trap, VM_TRAP_CODE) << f;
    EXPECT_EQ(vm.trap_insn, 1u) << f;
  }
}

TEST(Translate, running_off_the_end_traps) {
  Code half;
  load64(half, 0, 1);
  half.pop_back();
  const auto built = build(object({{alu64(kMov, 0, 1)}, {}, half, {jump_if(kEq, 1, 1, -5), exit()}}));
  for (const size_t f : {0, 1, 2}) {
    MiniVm vm(*built);
    vm.call(f);
    EXPECT_EQ(vm.trap, VM_TRAP_CODE) << f;
  }
}

TEST(Translate, a_trap_that_is_pending_stops_every_function) {
  const auto built = build(object({{alu64(kMov, 0, 1), exit()}}));
  MiniVm vm(*built);
  vm.trap = VM_TRAP_KFUNC;
  EXPECT_EQ(vm.call(0), 0u);
}

TEST(Translate, known_addresses_of_data_need_no_check_but_keep_their_limits) {
  Code good, read_only, beyond;
  load_ref(good, 1, Ref::kAddress, VM_BASE + 8);
  good.insert(good.end(), {ldx(kDW, 0, 1, 0), alu64(kAdd, 0, 1), stx(kDW, 1, 0, 0), exit()});
  load_ref(read_only, 1, Ref::kAddress, VM_BASE + 8192);
  read_only.insert(read_only.end(), {st(kW, 1, 0, 0), exit()});
  load_ref(beyond, 1, Ref::kAddress, VM_BASE + 8);
  beyond.insert(beyond.end(), {ldx(kDW, 0, 1, 4096), exit()});
  BpfObject o = object({good, read_only, beyond});
  o.sections = {{".data", VM_BASE, true, std::vector<std::byte>(16), 0},
                {".rodata", VM_BASE + 8192, false, std::vector<std::byte>(16), 0}};
  EXPECT_THAT(translate(o), testing::Not(testing::HasSubstr("vm_ok(vm, o, 8, VM_WRITE)")));
  const auto built = build(std::move(o));
  MiniVm vm(16384);
  vm.map(VM_BASE, 16, VM_READ | VM_WRITE);
  vm.map(VM_BASE + 8192, 16, VM_READ);
  const auto run = [&](size_t f) { return built->code->functions[f](&vm, 0, 0, 0, 0, 0); };
  EXPECT_EQ(run(0), 1u);
  EXPECT_EQ(run(0), 2u);
  run(1);
  EXPECT_EQ(vm.trap, VM_TRAP_STORE);
  vm.trap = VM_TRAP_NONE;
  run(2);
  EXPECT_EQ(vm.trap, VM_TRAP_LOAD);
}

TEST(Translate, names_become_symbols) { EXPECT_EQ(code_symbol("a-b.c"), "vm_code_a_b_c"); }

}  // namespace
}  // namespace simsched::bpf
