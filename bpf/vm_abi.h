/* What translated BPF code and its host agree on. Plain C: the code that bpf/translate.h writes includes
 * it, and so does the host.
 *
 * A policy lives in an address space of its own. Its pointers are guest addresses: VM_BASE + an offset into one
 * block of memory. Every load and store is checked against `size` and `perm`, so that a wild pointer ends the
 * policy and nothing else; and the same run sees the same pointer values on any machine.
 */
#ifndef SIMSCHED_VM_ABI_H
#define SIMSCHED_VM_ABI_H

#include <stdint.h>

#define VM_BASE 0xffff888000000000ull       /* guest address of the first byte of memory; like the kernel's direct map */
#define VM_FUNC_BASE 0xffffffffa0000000ull  /* a pointer to function number n of the object is VM_FUNC_BASE + 16 * n */
#define VM_KSYM_BASE 0xffffffff81000000ull  /* the address of kfunc number n of the call table: this + 16 * n */
#define VM_GRANULE_SHIFT 6                  /* permissions are kept for every 64 bytes */
#define VM_STACK_FRAME 512                  /* bytes of stack a function may use, as in the kernel */
#define VM_MAX_FRAMES 16                    /* nested calls; the kernel allows 8 in a program, and 8 more in a callback */

#define VM_NOWHERE 0xffffffffu              /* trap_function: not known yet */

enum vm_perm { VM_READ = 1, VM_WRITE = 2 };

enum vm_trap_kind {
  VM_TRAP_NONE = 0,
  VM_TRAP_LOAD,     /* a read where nothing may be read: null, freed, wild */
  VM_TRAP_STORE,    /* a write where nothing may be written */
  VM_TRAP_BUDGET,   /* the callback does not return */
  VM_TRAP_DEPTH,    /* calls nested too deeply */
  VM_TRAP_CALL,     /* a call of what does not exist here; `address`: its number in the call table */
  VM_TRAP_BOUNDS,   /* an array index out of bounds (clang's array-bounds check) */
  VM_TRAP_CODE,     /* an instruction that cannot be executed */
  VM_TRAP_KFUNC     /* a helper or kfunc refused its arguments; the host has a message */
};

struct vm;
typedef uint64_t (*vm_func)(struct vm *vm, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

struct vm {
  unsigned char *mem;        /* host address of guest address VM_BASE */
  const unsigned char *perm; /* by granule: VM_READ | VM_WRITE. Has one entry more than size >> VM_GRANULE_SHIFT */
  uint64_t size;             /* bytes of guest memory; a multiple of the granule */
  uint64_t sp;               /* guest address of the end of the next stack frame; frames grow down, all are READ | WRITE */
  int64_t budget;            /* backward jumps and entries of functions left in this callback */
  uint32_t depth;            /* frames in use */
  uint32_t trap;             /* vm_trap_kind: not 0, every function returns at once */
  uint64_t trap_address;     /* that was accessed, or see the kind */
  uint32_t trap_function;    /* where: number of the function, and of the instruction in it. A helper or kfunc that
                              * traps sets VM_NOWHERE; the code that called it fills the place in */
  uint32_t trap_insn;
  uint32_t trap_size;        /* bytes that were accessed */
  uint64_t site;             /* the call of a kfunc under way or last made: function << 32 | instruction */
  const vm_func *calls;      /* helpers and kfuncs by number in the object's call table; none is null */
  vm_func missing_call;      /* what `calls` holds for a weak kfunc that does not exist: its address reads as 0 */
};

/* What a translated object exports, as `vm_code_NAME`. */
struct vm_code {
  uint32_t nr_functions;
  const vm_func *functions;
};

#endif
