#include "bpf/translate.h"

#include <cctype>
#include <string_view>

#include "base/embedded.h"
#include "base/error.h"
#include "bpf/translate_flow.h"

namespace simsched {
std::span<const EmbeddedFile> embedded_vm_headers();  // vm_abi.h and vm_ops.h; see CMakeLists.txt
}

namespace simsched::bpf {
namespace {

using Ref = BpfInsn::Ref;

std::string number(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    const auto digit = static_cast<size_t>((value >> shift) & 15);
    if (digit != 0 || !text.empty() || shift == 0) text += kDigits[digit];
  }
  return "0x" + text + "ull";
}
std::string reg(unsigned r) { return "r" + std::to_string(r); }

// Names of vm_ops.h by the upper four bits of the code.
constexpr const char* kAluNames[16] = {"bpf_add",  "bpf_sub", "bpf_mul", "bpf_div", "bpf_or",  "bpf_and",
                                       "bpf_lsh",  "bpf_rsh", "bpf_neg", "bpf_mod", "bpf_xor", "bpf_mov",
                                       "bpf_arsh", nullptr,   nullptr,   nullptr};
constexpr const char* kJmpNames[16] = {nullptr,    "bpf_jeq",  "bpf_jgt", "bpf_jge", "bpf_jset", "bpf_jne",
                                       "bpf_jsgt", "bpf_jsge", nullptr,   nullptr,   "bpf_jlt",  "bpf_jle",
                                       "bpf_jslt", "bpf_jsle", nullptr,   nullptr};

class FunctionTranslator {
 public:
  FunctionTranslator(const BpfObject& object, uint32_t index, std::string& out)
      : object_(object),
        index_(index),
        code_(object.functions[index].code),
        flow_(object, object.functions[index]),
        out_(out) {}

  void run() {
    out_ += "\n/* " + clean(object_.functions[index_].name) + " */\n";
    out_ += "static uint64_t f_" + std::to_string(index_) + signature() + " {\n";
    out_ +=
        "  u64 r0 VM_UNUSED = 0, r6 VM_UNUSED = 0, r7 VM_UNUSED = 0, r8 VM_UNUSED = 0, r9 VM_UNUSED = 0;\n"
        "  const u64 r10 VM_UNUSED = vm->sp, fp VM_UNUSED = r10 - VM_BASE;\n";
    if (flow_.may_goto()) out_ += "  u32 rounds = VM_MAY_GOTO;\n";
    out_ += "  if (!vm_enter(vm, " + std::to_string(index_) + ")) return 0;\n";
    if (flow_.calls()) out_ += "  vm->sp = r10 - VM_STACK_FRAME;\n  ++vm->depth;\n";
    for (insn_ = 0; insn_ < code_.size(); ++insn_) {
      if (!flow_.starts(insn_)) continue;
      if (flow_.target(insn_)) out_ += "L" + std::to_string(insn_) + ": VM_UNUSED;\n";
      out_ += "  ";
      if (!translate(code_[insn_])) trap("VM_TRAP_CODE", "0");
      out_ += "\n";
    }
    insn_ = code_.empty() ? 0 : code_.size() - 1;
    if (code_.empty() || (code_.back().code != kExitInsn && code_.back().code != kJa)) {
      out_ += "  ";
      trap("VM_TRAP_CODE", "0");  // runs off the end
      out_ += "\n";
    }
    out_ += "out: VM_UNUSED;\n";
    if (flow_.calls()) out_ += "  vm->sp = r10;\n  --vm->depth;\n";
    out_ += "  return r0;\n}\n";
  }

  static std::string signature() {
    return "(struct vm *vm, u64 r1 VM_UNUSED, u64 r2 VM_UNUSED, u64 r3 VM_UNUSED, u64 r4 VM_UNUSED, u64 r5 VM_UNUSED)";
  }

 private:
  static std::string clean(const std::string& name) {  // for a comment
    std::string text;
    for (char c : name) text += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ? c : '?';
    return text;
  }

