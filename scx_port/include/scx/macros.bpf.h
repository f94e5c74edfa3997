/* SPDX-License-Identifier: GPL-2.0-only
 * Small tools of C and of the verifier: checked pointers, bounded loops, time, logarithms.
 */
#ifndef SIMSCHED_SCX_MACROS_BPF_H
#define SIMSCHED_SCX_MACROS_BPF_H

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((__unused__))
#endif
#ifndef READ_ONCE
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile typeof(x) *)&(x) = (val))
#endif
#ifndef container_of
#define container_of(ptr, type, member) ((type *)((void *)(ptr) - __builtin_offsetof(type, member)))
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#define BIT(n) (1ULL << (n))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define flex_array_size(p, member, count) ((count) * sizeof(*(p)->member))
#define struct_size(p, member, count) (sizeof(*(p)) + flex_array_size(p, member, count))
#define struct_size_t(type, member, count) struct_size((type *)0, member, count)

/* A kernel function that returns a bool sets the lowest byte of the register and leaves the rest as it was. Clang
 * before 16 relies on the rest: there such a function returns a number, of which kfunc_true() takes the lowest bit. */
#if __clang_major__ < 16
#define kfunc_bool u32
#else
#define kfunc_bool bool
#endif
#define kfunc_true(call) ((bool)((call) & 1))

/* Keeps the compiler from knowing, or dropping, a value. */
#define __sink(expr) asm volatile("" : "+g"(expr))

/* An array that user space makes longer before loading: it has a section, hence a map, of its own. */
#define RESIZABLE_ARRAY(elfsec, arr) arr[1] SEC("." #elfsec "." #arr)

/* &base + offset, or NULL when the offset is beyond `last`. In assembly, so that one register is both compared and
 * used: the verifier follows a comparison only for the register that was compared. */
#define scx_checked_ptr(ptr_type, from, offset, beyond, last)                          \
  ((ptr_type)({                                                                        \
    u64 ___from = (u64)(from), ___at = (u64)(offset);                                  \
    asm volatile("if %[at] " beyond " %[limit] goto +2\n"                              \
                 "%[at] += %[base]\n"                                                  \
                 "goto +1\n"                                                           \
                 "%[at] = 0\n"                                                         \
                 : [at] "+&r"(___at)                                                   \
                 : [base] "r"(___from), [limit] "ri"((u64)(last)));                    \
    ___at;                                                                             \
  }))

/* MEMBER_VPTR(base, .rows[i].cell): a pointer to the member, NULL when an index lies outside of base. */
#define MEMBER_VPTR(base, member)                                                                          \
  scx_checked_ptr(typeof((base)member) *, &(base), (u64)&((base)member) - (u64)&(base), ">",               \
                  sizeof(base) - sizeof((base)member))
/* &arr[i], NULL when there are not n > i elements. For arrays whose size only the loader knows. */
#define ARRAY_ELEM_PTR(arr, i, n) \
  scx_checked_ptr(typeof(arr[0]) *, arr, (u64)(i) * sizeof(arr[0]), ">=", (u64)(n) * sizeof(arr[0]))

/* ---- time, which may wrap ---- */

static inline s64 time_delta(u64 after, u64 before) { return (s64)(after - before) > 0 ? (s64)(after - before) : 0; }
static inline bool time_after(u64 a, u64 b) { return (s64)(b - a) < 0; }
static inline bool time_before(u64 a, u64 b) { return time_after(b, a); }
static inline bool time_after_eq(u64 a, u64 b) { return (s64)(a - b) >= 0; }
static inline bool time_before_eq(u64 a, u64 b) { return time_after_eq(b, a); }
static inline bool time_in_range(u64 t, u64 from, u64 to) { return time_after_eq(t, from) && time_before_eq(t, to); }
static inline bool time_in_range_open(u64 t, u64 from, u64 to) { return time_after_eq(t, from) && time_before(t, to); }

/* ---- numbers ---- */

/* Index of the highest bit set; 0 for 0. */
static inline u32 log2_u32(u32 v) {
  u32 bit = 0;

  if (v >> 16) bit += 16, v >>= 16;
  if (v >> 8) bit += 8, v >>= 8;
  if (v >> 4) bit += 4, v >>= 4;
  if (v >> 2) bit += 2, v >>= 2;
  return bit + (v >> 1 & 1);
}

/* Bits needed for v (not its logarithm, as the name that schedulers know says); 1 for 0. */
static inline u32 log2_u64(u64 v) {
  u32 high = v >> 32;

  return high ? log2_u32(high) + 33 : log2_u32(v) + 1;
}

static inline u64 __sqrt_u64(u64 x) {
  u64 root = 0, bit = 1ULL << 62;
  int i;

  for (i = 0; i < 32; i++, bit >>= 2) {
    if (x >= root + bit) {
      x -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return root;
}

static inline u32 hweight32(u32 v) {
  v -= v >> 1 & 0x55555555;
  v = (v & 0x33333333) + (v >> 2 & 0x33333333);
  return ((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}
static inline u32 hweight64(u64 v) { return hweight32(v) + hweight32(v >> 32); }

/* Trailing zeros; -1 for 0. No multiplication table: BPF has none of the instructions. */
static inline int ctzll(u64 v) { return v ? (int)hweight64((v & -v) - 1) : -1; }

/* Exponential average: new weighs 1 / 2^decay. */
#define __calc_avg(old, new, decay)                                                          \
  ({                                                                                         \
    typeof(decay) ___shift = (decay) < 1 ? 1 : (decay);                                      \
    typeof(old) ___old = (old), ___new = (new);                                              \
    ___old - (___old >> ___shift) + (___new >> ___shift);                                    \
  })

#endif
