#include "bpf/translate_flow.h"

namespace simsched::bpf {

Flow::Flow(const BpfObject& object, const BpfFunction& function)
    : object_(object), code_(function.code), starts_(code_.size(), 1), target_(code_.size(), 0), before_(code_.size()) {
  for (size_t i = 0; i < code_.size(); ++i) {
    if (code_[i].code == kLdImm64 && i + 1 < code_.size()) starts_[++i] = 0;
  }
  for (size_t i = 0; i < code_.size(); ++i) {
    if (!starts(i)) continue;
    if (const auto to = jump_target(i)) target_[*to] = 1;
    calls_ |= code_[i].code == kCallInsn;
    may_goto_ |= code_[i].code == kMayGotoInsn;
  }
  spread();
}

std::optional<size_t> Flow::jump_target(size_t insn) const {
  const BpfInsn& i = code_[insn];
  if (!is_jump(i.code)) return std::nullopt;
  const int64_t to = static_cast<int64_t>(insn) + 1 + (i.code == kJaLong ? i.imm : i.off);
  if (to < 0 || to >= static_cast<int64_t>(code_.size()) || !starts(static_cast<size_t>(to))) return std::nullopt;
  return static_cast<size_t>(to);
}

Flow::State Flow::after(size_t insn) const {
  State state = before_[insn];
  const BpfInsn& i = code_[insn];
  if (i.dst > 10 || i.src > 10) return state;  // traps
  Value& dst = state.registers[i.dst];
  switch (i.code & 7) {
    case kLd:
      dst = i.code == kLdImm64 && i.ref == BpfInsn::Ref::kAddress
                ? Value{Place::kData, static_cast<int64_t>(i.target - VM_BASE)}
                : Value{};
      break;
    case kAlu64:
      if (i.code == 0xbf && i.off == 0) {  // mov of a register
        dst = state.registers[i.src];
      } else if (i.code == 0x07 && dst.place != Place::kUnknown) {  // add of a number
        dst.offset += i.imm;
        if (dst.offset > INT32_MAX || dst.offset < INT32_MIN) dst = {};
      } else {
        dst = {};
      }
      break;
    case kLdx:
    case kAlu:
      dst = {};
      break;
    case kStx:
      if ((i.code & 0xe0) == kModeAtomic) {  // fetches
        state.registers[i.src] = {};
        state.registers[i.dst] = i.dst == 10 ? dst : Value{};  // load-acquire
        state.registers[0] = {};
      }
      break;
    case kJmp:
      if (i.code == kCallInsn) state.registers[0] = {};
      break;
    default:
      break;
  }
  state.registers[10] = {Place::kStack, 0};
  return state;
}

// Forward, until nothing changes: a register is known where all ways agree on it.
void Flow::spread() {
  if (code_.empty()) return;
  std::vector<size_t> work;
  const auto reach = [&](size_t insn, const State& state) {
    if (insn >= code_.size()) return;
    State& before = before_[insn];
    bool changed = !before.reached;
    if (!before.reached) {
      before = state;
      before.reached = true;
    } else {
      for (size_t r = 0; r < 11; ++r) {
        if (before.registers[r] == state.registers[r] || before.registers[r].place == Place::kUnknown) continue;
        before.registers[r] = {};
        changed = true;
      }
    }
    if (changed) work.push_back(insn);
  };
  State entry;
  entry.registers[10] = {Place::kStack, 0};
  reach(0, entry);
  while (!work.empty()) {
    const size_t insn = work.back();
    work.pop_back();
    const State state = after(insn);
    const uint8_t code = code_[insn].code;
    if (const auto to = jump_target(insn)) reach(*to, state);
    if (code != kExitInsn && code != kJa && code != kJaLong) reach(insn + (code == kLdImm64 ? 2 : 1), state);
  }
}

Flow::Memory Flow::memory(size_t insn, uint8_t reg, int64_t offset, unsigned bytes, bool write) const {
  if (reg > 10 || !before_[insn].reached) return {};
  const Value value = before_[insn].registers[reg];
  const int64_t begin = value.offset + offset, end = begin + bytes;
  if (value.place == Place::kStack && begin >= -VM_STACK_FRAME && end <= 0) return {Place::kStack, begin};
  if (value.place != Place::kData) return {};
  for (const BpfSection& section : object_.sections) {
    const auto first = static_cast<int64_t>(section.address - VM_BASE);
    if (begin < first || end > first + static_cast<int64_t>(section.data.size())) continue;
    if (!write || section.writable) return {Place::kData, begin};
  }
  return {};
}

}  // namespace simsched::bpf
