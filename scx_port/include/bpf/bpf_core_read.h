/* SPDX-License-Identifier: GPL-2.0-only
 * The installed libbpf's bpf_core_read.h, and what newer ones add.
 */
#ifndef SIMSCHED_BPF_CORE_READ_H
#define SIMSCHED_BPF_CORE_READ_H

#include_next <bpf/bpf_core_read.h>

/* Whether a type of this name in the kernel has the same shape as ours (libbpf 1.2). */
#ifndef bpf_core_type_matches
#define bpf_core_type_matches(type) bpf_core_type_exists(type)
#endif
/* Calls a pointer another type whose records follow the running kernel's layout. */
#ifndef bpf_core_cast
#define bpf_core_cast(ptr, type) ((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))
extern void *bpf_rdonly_cast(const void *obj, unsigned int btf_id) __attribute__((weak, section(".ksyms")));
#endif

#endif
