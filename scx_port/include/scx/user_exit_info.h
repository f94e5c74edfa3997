/* SPDX-License-Identifier: GPL-2.0-only
 * The name that 6.12's schedulers know. In BPF code this is user_exit_info.bpf.h.
 */
#ifndef SIMSCHED_USER_EXIT_INFO_H
#define SIMSCHED_USER_EXIT_INFO_H

#include "user_exit_info_common.h"
#if defined(__bpf__) || defined(__BPF__)
#include "user_exit_info.bpf.h"
#endif

#endif
