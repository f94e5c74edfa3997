/* SPDX-License-Identifier: GPL-2.0-only
 * Arenas (memory shared with user space) and loops that the kernel stops, for compilers that know no address spaces:
 * pointers into an arena are plain pointers, and cast_kern() is the instruction that makes one usable.
 */
#ifndef SIMSCHED_BPF_ARENA_COMMON_BPF_H
#define SIMSCHED_BPF_ARENA_COMMON_BPF_H

#ifndef PAGE_SIZE
#define PAGE_SIZE 4096
#endif
#ifndef __arg_arena
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))
#endif

#if defined(__BPF_FEATURE_ADDR_SPACE_CAST)
#define __arena __attribute__((address_space(1)))
#define __arena_global __attribute__((address_space(1)))
#define cast_kern(ptr)
#define cast_user(ptr)
#else
#define __arena
#define __arena_global SEC(".addr_space.1")
/* rX = addr_space_cast(rX, to, from): opcode 0xbf with offset 1. No assembler of this age knows it, hence in bytes and
 * in a register that we choose. */
#define scx_cast_address(pointer, to, from)                  \
  ({                                                         \
    u64 ___ptr = (u64)(pointer);                             \
    asm volatile("r1 = %[ptr]\n"                             \
                 ".byte 0xbf, 0x11, 0x01, 0x00\n"            \
                 ".long %[spaces]\n"                         \
                 "%[ptr] = r1\n"                             \
                 : [ptr] "+r"(___ptr)                        \
                 : [spaces] "i"((to) << 16 | (from))         \
                 : "r1");                                    \
    (pointer) = (typeof(pointer))___ptr;                     \
  })
#define cast_kern(ptr) scx_cast_address(ptr, 0, 1)
#define cast_user(ptr) scx_cast_address(ptr, 1, 0)
#endif

void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node_id,
                                    __u64 flags) __ksym __weak;
void bpf_arena_free_pages(void *map, void __arena *ptr, __u32 page_cnt) __ksym __weak;

/* may_goto (opcode 0xe5): falls through until the kernel has seen enough rounds, then jumps. In bytes, as above; the
 * offset is written together with the lower half of the immediate, as clang 14 puts 16-bit values in the wrong
 * place. */
#define scx_may_goto(label)                                             \
  asm volatile goto("1: .byte 0xe5, 0x00\n"                             \
                    ".long ((%l[" #label "] - 1b - 8) / 8) & 0xffff\n"  \
                    ".short 0\n" ::::label)
/* for (...; condition && can_loop; ...) */
#define can_loop                    \
  ({                                \
    __label__ ___stop, ___go;       \
    bool ___more = true;            \
    scx_may_goto(___stop);          \
    goto ___go;                     \
  ___stop:                          \
    ___more = false;                \
  ___go:;                           \
    ___more;                        \
  })
#define __cond_break(expr)          \
  ({                                \
    __label__ ___stop, ___go;       \
    scx_may_goto(___stop);          \
    goto ___go;                     \
  ___stop:                          \
    expr;                           \
  ___go:;                           \
  })
#define cond_break __cond_break(break)
#define cond_break_label(label) __cond_break(goto label)

#endif
