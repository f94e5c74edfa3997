/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Notes the system calls by which tasks talk, when they end: who, which object, how many bytes. A call's arguments are
 * still in the registers that it was entered with, and what a descriptor stands for is followed through the kernel's own
 * pointers (tp_btf may), without a helper call each.
 *
 * Entries are not looked at, as that alone would be a quarter of the cost: a call is said to begin where the task's call
 * before it ended. What lies between is user space, where no task blocks or wakes another. Of calls that are not noted it
 * matters when they blocked, which the kernel's own count tells.
 *
 * A record goes to the CPU's own part of a mapped array: the programs run with preemption off (bpf_probe.h), so that a
 * CPU's part has one writer, and nobody waits or is woken. What is full loses the record and counts it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_types.bpf.h"
#include "raw_call.h"

char _license[] SEC("license") = "GPL";

const volatile u8 class_of[CALL_NUMBERS] = {};
const volatile u32 slot_mask = 0;     /* slots - 1 */
const volatile u32 ring_mask = 0;     /* records of a CPU - 1 */
const volatile u32 record_all = 0;    /* tasks of no family, too */
const volatile u32 launched = 0;      /* the recorder's child is no part of it, only its children are */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct raw_call);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_ring);
} rings SEC(".maps");

/* By pid: as many as there can be pids, or a power of two that is large enough to tell living ones apart. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_slot);
} slots SEC(".maps");

enum { S_IFMT_ = 0170000, S_IFIFO_ = 0010000, S_IFSOCK_ = 0140000, O_NONBLOCK_ = 04000, MSG_PEEK_ = 2, MSG_DONTWAIT_ = 0x40 };
enum { AF_UNIX_ = 1, AF_INET_ = 2, AF_INET6_ = 10, SOCK_STREAM_ = 1, SOCK_DGRAM_ = 2 };
enum { FMODE_READ_ = 1, FMODE_WRITE_ = 2 };
enum { EINPROGRESS_ = 115 };
enum { TS_COMPAT_ = 2 }; /* x86: in a call of 32 bits, which have other numbers */
enum { MAX_DESCRIPTORS = 1024 }; /* that are looked at when a process ends */

u64 eventfd_operations; /* of struct file: what tells an eventfd from other files */

static __always_inline struct call_slot *slot_of(s32 pid)
{
	u32 at = (u32)pid & slot_mask;

	return bpf_map_lookup_elem(&slots, &at);
}