  std::string place() const { return std::to_string(index_) + ", " + std::to_string(insn_); }

  void trap(const std::string& kind, const std::string& address, unsigned bytes = 0) {
    out_ +=
        "{ vm_fault(vm, " + kind + ", " + address + ", " + std::to_string(bytes) + ", " + place() + "); goto out; }";
  }

  bool translate(const BpfInsn& insn) {
    if (insn.dst > 10 || insn.src > 10 || insn.ref == Ref::kBad) return false;
    switch (insn.code & 7) {
      case kLd:
        return load_immediate(insn);
      case kLdx:
        return load(insn);
      case kSt:
      case kStx:
        return store(insn);
      case kAlu:
      case kAlu64:
        return arithmetic(insn);
      default:
        return jump(insn);
    }
  }

  bool load_immediate(const BpfInsn& insn) {
    if (insn.code != kLdImm64 || insn_ + 1 >= code_.size() || insn.dst == 10) return false;
    const uint64_t low = static_cast<uint32_t>(insn.imm), high = static_cast<uint32_t>(code_[insn_ + 1].imm);
    std::string value;
    switch (insn.ref) {
      case Ref::kNone:
        value = number(high << 32 | low);
        break;
      case Ref::kAddress:
        value = number(insn.target);
        break;
      case Ref::kFunctionAddress:
        value = number(VM_FUNC_BASE + 16 * insn.target);
        break;
      case Ref::kKsym:
        value = number(VM_KSYM_BASE + 16 * insn.target);
        if (insn.target >= object_.calls.size()) return false;
        if (object_.calls[insn.target].weak) {
          value = "vm->calls[" + std::to_string(insn.target) + "] == vm->missing_call ? 0 : " + value;
        }
        break;
      default:
        return false;
    }
    out_ += reg(insn.dst) + " = " + value + ";";
    return true;
  }

  // Opens a block in which `offset` of the access is known to be good, and returns its expression.
  std::string open(uint8_t base, int64_t displacement, unsigned bytes, bool write, bool read_too = false) {
    const Flow::Memory memory = flow_.memory(insn_, base, displacement, bytes, write);
    if (memory.place == Flow::Place::kStack) {
      out_ += "{ ";
      return "fp - " + number(static_cast<uint64_t>(-memory.offset));
    }
    if (memory.place == Flow::Place::kData) {
      out_ += "{ ";
      return number(static_cast<uint64_t>(memory.offset));
    }
    const std::string address = reg(base) + " + " + number(static_cast<uint64_t>(displacement));
    out_ += "{ const u64 o = " + address + " - VM_BASE; if (VM_UNLIKELY(!vm_ok(vm, o, " + std::to_string(bytes) + ", " +
            (write ? read_too ? "VM_READ | VM_WRITE" : "VM_WRITE" : "VM_READ") + "))) ";
    trap(write ? "VM_TRAP_STORE" : "VM_TRAP_LOAD", "o + VM_BASE", bytes);
    out_ += " ";
    return "o";
  }

  bool load(const BpfInsn& insn) {
    const uint8_t mode = insn.code & 0xe0;
    const unsigned bytes = access_size(insn.code);
    const bool extend = mode == kModeMemSx && bytes < 8;
    if ((mode != kModeMem && !extend) || insn.dst == 10) return false;
    const std::string offset = open(insn.src, insn.off, bytes, false);
    out_ += reg(insn.dst) + " = vm_ld" + (extend ? "s" : "") + std::to_string(bytes) + "(vm, " + offset + "); }";
    return true;
  }

  bool store(const BpfInsn& insn) {
    const uint8_t mode = insn.code & 0xe0;
    const unsigned bytes = access_size(insn.code);
    const bool immediate = (insn.code & 7) == kSt;
    if (mode == kModeAtomic && !immediate) return atomic(insn);
    if (mode != kModeMem) return false;
    const std::string value = immediate ? number(static_cast<uint64_t>(int64_t{insn.imm})) : reg(insn.src);
    const std::string offset = open(insn.dst, insn.off, bytes, true);
    out_ += "vm_st" + std::to_string(bytes) + "(vm, " + offset + ", " + value + "); }";
    return true;
  }

