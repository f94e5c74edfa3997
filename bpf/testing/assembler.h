// BPF instructions by hand, for tests. Numbers are those of the instruction set's document.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bpf/object.h"

namespace simsched::bpf::bpf {

using Code = std::vector<BpfInsn>;
using Ref = BpfInsn::Ref;

enum Op : uint8_t {
  kAdd = 0x00,
  kSub = 0x10,
  kMul = 0x20,
  kDiv = 0x30,
  kOr = 0x40,
  kAnd = 0x50,
  kLsh = 0x60,
  kRsh = 0x70,
  kNeg = 0x80,
  kMod = 0x90,
  kXor = 0xa0,
  kMov = 0xb0,
  kArsh = 0xc0,
  kEnd = 0xd0,
};
enum Test : uint8_t {
  kEq = 0x10,
  kGt = 0x20,
  kGe = 0x30,
  kSet = 0x40,
  kNe = 0x50,
  kSGt = 0x60,
  kSGe = 0x70,
  kLt = 0xa0,
  kLe = 0xb0,
  kSLt = 0xc0,
  kSLe = 0xd0,
};
enum Size : uint8_t { kW = 0x00, kH = 0x08, kB = 0x10, kDW = 0x18 };

inline BpfInsn insn(int code, int dst, int src, int off, int64_t imm) {
  BpfInsn i;
  i.code = static_cast<uint8_t>(code);
  i.dst = static_cast<uint8_t>(dst);
  i.src = static_cast<uint8_t>(src);
  i.off = static_cast<int16_t>(off);
  i.imm = static_cast<int32_t>(imm);
  return i;
}
inline BpfInsn alu64(Op op, int dst, int64_t imm, int off = 0) { return insn(op | 0x07, dst, 0, off, imm); }
inline BpfInsn alu64r(Op op, int dst, int src, int off = 0) { return insn(op | 0x0f, dst, src, off, 0); }
inline BpfInsn alu32(Op op, int dst, int64_t imm, int off = 0) { return insn(op | 0x04, dst, 0, off, imm); }
inline BpfInsn alu32r(Op op, int dst, int src, int off = 0) { return insn(op | 0x0c, dst, src, off, 0); }
inline BpfInsn jump(int off) { return insn(0x05, 0, 0, off, 0); }
inline BpfInsn jump_long(int64_t off) { return insn(0x06, 0, 0, 0, off); }
inline BpfInsn jump_if(Test test, int dst, int64_t imm, int off) { return insn(test | 0x05, dst, 0, off, imm); }
inline BpfInsn jump_if_r(Test test, int dst, int src, int off) { return insn(test | 0x0d, dst, src, off, 0); }
inline BpfInsn may_goto(int off) { return insn(0xe5, 0, 0, off, 0); }
inline BpfInsn ldx(Size size, int dst, int src, int off) { return insn(0x61 | size, dst, src, off, 0); }
inline BpfInsn ldsx(Size size, int dst, int src, int off) { return insn(0x81 | size, dst, src, off, 0); }
inline BpfInsn st(Size size, int dst, int off, int64_t imm) { return insn(0x62 | size, dst, 0, off, imm); }
inline BpfInsn stx(Size size, int dst, int src, int off) { return insn(0x63 | size, dst, src, off, 0); }
inline BpfInsn atomic(Size size, int dst, int src, int off, int op) { return insn(0xc3 | size, dst, src, off, op); }
inline BpfInsn exit() { return insn(0x95, 0, 0, 0, 0); }
inline BpfInsn call(Ref ref, uint64_t target) {
  BpfInsn i = insn(0x85, 0, 0, 0, 0);
  i.ref = ref;
  i.target = target;
  return i;
}
inline void load64(Code& code, int dst, uint64_t value) {
  code.push_back(insn(0x18, dst, 0, 0, static_cast<int64_t>(value & 0xffffffff)));
  code.push_back(insn(0, 0, 0, 0, static_cast<int64_t>(value >> 32)));
}
inline void load_ref(Code& code, int dst, Ref ref, uint64_t target) {
  load64(code, dst, 0);
  code[code.size() - 2].ref = ref;
  code[code.size() - 2].target = target;
}

inline BpfObject object(std::vector<Code> functions) {
  BpfObject result;
  result.name = "by-hand";
  for (size_t i = 0; i < functions.size(); ++i) {
    result.functions.push_back({"f" + std::to_string(i), ".text", std::move(functions[i])});
  }
  return result;
}

}  // namespace simsched::bpf::bpf