static __always_inline struct call_ring *my_ring(u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline bool recorded(const struct call_slot *s, s32 pid)
{
	if (s->pid == pid)
		return s->family == FAMILY_RECORDED || (record_all && s->family == FAMILY_UNKNOWN);
	return record_all;
}

/* What a call is about. */
struct object {
	u64 id;
	u32 type; /* raw_object */
	u32 flags;
};

static __always_inline struct file *file_of(struct task_struct *task, u64 fd)
{
	struct task_struct___rec *t = (void *)task;
	struct fdtable *fdt = t->files->fdt;
	struct list_head *cell;

	fd = (u32)fd;
	if (fd >= fdt->max_fds)
		return 0;
	cell = bpf_core_cast((void *)fdt->fd + fd * 8, struct list_head);
	return bpf_core_cast((void *)cell->next, struct file);
}

/* Ports in the order of the direction, and addresses, in any. */
static __always_inline u64 tcp_id(u32 from_port, u32 to_port, u32 from, u32 to)
{
	u32 low = from < to ? from : to, high = from < to ? to : from;
	u32 addresses = (low * 2654435761U) ^ ((high ^ (high >> 15)) * 2246822519U);

	if (from_port == to_port)
		addresses ^= from < to;
	return (u64)from_port << 48 | (u64)to_port << 32 | addresses;
}

static __always_inline void inet_ends(const struct sock *sk, u32 *own, u32 *peer)
{
	if (sk->__sk_common.skc_family == AF_INET_) {
		*own = sk->__sk_common.skc_rcv_saddr;
		*peer = sk->__sk_common.skc_daddr;
	} else { /* of ::ffff:a.b.c.d the part that is the IPv4 address */
		*own = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[3];
		*peer = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[3];
	}
}

static __always_inline u64 unix_id(const struct sock *sk, u32 *type)
{
	struct socket *socket;
	u64 ino = 0;

	*type = RAW_UNIX;
	if (bpf_core_field_exists(sk->sk_ino)) {
		ino = sk->sk_ino;
	} else {
		socket = sk->sk_socket;
		if (socket && socket->file)
			ino = socket->file->f_inode->i_ino;
	}
	if (ino)
		return ino;
	*type = RAW_EMBRYO;
	return (u64)sk;
}

/* Who a datagram is for, when the call says so: a struct sockaddr of the caller's. */
static __always_inline void addressee(struct object *o, u64 address)
{
	struct {
		u16 family, port;
		u32 word[5]; /* IPv4: the first is the address; IPv6: the last */
	} to = {};

	o->flags |= RAW_UNNAMED;
	if (!address || bpf_probe_read_user(&to, 8, (void *)address) != 0)
		return;
	if (to.family == AF_INET6_) {
		if (bpf_probe_read_user(&to, sizeof(to), (void *)address) != 0)
			return;
		to.word[0] = to.word[4];
	} else if (to.family != AF_INET_) {
		return;
	}
	o->flags &= ~RAW_UNNAMED;
	o->type = RAW_UDP;
	o->id = (u64)__builtin_bswap16(to.port) << 32 | to.word[0];
}

/* The direction that `sending` or receiving on the socket is about. */
static __always_inline void socket_object(struct object *o, struct file *file, bool sending)
{
	struct socket *socket = bpf_core_cast(file->private_data, struct socket);
	struct sock *sk = socket->sk, *peer;
	u32 family, own, other, own_port, other_port;
	short type = socket->type;

	if (!sk)
		return;
	family = sk->__sk_common.skc_family;
	if (type == SOCK_DGRAM_)
		o->flags |= RAW_MESSAGES;
	if (family == AF_UNIX_) {
		if (!sending) {
			o->id = unix_id(sk, &o->type);
			return;
		}
		peer = bpf_core_cast(sk, struct unix_sock)->peer;
		if (peer)
			o->id = unix_id(peer, &o->type);
		else
			o->flags |= RAW_UNNAMED;
		return;
	}
	if (family != AF_INET_ && family != AF_INET6_)
		return;
	inet_ends(sk, &own, &other);
	own_port = sk->__sk_common.skc_num;
	other_port = __builtin_bswap16(sk->__sk_common.skc_dport);
	if (type == SOCK_STREAM_) {
		if (!other_port)
			return; /* not connected */
		o->type = RAW_TCP;
		o->id = sending ? tcp_id(own_port, other_port, own, other) : tcp_id(other_port, own_port, other, own);
	} else if (type == SOCK_DGRAM_) {
		if (sending && !other_port) {
			o->flags |= RAW_UNNAMED; /* who it is for is in the message */
			return;
		}
		o->type = RAW_UDP;
		o->id = sending ? (u64)other_port << 32 | other : (u64)own_port << 32 | own;
	}
}

static __always_inline void file_object(struct object *o, struct file *file, bool sending)
{
	struct inode *inode;
	u32 kind;

	o->type = RAW_NONE;
	o->flags = 0;
	if (!file)
		return;
	inode = file->f_inode;
	kind = inode->i_mode & S_IFMT_;
	if (kind == S_IFIFO_) {
		o->type = RAW_PIPE;
		o->id = inode->i_ino;
	} else if (kind == S_IFSOCK_) {
		socket_object(o, file, sending);
	} else if ((u64)file->f_op == eventfd_operations) {
		o->type = RAW_EVENTFD;
		o->id = (u64)file->private_data;
	}
	if (file->f_flags & O_NONBLOCK_)
		o->flags |= RAW_NONBLOCKING;
}

static __always_inline u64 file_references(struct file *file)
{
	if (bpf_core_field_exists(file->f_ref))
		return file->f_ref.refcnt.counter + 1; /* 0 is one reference */
	return ((struct file___counted *)file)->f_count.counter;
}

/* The time. */
static __always_inline u64 note(struct call_slot *s, s32 pid, u32 kind, const struct object *o, s64 result, u64 request)
{
	u32 cpu = bpf_get_smp_processor_id(), at;
	struct call_ring *ring = my_ring(cpu);
	struct raw_call *r;
	u64 now = bpf_ktime_get_ns(), head;

	if (!ring)
		return now;
	head = ring->head;
	if (head - ring->tail > ring_mask) {
		ring->lost++;
		return now;
	}
	at = cpu * (ring_mask + 1) + ((u32)head & ring_mask);
	r = bpf_map_lookup_elem(&records, &at);
	if (!r)
		return now;
	r->begin = s->since ? s->since : now;
	r->end = now;
	r->object = o->id;
	r->result = (s32)result;
	r->request = (s32)request;
	r->pid = pid;
	r->cpu = cpu;
	r->what = kind | o->type << 4;
	r->flags = o->flags & ~RAW_UNNAMED;
	ring->head = head + 1;
	return now;
}

/* A stream that the call will end, to be noted when it has. */
static __always_inline void end_of_stream(struct call_slot *s, struct task_struct *task, u64 fd)
{
	struct file *file = file_of(task, fd);
	struct object o = {};

	s->ending_type = RAW_NONE;
	if (!file || file_references(file) != 1)
		return;
	file_object(&o, file, true);
	if (o.type == RAW_PIPE && (!(file->f_mode & FMODE_WRITE_) || file->f_inode->i_pipe->writers != 1))
		return;
	if (o.type != RAW_PIPE && o.type != RAW_UNIX && o.type != RAW_TCP && o.type != RAW_EMBRYO)
		return;
	s->ending = o.id;
	s->ending_type = o.type;
}

/* What close() lets go of is only there when it begins. */
static __always_inline int closes(u64 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_slot *s = slot_of(task->pid);

	if (s && s->pid == task->pid && recorded(s, task->pid))
		end_of_stream(s, task, fd);
	return 0;
}

struct entered {
	u64 unused, number, arguments[6];
};

SEC("tracepoint/syscalls/sys_enter_close")
int close_begins(struct entered *call)
{
	return closes(call->arguments[0]);
}

SEC("tracepoint/syscalls/sys_enter_dup2")
int dup2_begins(struct entered *call)
{
	return closes(call->arguments[1]);
}

SEC("tracepoint/syscalls/sys_enter_dup3")
int dup3_begins(struct entered *call)
{
	return closes(call->arguments[1]);
}

/* Where those cannot be had; costs every call some 30 ns, theirs half of it. */
SEC("tp_btf/sys_enter")
int BPF_PROG(any_begins, struct pt_regs *regs, long number)
{
	if ((u64)number >= CALL_NUMBERS)
		return 0;
	if (class_of[number] == CALL_CLOSE)
		return closes(ARG1(regs));
	if (class_of[number] == CALL_DUP2)
		return closes(ARG2(regs));
	return 0;
}

/* include/uapi/linux/futex.h */
enum { FUTEX_WAIT_ = 0, FUTEX_WAKE_ = 1, FUTEX_REQUEUE_ = 3, FUTEX_CMP_REQUEUE_ = 4, FUTEX_WAKE_OP_ = 5, FUTEX_LOCK_PI_ = 6,
       FUTEX_UNLOCK_PI_ = 7, FUTEX_WAIT_BITSET_ = 9, FUTEX_WAKE_BITSET_ = 10, FUTEX_WAIT_REQUEUE_PI_ = 11,
       FUTEX_LOCK_PI2_ = 13, FUTEX_PRIVATE_ = 128, FUTEX_CMD_ = 127 };

enum { VM_SHARED_ = 8, PAGE_SHIFT_ = 12 };

struct place {
	u64 address, id;
};

/* A word in memory that processes share: of which file, and where in it. */
static long shared_place(struct task_struct *task, struct vm_area_struct *area, struct place *place)
{
	struct file *file = area->vm_file;

	if (area->vm_flags & VM_SHARED_ && file)
		place->id = ((u64)file->f_inode->i_ino << 40) ^ (area->vm_pgoff << PAGE_SHIFT_) ^
			    (place->address - area->vm_start) ^ ((u64)1 << 63);
	return 0;
}

static __always_inline void futex_object(struct object *o, struct task_struct *task, u64 address, bool private)
{
	struct place place = {.address = address};

	o->type = RAW_FUTEX;
	if (!private)
		bpf_find_vma(task, address, shared_place, &place, 0);
	/* Separate processes must not meet: else it is an address of this one. */
	o->id = place.id ? place.id : ((u64)(u32)task->tgid << 47 ^ (u64)(u32)task->tgid << 20 ^ address) & ~((u64)1 << 63);
}

enum { MESSAGE_SIZE = 64, MESSAGE_LENGTH_AT = 56 /* struct mmsghdr of 64 bits */ };

struct messages {
	struct object object;
	u64 at;   /* of the next struct mmsghdr of the caller's */
	u64 now;
	u32 kind;
	u32 each; /* may be for another */
};

static long note_message(u32 i, struct messages *m)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_slot *s = slot_of(task->pid);
	u64 address;
	u32 length;

	if (!s || bpf_probe_read_user(&length, sizeof(length), (void *)(m->at + MESSAGE_LENGTH_AT)))
		return 1;
	if (m->each) {
		m->object.type = RAW_NONE;
		if (bpf_probe_read_user(&address, sizeof(address), (void *)m->at))
			return 1;
		addressee(&m->object, address);
	}
	if (m->object.type)
		m->now = note(s, task->pid, m->kind, &m->object, length, length);
	m->at += MESSAGE_SIZE;
	return 0;
}

