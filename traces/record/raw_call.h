/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the BPF programs of calls.bpf.c tell user space: through arrays that both map, without a lock. Times are the
 * kernel's monotonic clock in ns.
 */
#ifndef SIMSCHED_RAW_CALL_H
#define SIMSCHED_RAW_CALL_H

/* Of a system call: which arguments say what. The table by number is user space's. */
enum call_class {
	CALL_IGNORED,
	CALL_READ, CALL_WRITE,           /* fd, buffer, size */
	CALL_READV, CALL_WRITEV,         /* fd, vector */
	CALL_RECVFROM, CALL_SENDTO,      /* fd, buffer, size, flags, address */
	CALL_RECVMSG, CALL_SENDMSG,      /* fd, message, flags */
	CALL_RECVMMSG, CALL_SENDMMSG,    /* fd, messages, count, flags */
	CALL_SENDFILE,                   /* out, in, offset, size */
	CALL_SPLICE,                     /* in, offset, out, offset, size, flags */
	CALL_TEE,                        /* in, out, size, flags */
	CALL_VMSPLICE,                   /* fd, vector */
	CALL_POLL,
	CALL_KILL,                       /* pid, signal */
	CALL_TGKILL,                     /* group, pid, signal */
	CALL_SLEEP,
	CALL_FUTEX,                      /* address, operation, value */
	CALL_FUTEX_WAKE,                 /* address, mask, number, flags */
	CALL_FUTEX_WAIT,                 /* address, value, mask, flags */
	CALL_FUTEX_WAITV,
	CALL_ACCEPT,                     /* returns fd */
	CALL_CONNECT,                    /* fd */
	CALL_SHUTDOWN,                   /* fd, how */
	CALL_CLOSE,                      /* fd */
	CALL_DUP2,                       /* old, new */
	CALL_URING,
};
enum { CALL_NUMBERS = 512 };

/* As CallKind and CallObject of traces/calls.h, and what only the recorder sees. */
enum raw_kind { RAW_RECEIVE = 1, RAW_SEND, RAW_POLL, RAW_FUTEX_WAIT, RAW_FUTEX_WAKE, RAW_ACCEPT, RAW_CONNECT, RAW_SLEEP,
		RAW_CLOSE, RAW_KILL, RAW_ALIAS };
enum raw_object { RAW_NONE, RAW_PIPE, RAW_UNIX, RAW_TCP, RAW_UDP, RAW_EVENTFD, RAW_FUTEX,
		  RAW_EMBRYO /* a unix socket that was not accepted yet, by its address; RAW_ALIAS tells its number */ };
enum { RAW_NONBLOCKING = 1, RAW_MESSAGES = 2, RAW_UNNAMED = 128 /* inside the programs only */ };
enum { RAW_CLOSED_BY_CALL, RAW_CLOSED_BY_EXIT }; /* request of a RAW_CLOSE */

struct raw_call {
	unsigned long long begin, end;
	unsigned long long object;
	int result, request;
	int pid;
	unsigned short cpu;
	unsigned char what;  /* kind, object type << 4 */
	unsigned char flags;
};

/* A task. Only the ends of calls are noted: a call began after `since`, when the call before it had ended. */
struct call_slot {
	unsigned long long since;
	unsigned long long blocks;       /* how often it had blocked by then */
	unsigned long long ending;       /* object of a stream that the call ends */
	int pid;
	unsigned char family;            /* call_family */
	unsigned char ending_type;       /* raw_object, RAW_NONE: none */
	unsigned char pad[2];
};
enum call_family { FAMILY_UNKNOWN, FAMILY_RECORDER, FAMILY_LAUNCHER, FAMILY_RECORDED };

/* A CPU's part of the ring: positions count up; the BPF side writes head, user space tail. */
struct call_ring {
	unsigned long long head, lost, foreign, uring, unnamed;
	unsigned long long pad[3];
	unsigned long long tail;
	unsigned long long pad2[7];
};

#endif
