// Random programs: translated code and a plain interpreter agree on every register, on memory and on traps.
#include <gtest/gtest.h>

#include <iterator>

#include "base/rng.h"
#include "bpf/compile.h"
#include "bpf/testing/assembler.h"
#include "bpf/testing/interpreter.h"

namespace simsched::bpf {
namespace {

using namespace bpf;

constexpr uint64_t kHeap = VM_BASE + 1024, kRoom = 4096;
constexpr int kResults = 80;  // r0 to r9, at the top of the frame

// Numbers near which arithmetic goes wrong, and any others.
uint64_t interesting(Rng& rng) {
  constexpr uint64_t kNumbers[] = {0,
                                   1,
                                   2,
                                   7,
                                   31,
                                   32,
                                   33,
                                   63,
                                   64,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   0xffffffffffffffff,
                                   0xffffffff80000000};
  switch (rng.below(4)) {
    case 0:
      return rng.next();
    case 1:
      return kHeap + rng.below(600) - 40;  // an address that is often good
    default:
      return kNumbers[rng.below(std::size(kNumbers))] + rng.below(3) - 1;
  }
}

BpfInsn random_insn(Rng& rng, int left) {
  constexpr Op kOps[] = {kAdd, kSub, kMul, kDiv, kOr, kAnd, kLsh, kRsh, kNeg, kMod, kXor, kMov, kArsh};
  constexpr Test kTests[] = {kEq, kGt, kGe, kSet, kNe, kSGt, kSGe, kLt, kLe, kSLt, kSLe};
  constexpr Size kSizes[] = {kB, kH, kW, kDW};
  constexpr int kAtomics[] = {0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};
  const int dst = static_cast<int>(rng.below(10)), src = static_cast<int>(rng.below(10));
  const int64_t imm = static_cast<int32_t>(interesting(rng));
  const bool wide = rng.below(2) == 0, reg = rng.below(2) == 0, frame = rng.below(8) != 0;
  const Size size = kSizes[rng.below(4)];
  const int stack = -88 - static_cast<int>(rng.below(400)), heap = static_cast<int>(rng.below(32)) - 8;
  switch (rng.below(20)) {
    case 0: {  // jumps: mostly forward
      const int off = rng.below(8) == 0 ? -static_cast<int>(rng.below(4)) - 1
                                        : static_cast<int>(rng.below(static_cast<uint64_t>(left)));
      return insn(kTests[rng.below(std::size(kTests))] | (wide ? 5 : 6) | (reg ? 8 : 0), dst, src, off, imm);
    }
    case 1:
      return reg ? ldx(size, dst, 10, stack) : stx(size, 10, src, stack);
    case 2:
      return reg ? ldx(size, dst, src, heap) : stx(size, dst, src, heap);
    case 3:
      return reg ? st(size, frame ? 10 : dst, frame ? stack : heap, imm) : ldsx(kSizes[rng.below(3)], dst, 10, stack);
    case 4:
      return atomic(wide ? kDW : kW, frame ? 10 : dst, src, frame ? stack : heap,
                    kAtomics[rng.below(std::size(kAtomics))]);
    case 5:
      return insn(rng.below(2) == 0 ? 0xd4 | (reg ? 8 : 0) : 0xd7, dst, 0, 0, 16 << rng.below(3));
    case 6:
      return insn(kMov | (wide ? 0x0f : 0x0c), dst, src, 8 << rng.below(wide ? 3 : 2), 0);
    default: {
      const Op op = kOps[rng.below(std::size(kOps))];
      const int off = (op == kDiv || op == kMod) && rng.below(2) == 0 ? 1 : 0;
      return insn(op | (wide ? 7 : 4) | (reg ? 8 : 0), dst, src, off, imm);
    }
  }
}

Code random_program(Rng& rng) {
  Code code;
  const int length = 5 + static_cast<int>(rng.below(30));
  for (int r = 6; r < 10; ++r) {
    if (rng.below(2) == 0) load64(code, r, interesting(rng));
  }
  if (rng.below(2) == 0) {  // a pointer to the stack in another register
    code.push_back(alu64r(kMov, 6, 10));
    code.push_back(alu64(kAdd, 6, -200));
  }
  const size_t begin = code.size();
  for (int i = 0; i < length; ++i) {
    BpfInsn insn = random_insn(rng, length - i);
    const bool jumps = (insn.code & 7) == 5 || (insn.code & 7) == 6;
    if (jumps && insn.off < 0 && code.size() + 1 < begin - insn.off) insn.off = 0;  // not into the start
    code.push_back(insn);
  }
  for (int r = 0; r < 10; ++r) code.push_back(stx(kDW, 10, r, -kResults + 8 * r));
  code.push_back(exit());
  return code;
}

void prepare(MiniVm& vm, Rng rng) {
  vm.map(kHeap, 256, VM_READ | VM_WRITE);
  vm.map(kHeap + 256, 128, VM_READ);
  vm.map(kHeap + 384, 64, VM_WRITE);
  for (uint64_t i = 0; i < 512; ++i) vm.write(kHeap + i, static_cast<unsigned char>(rng.next()));
  for (uint64_t i = 1; i <= 512; ++i) vm.write(vm.sp - i, static_cast<unsigned char>(rng.next()));
  vm.budget = 100;
}

std::string listing(const Code& code) {
  std::string text;
  for (size_t i = 0; i < code.size(); ++i) {
    char line[96];
    std::snprintf(line, sizeof line, "%zu: %02x r%d r%d %+d %d\n", i, code[i].code, code[i].dst, code[i].src,
                  code[i].off, code[i].imm);
    text += line;
  }
  return text;
}

void compare(const Code& code, vm_func native, Rng rng, uint64_t& completed) {
  uint64_t a[5];
  for (uint64_t& argument : a) argument = interesting(rng);
  MiniVm ours(kRoom), reference(kRoom);
  prepare(ours, rng.split(1));
  prepare(reference, rng.split(1));
  const uint64_t r0 = native(&ours, a[0], a[1], a[2], a[3], a[4]);
  Interpreter interpreter(reference, code);
  std::copy(a, a + 5, interpreter.r.begin() + 1);
  interpreter.run();
  ASSERT_EQ(ours.trap, reference.trap);
  ASSERT_EQ(ours.budget, reference.budget);
  ASSERT_EQ(std::memcmp(ours.mem, reference.mem, ours.size), 0) << "memory or a register differs";
  if (ours.trap == VM_TRAP_NONE) {
    ASSERT_EQ(r0, interpreter.r[0]);
    ++completed;
    return;
  }
  ASSERT_EQ(ours.trap_insn, reference.trap_insn);
  ASSERT_EQ(ours.trap_address, reference.trap_address);
  ASSERT_EQ(ours.trap_size, reference.trap_size);
}

TEST(TranslateRandom, agrees_with_an_interpreter) {
  constexpr uint64_t kObjects = 1, kPrograms = 60, kRuns = 250;
  CompileOptions options;
  options.cache = testing::TempDir() + "simsched-translate-test";
  uint64_t completed = 0;  // without a trap
  for (uint64_t o = 0; o < kObjects; ++o) {
    Rng rng(1000 + o);
    std::vector<Code> programs;
    for (uint64_t i = 0; i < kPrograms; ++i) programs.push_back(random_program(rng));
    const auto built = load_native(object(programs), options);
    for (uint64_t i = 0; i < kPrograms; ++i) {
      for (uint64_t run = 0; run < kRuns; ++run) {
        compare(programs[i], built->code->functions[i], rng.split(i * kRuns + run), completed);
        if (HasFatalFailure()) FAIL() << "object " << o << " program " << i << "\n" << listing(programs[i]);
      }
    }
  }
  EXPECT_GT(completed, kObjects * kPrograms * kRuns / 4);
  EXPECT_LT(completed, kObjects * kPrograms * kRuns * 3 / 4);
}

}  // namespace
}  // namespace simsched::bpf