/* sendmmsg(), recvmmsg(): a record for each message. The time, or 0 when there is none. */
static __always_inline u64 note_messages(struct call_slot *s, s32 pid, u32 kind, const struct object *o, s64 result,
					 u64 messages)
{
	struct messages m = {.object = *o, .at = messages, .kind = kind};

	if (result <= 0)
		return o->type ? note(s, pid, kind, o, result, 0) : 0;
	m.each = !o->type && o->flags & RAW_UNNAMED;
	bpf_loop(result, note_message, &m, 0);
	return m.now;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_ends, struct pt_regs *regs, long result)
{
	u64 number = CALL_NUMBER(regs), request = 0;
	struct object o = {};
	struct task_struct *task;
	struct call_ring *ring;
	struct call_slot *s;
	struct file *file;
	u32 class, op, kind = 0;
	u64 address, now = 0;
	s32 pid;

	if (number >= CALL_NUMBERS)
		return 0;
	class = class_of[number];
	task = bpf_get_current_task_btf();
	if (bpf_core_field_exists(task->thread_info.status) && task->thread_info.status & TS_COMPAT_)
		return 0;
	pid = task->pid;
	s = slot_of(pid);
	if (!s || !recorded(s, pid))
		return 0;
	if (s->pid != pid) { /* with record_all: not seen before */
		s->pid = pid;
		s->family = FAMILY_UNKNOWN;
		s->since = 0;
		s->ending_type = RAW_NONE;
	}

	if (class == CALL_IGNORED)
		goto out;
	if (class <= CALL_SENDMMSG) {
		/* Odd classes receive, even ones send. */
		kind = class & 1 ? RAW_RECEIVE : RAW_SEND;
		file_object(&o, file_of(task, ARG1(regs)), kind == RAW_SEND);
		request = ARG3(regs);
		if (class > CALL_WRITE) {
			op = ARG4(regs);
			if (class == CALL_RECVMSG || class == CALL_SENDMSG)
				op = request;
			if (class == CALL_READV || class == CALL_WRITEV)
				op = 0;
			if (class != CALL_RECVFROM && class != CALL_SENDTO)
				request = -1;
			if (op & MSG_DONTWAIT_)
				o.flags |= RAW_NONBLOCKING;
			if (op & MSG_PEEK_ && kind == RAW_RECEIVE)
				o.type = RAW_NONE; /* takes nothing */
			if (class >= CALL_RECVMMSG) {
				now = note_messages(s, pid, kind, &o, result, ARG2(regs));
				o.type = RAW_NONE;
				o.flags = 0;
			}
			if (o.flags & RAW_UNNAMED) {
				if (class == CALL_SENDTO)
					addressee(&o, ARG5(regs));
				else if (class == CALL_SENDMSG &&
					 !bpf_probe_read_user(&address, sizeof(address), (void *)ARG2(regs)))
					addressee(&o, address);
			}
		}
		if (o.flags & RAW_UNNAMED) {
			ring = my_ring(bpf_get_smp_processor_id());
			if (ring && !o.type)
				ring->unnamed++;
		}
		if (!o.type)
			kind = 0;
		goto out;
	}

	switch (class) {
	case CALL_FUTEX:
		op = (u32)ARG2(regs) & FUTEX_CMD_;
		futex_object(&o, task, ARG1(regs), ARG2(regs) & FUTEX_PRIVATE_);
		if (op == FUTEX_WAIT_ || op == FUTEX_WAIT_BITSET_ || op == FUTEX_LOCK_PI_ || op == FUTEX_LOCK_PI2_ ||
		    op == FUTEX_WAIT_REQUEUE_PI_)
			kind = RAW_FUTEX_WAIT, request = op;
		else
			kind = RAW_FUTEX_WAKE, request = ARG3(regs);
		break;
	case CALL_FUTEX_WAIT:
		futex_object(&o, task, ARG1(regs), ARG4(regs) & FUTEX_PRIVATE_);
		kind = RAW_FUTEX_WAIT, request = FUTEX_WAIT_BITSET_;
		break;
	case CALL_FUTEX_WAKE:
		futex_object(&o, task, ARG1(regs), ARG4(regs) & FUTEX_PRIVATE_);
		kind = RAW_FUTEX_WAKE, request = ARG3(regs);
		break;
	case CALL_FUTEX_WAITV:
		kind = RAW_FUTEX_WAIT;
		break;
	case CALL_POLL:
		if (s->blocks != task->nvcsw) /* else it was no wait */
			kind = RAW_POLL;
		break;
	case CALL_SLEEP:
		kind = RAW_SLEEP;
		break;
	case CALL_KILL:
		if (result == 0 && (s32)ARG1(regs) > 0 && ARG2(regs))
			kind = RAW_KILL, request = ARG1(regs);
		break;
	case CALL_TGKILL:
		if (result == 0 && ARG3(regs))
			kind = RAW_KILL, request = ARG2(regs);
		break;
	case CALL_SENDFILE:
		file_object(&o, file_of(task, ARG1(regs)), true);
		kind = RAW_SEND, request = ARG4(regs);
		break;
	case CALL_SPLICE:
		request = ARG5(regs);
		file_object(&o, file_of(task, ARG1(regs)), false);
		if (o.type)
			note(s, pid, RAW_RECEIVE, &o, result, request);
		file_object(&o, file_of(task, ARG3(regs)), true);
		kind = RAW_SEND;
		break;
	case CALL_TEE:
		file_object(&o, file_of(task, ARG2(regs)), true);
		kind = RAW_SEND, request = ARG3(regs);
		break;
	case CALL_VMSPLICE:
		file = file_of(task, ARG1(regs));
		if (!file)
			break;
		kind = file->f_mode & FMODE_WRITE_ ? RAW_SEND : RAW_RECEIVE, request = -1;
		file_object(&o, file, kind == RAW_SEND);
		break;
	case CALL_ACCEPT:
		if (result < 0)
			break;
		file = file_of(task, result);
		file_object(&o, file, false);
		if (o.type == RAW_UNIX) { /* what it was called until now */
			u64 since = s->since;

			s->since = (u64)bpf_core_cast(file->private_data, struct socket)->sk;
			note(s, pid, RAW_ALIAS, &o, 0, 0);
			s->since = since;
		}
		kind = RAW_ACCEPT;
		break;
	case CALL_CONNECT:
		if (result < 0 && result != -EINPROGRESS_)
			break;
		file_object(&o, file_of(task, ARG1(regs)), true);
		if (!(o.flags & RAW_MESSAGES))
			kind = RAW_CONNECT;
		break;
	case CALL_SHUTDOWN:
		if (result < 0 || ARG2(regs) == 0)
			break;
		file_object(&o, file_of(task, ARG1(regs)), true);
		if (!(o.flags & RAW_MESSAGES))
			kind = RAW_CLOSE;
		break;
	case CALL_CLOSE:
	case CALL_DUP2:
		o.id = s->ending;
		o.type = s->ending_type;
		s->ending_type = RAW_NONE;
		kind = RAW_CLOSE;
		break;
	case CALL_URING:
		ring = my_ring(bpf_get_smp_processor_id());
		if (ring)
			ring->uring++;
		break;
	}
	if (!o.type && kind != RAW_POLL && kind != RAW_SLEEP && kind != RAW_FUTEX_WAIT && kind != RAW_KILL)
		kind = 0;
out:
	if (kind)
		now = note(s, pid, kind, &o, result, request);
	else if (!now && s->blocks != task->nvcsw)
		now = bpf_ktime_get_ns();
	if (now)
		s->since = now;
	s->blocks = task->nvcsw;
	return 0;
}

