/* The instructions of BPF, as translated code calls them. Plain C; follows vm_abi.h in every translation.
 *
 * Semantics: the kernel's Documentation/bpf/standardization/instruction-set.rst and its interpreter,
 * kernel/bpf/core.c ___bpf_prog_run() (6.18). Functions, not expressions, because a compiler has opinions about
 * `a < 0u` and `a = a`. Atomics are plain: nothing else runs in a policy's address space.
 */
#ifndef SIMSCHED_VM_OPS_H
#define SIMSCHED_VM_OPS_H

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "policies are little-endian BPF objects: this needs a little-endian machine"
#endif

#define VM_OP static inline __attribute__((always_inline, unused))
#define VM_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define VM_UNUSED __attribute__((unused))

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t s64;
typedef int32_t s32;

/* ---- arithmetic ---- */
#define VM_ALU(name, expr64, expr32)                                             \
  VM_OP u64 name##64(u64 a VM_UNUSED, u64 b VM_UNUSED) { return (u64)(expr64); } \
  VM_OP u64 name##32(u64 x, u64 y) {                                             \
    u32 a VM_UNUSED = (u32)x, b VM_UNUSED = (u32)y;                              \
    return (u32)(expr32);                                                        \
  }

VM_ALU(bpf_add, a + b, a + b)
VM_ALU(bpf_sub, a - b, a - b)
VM_ALU(bpf_mul, a* b, a* b)
VM_ALU(bpf_or, a | b, a | b)
VM_ALU(bpf_and, a& b, a& b)
VM_ALU(bpf_xor, a ^ b, a ^ b)
VM_ALU(bpf_lsh, a << (b & 63), a << (b & 31))
VM_ALU(bpf_rsh, a >> (b & 63), a >> (b & 31))
VM_ALU(bpf_arsh, (s64)a >> (b & 63), (s32)a >> (b & 31))
/* Division by zero gives 0; modulo by zero leaves the dividend; the least number by -1 wraps. */
VM_ALU(bpf_div, b ? a / b : 0, b ? a / b : 0)
VM_ALU(bpf_mod, b ? a % b : a, b ? a % b : a)
VM_ALU(bpf_sdiv,
       b == 0       ? 0
       : b + 1 == 0 ? 0 - a
                    : (u64)((s64)a / (s64)b),
       b == 0       ? 0
       : b + 1 == 0 ? 0 - a
                    : (u32)((s32)a / (s32)b))
VM_ALU(bpf_smod,
       b == 0       ? a
       : b + 1 == 0 ? 0
                    : (u64)((s64)a % (s64)b),
       b == 0       ? a
       : b + 1 == 0 ? 0
                    : (u32)((s32)a % (s32)b))
VM_ALU(bpf_mov, b, b)
VM_ALU(bpf_movsx8_, (s64)(int8_t)b, (s32)(int8_t)b)
VM_ALU(bpf_movsx16_, (s64)(int16_t)b, (s32)(int16_t)b)
VM_ALU(bpf_movsx32_, (s64)(s32)b, b)
VM_ALU(bpf_neg, 0 - a, 0 - a)

VM_OP u64 bpf_le16(u64 a) { return (uint16_t)a; }
VM_OP u64 bpf_le32(u64 a) { return (u32)a; }
VM_OP u64 bpf_le64(u64 a) { return a; }
VM_OP u64 bpf_swap16(u64 a) { return __builtin_bswap16((uint16_t)a); }
VM_OP u64 bpf_swap32(u64 a) { return __builtin_bswap32((u32)a); }
VM_OP u64 bpf_swap64(u64 a) { return __builtin_bswap64(a); }

/* ---- comparisons ---- */
#define VM_JMP(name, op, type64, type32)                              \
  VM_OP int name##64(u64 a, u64 b) { return (type64)a op(type64) b; } \
  VM_OP int name##32(u64 a, u64 b) { return (type32)(u32)a op(type32)(u32) b; }

VM_JMP(bpf_jeq, ==, u64, u32)
VM_JMP(bpf_jne, !=, u64, u32)
VM_JMP(bpf_jgt, >, u64, u32)
VM_JMP(bpf_jge, >=, u64, u32)
VM_JMP(bpf_jlt, <, u64, u32)
VM_JMP(bpf_jle, <=, u64, u32)
VM_JMP(bpf_jsgt, >, s64, s32)
VM_JMP(bpf_jsge, >=, s64, s32)
VM_JMP(bpf_jslt, <, s64, s32)
VM_JMP(bpf_jsle, <=, s64, s32)
VM_OP int bpf_jset64(u64 a, u64 b) { return (a & b) != 0; }
VM_OP int bpf_jset32(u64 a, u64 b) { return (u32)(a & b) != 0; }