  bool atomic(const BpfInsn& insn) {
    const unsigned bytes = access_size(insn.code);
    const std::string size = std::to_string(bytes);
    if (insn.imm == 0x100) {  // load-acquire
      if (insn.dst == 10) return false;
      const std::string offset = open(insn.src, insn.off, bytes, false);
      out_ += reg(insn.dst) + " = vm_ld" + size + "(vm, " + offset + "); }";
      return true;
    }
    if (insn.imm == 0x110) {  // store-release
      const std::string offset = open(insn.dst, insn.off, bytes, true);
      out_ += "vm_st" + size + "(vm, " + offset + ", " + reg(insn.src) + "); }";
      return true;
    }
    if (bytes < 4) return false;
    if (insn.imm == 0xf1) {
      const std::string offset = open(insn.dst, insn.off, bytes, true, true);
      out_ += "r0 = vm_cmpxchg" + size + "(vm, " + offset + ", r0, " + reg(insn.src) + "); }";
      return true;
    }
    const char* name = nullptr;
    switch (insn.imm & ~1) {
      case 0x00:
        name = "add";
        break;
      case 0x40:
        name = "or";
        break;
      case 0x50:
        name = "and";
        break;
      case 0xa0:
        name = "xor";
        break;
      case 0xe0:
        name = insn.imm == 0xe1 ? "xchg" : nullptr;
        break;
      default:
        break;
    }
    const bool fetch = (insn.imm & 1) != 0;
    if (name == nullptr || (fetch && insn.src == 10)) return false;
    const std::string offset = open(insn.dst, insn.off, bytes, true, true);
    out_ += (fetch ? reg(insn.src) + " = " : "(void)") + "vm_atomic_" + name + size + "(vm, " + offset + ", " +
            reg(insn.src) + "); }";
    return true;
  }

  bool arithmetic(const BpfInsn& insn) {
    const bool wide = (insn.code & 7) == kAlu64, from_register = (insn.code & 8) != 0;
    const uint8_t op = insn.code >> 4;
    if (insn.dst == 10) return false;
    if (op == 0xd) {  // byte order: ALU to little (imm) or big endian, ALU64 always swaps
      if (insn.imm != 16 && insn.imm != 32 && insn.imm != 64) return false;
      if (wide && from_register) return false;
      const char* name = wide || from_register ? "bpf_swap" : "bpf_le";
      out_ += reg(insn.dst) + " = " + name + std::to_string(insn.imm) + "(" + reg(insn.dst) + ");";
      return true;
    }
    std::string name = kAluNames[op] == nullptr ? "" : kAluNames[op];
    if (name.empty()) return false;
    if (insn.off != 0) {
      if (op == 0xb && from_register && (insn.off == 8 || insn.off == 16 || (insn.off == 32 && wide))) {
        name = "bpf_movsx" + std::to_string(insn.off) + "_";
      } else if (op == 0xb && from_register && wide && insn.off == 1) {
        // a cast between the address spaces of an arena
      } else if (insn.off == 1 && (op == 0x3 || op == 0x9)) {
        name = op == 0x3 ? "bpf_sdiv" : "bpf_smod";
      } else {
        return false;
      }
    }
    const std::string operand = from_register ? reg(insn.src) : number(static_cast<uint64_t>(int64_t{insn.imm}));
    out_ += reg(insn.dst) + " = " + name + (wide ? "64" : "32") + "(" + reg(insn.dst) + ", " + operand + ");";
    return true;
  }

  void go() {  // to the target of this jump
    const auto to = flow_.jump_target(insn_);
    if (!to) return trap("VM_TRAP_CODE", "0");
    out_ += "{ ";
    if (*to <= insn_) {
      out_ += "if (VM_UNLIKELY(--vm->budget < 0)) ";
      trap("VM_TRAP_BUDGET", "0");
      out_ += " ";
    }
    out_ += "goto L" + std::to_string(*to) + "; }";
  }

