/* SPDX-License-Identifier: GPL-2.0-only
 * A decision as it is logged: for the BPF half, the loader and `simsched verify` alike.
 */
#ifndef SIMSCHED_DECISION_H
#define SIMSCHED_DECISION_H

enum { DECISION_INPUTS = 8 };

struct decision {
  unsigned long long at; /* bpf_ktime_get_ns() */
  unsigned int cpu;
  unsigned int kind;     /* of the policy's own numbering */
  unsigned long long in[DECISION_INPUTS];
  unsigned long long out;
};

#endif
