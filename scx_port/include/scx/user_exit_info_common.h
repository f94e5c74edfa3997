/* SPDX-License-Identifier: GPL-2.0-only
 * How and why a scheduler ended, as its BPF half leaves it for its user-space half. For both halves.
 */
#ifndef SIMSCHED_USER_EXIT_INFO_COMMON_H
#define SIMSCHED_USER_EXIT_INFO_COMMON_H

enum uei_sizes { UEI_REASON_LEN = 128, UEI_MSG_LEN = 1024, UEI_DUMP_DFL_LEN = 32768 };

struct user_exit_info {
  int kind;     /* enum scx_exit_kind; written last, not 0: the rest is there */
  int exit_cpu; /* -1: unknown */
  long long exit_code;
  char reason[UEI_REASON_LEN];
  char msg[UEI_MSG_LEN];
};

/* Parts of exit_code. */
enum uei_ecode_mask {
  UEI_ECODE_USER_MASK = 0xffffffffULL,
  UEI_ECODE_SYS_RSN_MASK = 0xffffULL << 32,
  UEI_ECODE_SYS_ACT_MASK = 0xffffULL << 48,
};
#define UEI_ECODE_USER(code) ((code) & UEI_ECODE_USER_MASK)
#define UEI_ECODE_SYS_RSN(code) ((code) & UEI_ECODE_SYS_RSN_MASK)
#define UEI_ECODE_SYS_ACT(code) ((code) & UEI_ECODE_SYS_ACT_MASK)
#define UEI_ECODE_RESTART(code) (UEI_ECODE_SYS_ACT(code) == SCX_ECODE_ACT_RESTART)

#endif
