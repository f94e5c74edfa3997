/* SPDX-License-Identifier: GPL-2.0-only
 * The installed libbpf's bpf_helpers.h, and what a newer one than Debian 12's (1.1) would add: loops over open-coded
 * iterators and a test for weak kernel functions.
 */
#ifndef SIMSCHED_BPF_HELPERS_H
#define SIMSCHED_BPF_HELPERS_H

#include_next <bpf/bpf_helpers.h>

/* Clang 14 loses the tag of a pointer in a map's value when it points straight to a named struct, and the kernel then
 * finds no kptr there. A qualifier between the two keeps it. */
#if __clang_major__ < 15
#undef __kptr
#define __kptr volatile __attribute__((btf_type_tag("kptr")))
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#endif
#ifndef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#endif
#ifndef __kptr_untrusted
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#endif
#ifndef __percpu_kptr
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#endif
#ifndef __uptr
#define __uptr __attribute__((btf_type_tag("uptr")))
#endif
#ifndef __ulong
#define __ulong(name, val) enum { ___bpf_concat(__unique_value, __COUNTER__) = val } name
#endif
#ifndef __arg_ctx
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#endif
#ifndef __arg_nonnull
#define __arg_nonnull __attribute((btf_decl_tag("arg:nonnull")))
#endif
#ifndef __arg_nullable
#define __arg_nullable __attribute((btf_decl_tag("arg:nullable")))
#endif
#ifndef __arg_trusted
#define __arg_trusted __attribute((btf_decl_tag("arg:trusted")))
#endif
#ifndef __arg_arena
#define __arg_arena __attribute((btf_decl_tag("arg:arena")))
#endif
#ifndef __hidden
#define __hidden __attribute__((visibility("hidden")))
#endif
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

/* Whether the running kernel has a function that is declared __weak __ksym. */
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/* for each element that iterator `type` yields: bpf_for_each(scx_dsq, p, dsq_id, 0) { }. The iterator is ___it (see
 * BPF_FOR_EACH_ITER); it is destroyed however the loop is left. */
#ifndef bpf_for_each
#define bpf_for_each(type, cur, args...)                                                                    \
  for (struct bpf_iter_##type ___it __attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))),        \
       *___one __attribute__((unused)) = (bpf_iter_##type##_new(&___it, ##args),                            \
                                          (void)bpf_iter_##type##_destroy, (void *)0);                      \
       ((cur) = bpf_iter_##type##_next(&___it));)
#endif

/* for (i = start; i < end; i++) that the verifier walks once, whatever the bounds. */
#ifndef bpf_for
#define bpf_for(i, start, end)                                                                              \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                \
       *___one __attribute__((unused)) = (bpf_iter_num_new(&___it, (start), (end)),                         \
                                          (void)bpf_iter_num_destroy, (void *)0);                           \
       ({                                                                                                   \
         int *___at = bpf_iter_num_next(&___it);                                                            \
         (i) = ___at ? *___at : 0;                                                                          \
         ___at && (i) >= (start) && (i) < (end);                                                            \
       });)
#endif

#ifndef bpf_repeat
#define bpf_repeat(N)                                                                                       \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                \
       *___one __attribute__((unused)) = (bpf_iter_num_new(&___it, 0, (N)),                                 \
                                          (void)bpf_iter_num_destroy, (void *)0);                           \
       bpf_iter_num_next(&___it);)
#endif

#endif
