/* SPDX-License-Identifier: GPL-2.0-only
 * Integers, lists, locks, masks: what the other kernel types are made of. Included by vmlinux.h only.
 */
typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef __u8 uint8_t;
typedef __s8 int8_t;
typedef __u16 uint16_t;
typedef __s16 int16_t;
typedef __u32 uint32_t;
typedef __s32 int32_t;
typedef u64 uint64_t;
typedef s64 int64_t;
typedef __u16 __be16;
typedef __u16 __le16;
typedef __u32 __be32;
typedef __u32 __le32;
typedef __u64 __be64;
typedef __u64 __le64;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned long uintptr_t;
typedef unsigned long size_t;
typedef long ssize_t;
typedef long long loff_t;
typedef int pid_t;
typedef __s64 ktime_t;
typedef int clockid_t;
typedef _Bool bool;
enum { false = 0, true = 1 };

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef struct refcount_struct {
  atomic_t refs;
} refcount_t;
typedef struct {
  u32 val;
} kuid_t;
typedef struct {
  u32 val;
} kgid_t;

typedef struct raw_spinlock {
  u32 val;
} raw_spinlock_t;
typedef struct spinlock {
  u32 val;
} spinlock_t;

struct list_head {
  struct list_head *next, *prev;
};
struct hlist_node {
  struct hlist_node *next, **pprev;
};
struct hlist_head {
  struct hlist_node *first;
};
struct llist_node {
  struct llist_node *next;
};
struct rb_node {
  unsigned long __rb_parent_color;
  struct rb_node *rb_right, *rb_left;
};
struct rb_root {
  struct rb_node *rb_node;
};
struct rb_root_cached {
  struct rb_root rb_root;
  struct rb_node *rb_leftmost;
};
struct callback_head {
  struct callback_head *next;
  void (*func)(struct callback_head *head);
};
struct rhash_head {
  struct rhash_head *next;
};

/* 8192 CPUs, as in Debian's configuration. */
typedef struct cpumask {
  unsigned long bits[128];
} cpumask_t;
struct bpf_cpumask {
  cpumask_t cpumask;
  refcount_t usage;
};
typedef struct {
  unsigned long bits[16];
} nodemask_t;
