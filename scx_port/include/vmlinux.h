/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The kernel's types, as far as sched_ext schedulers touch them, written by hand from the names, kinds and meanings of
 * Linux 6.12 to 7.3. One header for both hosts:
 *  - a kernel: every record is preserve_access_index, so libbpf moves each access to where that kernel has the member.
 *    What must agree is a member's name and kind (an enum must be an enum), and the size of what lies on a program's
 *    stack or in its maps (kernel/bpf.h, the iterators).
 *  - the simulator: lays its objects out exactly as written here, and has all members and enumerators there are here.
 * The order of members is therefore ours; what is not listed costs nothing. A program may bring a full vmlinux.h of its
 * own instead: the include guard is the one bpftool writes.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
#define SIMSCHED_VMLINUX 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#include "kernel/base.h"    /* integers, lists, cpumask */
#include "kernel/bpf.h"     /* maps, flags of helpers, opaque objects */
#include "kernel/scx.h"     /* sched_ext: constants, entity, ops */
#include "kernel/cgroup.h"
#include "kernel/task.h"    /* task_struct, rq */

#pragma clang attribute pop

#endif