/* ---- tasks ---- */

/* A child is of its parent's family. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(task_is_new, struct task_struct *parent, struct task_struct *child)
{
	struct call_slot *p = slot_of(parent->pid), *c = slot_of(child->pid);
	u32 family = FAMILY_UNKNOWN;

	if (!p || !c)
		return 0;
	if (p->pid == parent->pid)
		family = p->family;
	if (parent->tgid != child->tgid) {
		if (family == FAMILY_RECORDER && launched)
			family = FAMILY_LAUNCHER;
		else if (family == FAMILY_RECORDER || family == FAMILY_LAUNCHER)
			family = FAMILY_RECORDED;
	}
	c->since = bpf_ktime_get_ns();
	c->blocks = 0;
	c->pid = child->pid;
	c->family = family;
	c->ending_type = RAW_NONE;
	return 0;
}

static long leave_file(u32 fd, void *unused)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_slot *s = slot_of(task->pid);
	struct object o = {};

	if (!s)
		return 1;
	end_of_stream(s, task, fd);
	if (!s->ending_type)
		return 0;
	o.id = s->ending;
	o.type = s->ending_type;
	s->ending_type = RAW_NONE;
	note(s, task->pid, RAW_CLOSE, &o, 0, RAW_CLOSED_BY_EXIT);
	return 0;
}

/* The end of a process ends its streams: this is just before it lets go of its files. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exits, struct task_struct *task)
{
	struct files_struct *files = ((struct task_struct___rec *)task)->files;
	struct call_slot *s = slot_of(task->pid);
	u32 descriptors;

	if (!s || s->pid != task->pid)
		return 0;
	s->since = 0; /* the moment itself */
	if (recorded(s, task->pid) && files && files->count.counter == 1) {
		descriptors = files->fdt->max_fds;
		bpf_loop(descriptors < MAX_DESCRIPTORS ? descriptors : MAX_DESCRIPTORS, leave_file, 0, 0);
	}
	s->family = FAMILY_UNKNOWN;
	return 0;
}

struct introduction {
	s32 eventfd; /* any, to know others by */
};

/* Run once by the recorder: it is the head of its family, under whatever pid the kernel knows it by. */
SEC("syscall")
int recorder_is_here(struct introduction *introduction)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_slot *s = slot_of(task->pid);
	struct file *file = file_of(task, introduction->eventfd);

	if (!s || !file)
		return 1;
	eventfd_operations = (u64)file->f_op;
	s->pid = task->pid;
	s->family = FAMILY_RECORDER;
	return 0;
}