/* ---- memory ---- */
#define VM_ACCESS(name, type, signed_type)                                                                           \
  VM_OP u64 vm_ld##name(const struct vm* vm, u64 offset) {                                                           \
    type value;                                                                                                      \
    __builtin_memcpy(&value, vm->mem + offset, sizeof value);                                                        \
    return value;                                                                                                    \
  }                                                                                                                  \
  VM_OP u64 vm_lds##name(const struct vm* vm, u64 offset) { return (u64)(s64)(signed_type)vm_ld##name(vm, offset); } \
  VM_OP void vm_st##name(struct vm* vm, u64 offset, u64 content) {                                                   \
    type value = (type)content;                                                                                      \
    __builtin_memcpy(vm->mem + offset, &value, sizeof value);                                                        \
  }

VM_ACCESS(1, uint8_t, int8_t)
VM_ACCESS(2, uint16_t, int16_t)
VM_ACCESS(4, uint32_t, int32_t)
VM_ACCESS(8, uint64_t, int64_t)

/* May `bytes` (a constant, at most a granule) at `offset` be accessed? The granule of the last byte is looked at,
 * too: an unaligned access may reach into the next one. */
VM_OP int vm_ok(const struct vm* vm, u64 offset, u64 bytes, u32 need) {
  u32 perm;
  if (VM_UNLIKELY(offset >= vm->size)) return 0;
  perm = vm->perm[offset >> VM_GRANULE_SHIFT];
  if (bytes > 1) perm &= vm->perm[(offset + bytes - 1) >> VM_GRANULE_SHIFT];
  return (perm & need) == need;
}

/* r0 or the source register takes what was there before. */
#define VM_ATOMIC(name, expr)                                        \
  VM_OP u64 vm_atomic_##name##8(struct vm * vm, u64 offset, u64 b) { \
    const u64 a VM_UNUSED = vm_ld8(vm, offset);                      \
    vm_st8(vm, offset, (u64)(expr));                                 \
    return a;                                                        \
  }                                                                  \
  VM_OP u64 vm_atomic_##name##4(struct vm * vm, u64 offset, u64 b) { \
    const u64 a VM_UNUSED = vm_ld4(vm, offset);                      \
    vm_st4(vm, offset, (u64)(expr));                                 \
    return a;                                                        \
  }

VM_ATOMIC(add, a + b)
VM_ATOMIC(or, a | b)
VM_ATOMIC(and, a& b)
VM_ATOMIC(xor, a ^ b)
VM_ATOMIC(xchg, b)

VM_OP u64 vm_cmpxchg8(struct vm* vm, u64 offset, u64 expected, u64 value) {
  const u64 old = vm_ld8(vm, offset);
  if (old == expected) vm_st8(vm, offset, value);
  return old;
}
VM_OP u64 vm_cmpxchg4(struct vm* vm, u64 offset, u64 expected, u64 value) {
  const u64 old = vm_ld4(vm, offset);
  if (old == (u32)expected) vm_st4(vm, offset, value);
  return old;
}

/* ---- ends ---- */
static __attribute__((noinline, cold, unused)) void vm_fault(struct vm* vm, u32 kind, u64 address, u32 bytes,
                                                             u32 function, u32 insn) {
  if (vm->trap) return; /* the first one counts */
  vm->trap = kind;
  vm->trap_address = address;
  vm->trap_size = bytes;
  vm->trap_function = function;
  vm->trap_insn = insn;
}

/* A helper or kfunc trapped: it happened at this call, unless a place is known, for example in a callback. */
static __attribute__((noinline, cold, unused)) void vm_place(struct vm* vm, u32 function, u32 insn) {
  if (vm->trap_function != VM_NOWHERE) return;
  vm->trap_function = function;
  vm->trap_insn = insn;
}

/* At the start of every function: may it run? */
VM_OP int vm_enter(struct vm* vm, u32 function) {
  if (VM_UNLIKELY(vm->trap != VM_TRAP_NONE)) return 0;
  if (VM_UNLIKELY(vm->depth >= VM_MAX_FRAMES)) {
    vm_fault(vm, VM_TRAP_DEPTH, 0, 0, function, 0);
    return 0;
  }
  if (VM_UNLIKELY(--vm->budget < 0)) {
    vm_fault(vm, VM_TRAP_BUDGET, 0, 0, function, 0);
    return 0;
  }
  return 1;
}

/* A may_goto loop ends by itself after so many rounds of a call (BPF_MAX_LOOPS of the kernel's verifier). */
#define VM_MAY_GOTO 8388608u

#endif