  bool jump(const BpfInsn& insn) {
    if (insn.code == kExitInsn) {
      out_ += "goto out;";
      return true;
    }
    if (insn.code == kCallInsn) return call(insn);
    if (insn.code == kJa || insn.code == kJaLong) {
      go();
      return true;
    }
    if (insn.code == kMayGotoInsn && insn.src == 0) {
      out_ += "if (rounds == 0) ";
      go();
      out_ += " --rounds;";
      return true;
    }
    const char* name = kJmpNames[insn.code >> 4];
    if (name == nullptr) return false;
    const bool wide = (insn.code & 7) == kJmp;
    const std::string operand = (insn.code & 8) != 0 ? reg(insn.src) : number(static_cast<uint64_t>(int64_t{insn.imm}));
    out_ += std::string("if (") + name + (wide ? "64" : "32") + "(" + reg(insn.dst) + ", " + operand + ")) ";
    go();
    return true;
  }

  bool call(const BpfInsn& insn) {
    const std::string target = std::to_string(insn.target);
    switch (insn.ref) {
      case Ref::kBounds:
        trap("VM_TRAP_BOUNDS", "0");
        return true;
      case Ref::kFunction:
        if (insn.target >= object_.functions.size()) return false;
        out_ += "r0 = f_" + target + "(vm, r1, r2, r3, r4, r5); if (VM_UNLIKELY(vm->trap)) goto out;";
        return true;
      case Ref::kCall:
        if (insn.target >= object_.calls.size()) return false;
        if (object_.calls[insn.target].weak) {
          out_ += "if (VM_UNLIKELY(vm->calls[" + target + "] == vm->missing_call)) ";
          trap("VM_TRAP_CALL", target);
          out_ += "\n  ";
        }
        if (!object_.calls[insn.target].helper) {
          out_ += "vm->site = " + number(uint64_t{index_} << 32 | insn_) + "; ";
        }
        out_ += "r0 = vm->calls[" + target + "](vm, r1, r2, r3, r4, r5); if (VM_UNLIKELY(vm->trap)) { vm_place(vm, " +
                place() + "); goto out; }";
        return true;
      default:
        return false;
    }
  }

  const BpfObject& object_;
  const uint32_t index_;
  const std::vector<BpfInsn>& code_;
  const Flow flow_;
  std::string& out_;
  size_t insn_ = 0;
};

}  // namespace

std::string code_symbol(const std::string& object_name) {
  std::string symbol = "vm_code_";
  for (char c : object_name) symbol += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return symbol;
}

std::string translate(const BpfObject& object) {
  std::string out = "/* Translated from BPF, version " + std::to_string(kTranslatorVersion) + ". Generated. */\n";
  for (std::string_view header : {"vm_abi", "vm_ops"}) {  // in this order
    for (const EmbeddedFile& file : embedded_vm_headers()) {
      if (file.name == header) out += file.content;
    }
  }
  const std::string count = std::to_string(object.functions.size());
  out += "\n";
  for (size_t i = 0; i < object.functions.size(); ++i) {
    out += "static uint64_t f_" + std::to_string(i) + FunctionTranslator::signature() + ";\n";
  }
  for (uint32_t i = 0; i < object.functions.size(); ++i) FunctionTranslator(object, i, out).run();
  out += "\nstatic const vm_func functions[] = {\n";
  for (size_t i = 0; i < object.functions.size(); ++i) out += "  f_" + std::to_string(i) + ",\n";
  if (object.functions.empty()) out += "  0\n";
  const std::string symbol = "const struct vm_code " + code_symbol(object.name);
  out += "};\n\nextern " + symbol + ";\n" + symbol + " = {" + count + ", functions};\n";
  return out;
}

}  // namespace simsched::bpf
