/* SPDX-License-Identifier: GPL-2.0-only
 * What the schedulers with a fault share: they know their victim by its name.
 */
#include <scx/common.bpf.h>

static __always_inline bool is_victim(const struct task_struct *p) {
  char comm[16];

  bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
  return bpf_strncmp(comm, 8, "stallme") == 0;
}
