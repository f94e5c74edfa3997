// A plain interpreter of BPF for one function without calls, written from the instruction set's document and not
// from vm_ops.h: what it shares with the translator are only mistakes in reading. 128-bit and signed arithmetic are
// spelled out where the translator relies on the compiler.
#pragma once

#include <array>
#include <cstdint>

#include "base/int128.h"
#include "bpf/testing/mini_vm.h"

namespace simsched::bpf {

class Interpreter {
 public:
  std::array<uint64_t, 11> r{};

  Interpreter(MiniVm& machine, const std::vector<BpfInsn>& code) : vm_(machine), code_(code) { r[10] = machine.sp; }

  void run() {
    size_t pc = 0;
    if (--vm_.budget < 0) return stop(VM_TRAP_BUDGET, 0);
    while (vm_.trap == VM_TRAP_NONE) {
      if (pc >= code_.size()) return stop(VM_TRAP_CODE, code_.size() - 1);
      const BpfInsn& i = code_[pc];
      if (i.code == 0x95) return;
      if (i.code == 0x18) {
        r[i.dst] = static_cast<uint32_t>(i.imm) | static_cast<uint64_t>(static_cast<uint32_t>(code_[pc + 1].imm)) << 32;
        pc += 2;
        continue;
      }
      const int kind = i.code & 7;
      if (kind == 4 || kind == 7) r[i.dst] = alu(i, kind == 7);
      if (kind >= 1 && kind <= 3) memory(i, pc);
      if (kind == 5 || kind == 6) {
        if (taken(i, kind == 5)) {
          const size_t to = pc + 1 + static_cast<size_t>(static_cast<int64_t>(i.code == 0x06 ? i.imm : i.off));
          if (to <= pc && --vm_.budget < 0) return stop(VM_TRAP_BUDGET, pc);
          pc = to;
          continue;
        }
      }
      ++pc;
    }
  }

 private:
  void stop(vm_trap_kind kind, size_t pc, uint64_t address = 0, unsigned bytes = 0) {
    vm_.trap = kind;
    vm_.trap_insn = static_cast<uint32_t>(pc);
    vm_.trap_address = address;
    vm_.trap_size = bytes;
  }

  static uint64_t cut(uint64_t value, int bits) { return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1); }
  static Int128 as_signed(uint64_t value, int bits) {
    value = cut(value, bits);
    const bool negative = (value >> (bits - 1)) != 0;
    return static_cast<Int128>(value) - (negative ? static_cast<Int128>(1) << bits : 0);
  }

  uint64_t alu(const BpfInsn& i, bool wide) const {
    const int bits = wide ? 64 : 32;
    const uint64_t a = cut(r[i.dst], bits);
    const uint64_t b = cut((i.code & 8) != 0 ? r[i.src] : static_cast<uint64_t>(static_cast<int64_t>(i.imm)), bits);
    const Int128 sa = as_signed(a, bits), sb = as_signed(b, bits);
    const unsigned shift = static_cast<unsigned>(b) & (wide ? 63u : 31u);
    const auto low = [bits](Int128 value) { return cut(static_cast<uint64_t>(value), bits); };
    switch (i.code & 0xf0) {
      case 0x00:
        return low(static_cast<Int128>(a) + static_cast<Int128>(b));
      case 0x10:
        return low(static_cast<Int128>(a) - static_cast<Int128>(b));
      case 0x20:
        return cut(a * b, bits);
      case 0x30:
        return b == 0 ? 0 : i.off == 1 ? low(sa / sb) : a / b;
      case 0x40:
        return a | b;
      case 0x50:
        return a & b;
      case 0x60:
        return cut(a << shift, bits);
      case 0x70:
        return a >> shift;
      case 0x80:
        return low(-sa);
      case 0x90:
        return b == 0 ? a : i.off == 1 ? low(sa % sb) : a % b;
      case 0xa0:
        return a ^ b;
      case 0xb0:
        return i.off == 0 ? b : low(as_signed(b, i.off));
      case 0xc0:
        return low(sa >> shift);
      default:
        break;
    }
    uint64_t swapped = 0;  // 0xd0: byte order
    for (int bit = 0; bit < i.imm; bit += 8) swapped |= ((r[i.dst] >> bit) & 0xff) << (i.imm - 8 - bit);
    return !wide && (i.code & 8) == 0 ? cut(r[i.dst], i.imm) : swapped;
  }

  bool taken(const BpfInsn& i, bool wide) const {
    const int bits = wide ? 64 : 32;
    const uint64_t a = cut(r[i.dst], bits);
    const uint64_t b = cut((i.code & 8) != 0 ? r[i.src] : static_cast<uint64_t>(static_cast<int64_t>(i.imm)), bits);
    const Int128 sa = as_signed(a, bits), sb = as_signed(b, bits);
    switch (i.code & 0xf0) {
      case 0x00:
        return true;
      case 0x10:
        return a == b;
      case 0x20:
        return a > b;
      case 0x30:
        return a >= b;
      case 0x40:
        return (a & b) != 0;
      case 0x50:
        return a != b;
      case 0x60:
        return sa > sb;
      case 0x70:
        return sa >= sb;
      case 0xa0:
        return a < b;
      case 0xb0:
        return a <= b;
      case 0xc0:
        return sa < sb;
      default:
        return sa <= sb;
    }
  }

  void memory(const BpfInsn& i, size_t pc) {
    const unsigned bytes = (i.code & 0x18) == 0x18 ? 8 : (i.code & 0x18) == 0x10 ? 1 : (i.code & 0x18) == 0x08 ? 2 : 4;
    const bool load = (i.code & 7) == 1, atomic = (i.code & 0xe0) == 0xc0;
    const uint64_t address = r[load ? i.src : i.dst] + static_cast<uint64_t>(static_cast<int64_t>(i.off));
    for (unsigned byte = 0; byte < bytes; ++byte) {
      const uint64_t offset = address + byte - VM_BASE;
      const int need = load ? VM_READ : atomic ? VM_READ | VM_WRITE : VM_WRITE;
      if (offset >= vm_.size || (vm_.perm[offset / 64] & need) != need) {
        return stop(load ? VM_TRAP_LOAD : VM_TRAP_STORE, pc, address, bytes);
      }
    }
    uint64_t old = 0;
    for (unsigned byte = bytes; byte-- > 0;) old = old << 8 | *vm_.at(address + byte);
    const int bits = static_cast<int>(bytes) * 8;
    if (load) {
      r[i.dst] = (i.code & 0xe0) == 0x80 ? static_cast<uint64_t>(as_signed(old, bits)) : old;
      return;
    }
    uint64_t value = (i.code & 7) == 2 ? static_cast<uint64_t>(static_cast<int64_t>(i.imm)) : r[i.src];
    if (atomic) {
      const uint64_t operand = value;
      switch (i.imm & 0xf0) {
        case 0x00:
          value = old + operand;
          break;
        case 0x40:
          value = old | operand;
          break;
        case 0x50:
          value = old & operand;
          break;
        case 0xa0:
          value = old ^ operand;
          break;
        case 0xe0:
          break;
        default:
          value = old == cut(r[0], bits) ? operand : old;
          break;
      }
      if (i.imm == 0xf1) {
        r[0] = old;
      } else if ((i.imm & 1) != 0) {
        r[i.src] = old;
      }
    }
    for (unsigned byte = 0; byte < bytes; ++byte) {
      *vm_.at(address + byte) = static_cast<unsigned char>(value);
      value >>= 8;
    }
  }

  MiniVm& vm_;
  const std::vector<BpfInsn>& code_;
};

}  // namespace simsched::bpf
