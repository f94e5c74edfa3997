/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The kernel's types behind a file descriptor, as far as they are read: libbpf finds where the running kernel has each
 * member. Linux 6.2 to 7.3.
 */
#ifndef SIMSCHED_RECORD_KERNEL_TYPES_H
#define SIMSCHED_RECORD_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct file;
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
};
struct task_struct___rec {
	struct files_struct *files;
	pid_t pid, tgid;
};
typedef struct {
	atomic64_t refcnt;
} file_ref_t;
struct super_block {
	unsigned int s_dev;
};
struct pipe_inode_info {
	unsigned int readers, writers;
};
struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
	struct pipe_inode_info *i_pipe;
};
struct file {
	unsigned int f_mode;
	const void *f_op;
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags;
	file_ref_t f_ref; /* 6.13 */
};
struct file___counted {
	atomic_long_t f_count; /* up to 6.12 */
};
struct in6_addr {
	union {
		u32 u6_addr32[4];
	} in6_u;
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct socket;
struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	unsigned long sk_ino; /* 6.17 */
};
struct socket {
	short type;
	struct file *file;
	struct sock *sk;
};
struct unix_sock {
	struct sock sk;
	struct sock *peer;
};
struct eventfd_ctx {
	int id;
};
struct vm_area_struct {
	unsigned long vm_start, vm_flags, vm_pgoff;
	struct file *vm_file;
};
#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
};
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
#else
struct pt_regs {
	unsigned long r9, r8, r10, dx, si, di, orig_ax;
};
#endif

#pragma clang attribute pop

/* The call's number and arguments, which are still there when it ends. */
#if defined(__TARGET_ARCH_arm64)
#define CALL_NUMBER(r) ((u64)(u32)(r)->syscallno)
#define ARG1(r) ((r)->orig_x0)
#define ARG2(r) ((r)->regs[1])
#define ARG3(r) ((r)->regs[2])
#define ARG4(r) ((r)->regs[3])
#define ARG5(r) ((r)->regs[4])
#else
#define CALL_NUMBER(r) ((u64)(r)->orig_ax)
#define ARG1(r) ((r)->di)
#define ARG2(r) ((r)->si)
#define ARG3(r) ((r)->dx)
#define ARG4(r) ((r)->r10)
#define ARG5(r) ((r)->r8)
#endif

#endif
