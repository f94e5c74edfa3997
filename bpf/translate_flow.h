// What is known of a function before it is translated: where instructions start, what is jumped to, and which
// registers hold addresses that need no check.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bpf/object.h"

namespace simsched::bpf {

enum : uint8_t {  // instruction classes and modes; linux/bpf.h and linux/bpf_common.h have the same
  kLd = 0,
  kLdx = 1,
  kSt = 2,
  kStx = 3,
  kAlu = 4,
  kJmp = 5,
  kJmp32 = 6,
  kAlu64 = 7,
  kModeImm = 0x00,
  kModeMem = 0x60,
  kModeMemSx = 0x80,
  kModeAtomic = 0xc0,
  kLdImm64 = 0x18,
  kCallInsn = 0x85,
  kExitInsn = 0x95,
  kMayGotoInsn = 0xe5,
  kJa = 0x05,
  kJaLong = 0x06,
};

inline unsigned access_size(uint8_t code) {
  constexpr unsigned kSizes[] = {4, 2, 1, 8};
  return kSizes[(code >> 3) & 3];
}
inline bool is_jump(uint8_t code) {  // may go elsewhere than to the next instruction, within the function
  const uint8_t op = code & 0xf0;
  return ((code & 7) == kJmp || (code & 7) == kJmp32) && op != 0x80 && op != 0x90;
}

class Flow {
 public:
  Flow(const BpfObject& object, const BpfFunction& function);

  bool starts(size_t insn) const { return starts_[insn] != 0; }  // else: second half of ld_imm64
  bool target(size_t insn) const { return target_[insn] != 0; }
  // Where the jump goes; none: nowhere in this function.
  std::optional<size_t> jump_target(size_t insn) const;
  bool calls() const { return calls_; }
  bool may_goto() const { return may_goto_; }

  // The memory at register + offset, if it is known to be accessible.
  enum class Place : uint8_t { kUnknown, kStack, kData };
  struct Memory {
    Place place = Place::kUnknown;
    int64_t offset = 0;  // from the frame's end, or from VM_BASE
  };
  Memory memory(size_t insn, uint8_t reg, int64_t offset, unsigned bytes, bool write) const;

 private:
  struct Value {
    Place place = Place::kUnknown;
    int64_t offset = 0;
    bool operator==(const Value&) const = default;
  };
  struct State {
    bool reached = false;
    std::array<Value, 11> registers;
  };
  State after(size_t insn) const;
  void spread();

  const BpfObject& object_;
  const std::vector<BpfInsn>& code_;
  std::vector<uint8_t> starts_, target_;
  std::vector<State> before_;
  bool calls_ = false, may_goto_ = false;
};

}  // namespace simsched::bpf
