// Messages: what pipes and sockets do to the tasks that use them. A send wakes the one reader; a reader takes what
// there is and blocks for the rest; writers block while a bounded channel is full (fs/pipe.c, net/unix/af_unix.c
// of 6.18).
#include <algorithm>
#include <bit>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {
namespace {

constexpr int kWindow = 64;  // segments of a poll loop that may be ahead of the first: bits of PollLoop::done

}  // namespace

// How many of `bytes` go into the channel now.
int64_t Engine::put(Channel& channel, const ChannelSpec& spec, int64_t bytes) {
  int64_t room = spec.capacity == 0 ? bytes : std::max<int64_t>(0, spec.capacity - channel.bytes);
  if (spec.kind == ChannelSpec::Kind::kPipe) {
    bytes = put_in_pipe(channel, static_cast<uint32_t>(spec.capacity / kPageSize), bytes);
  } else if (spec.kind == ChannelSpec::Kind::kUnix) {
    bytes = room > 0 ? bytes : 0;
  } else {
    bytes = std::min(bytes, room);
  }
  channel.bytes += bytes;
  return bytes;
}

// pipe_write(): what is left of whole pages joins the last page if it fits there; all else takes pages of its own.
int64_t Engine::put_in_pipe(Channel& channel, uint32_t pages, int64_t bytes) {
  uint16_t* page = &pipe_pages_[channel.pages];
  int64_t rest = bytes % kPageSize, done = 0;
  if (channel.head != channel.tail && rest > 0) {
    uint16_t& last = page[(channel.head - 1) % pages];
    if (last + rest <= kPageSize) {
      last = static_cast<uint16_t>(last + rest);
      done = rest;
    }
  }
  for (; done < bytes && channel.head - channel.tail < pages; ++channel.head) {
    int64_t part = std::min(kPageSize, bytes - done);
    page[channel.head % pages] = static_cast<uint16_t>(part);
    done += part;
  }
  return done;
}

// pipe_read(): whether a page of a full pipe became free.
bool Engine::take_from_pipe(Channel& channel, uint32_t pages, int64_t bytes) {
  uint16_t* page = &pipe_pages_[channel.pages];
  bool freed = false;
  while (bytes > 0 && channel.head != channel.tail) {
    uint16_t& first = page[channel.tail % pages];
    int64_t part = std::min<int64_t>(bytes, first);
    first = static_cast<uint16_t>(first - part);
    bytes -= part;
    if (first > 0) break;
    freed |= channel.head - channel.tail == pages;
    ++channel.tail;
  }
  return freed;
}

bool Engine::send(CpuId cpu, TaskId id, const Op& op) {
  Channel& channel = channels_[static_cast<size_t>(op.arg)];
  const ChannelSpec& spec = workload_.channels[static_cast<size_t>(op.arg)];
  Task& task = tasks_[id.index()];
  int64_t part = put(channel, spec, op.value - moved_[id.index()]);
  moved_[id.index()] += part;
  if (part > 0) {
    task.in_kernel = op.flags & kOpKernel;
    bytes_came(ChannelId(op.arg), op.flags);
  }
  if (moved_[id.index()] == op.value) {
    moved_[id.index()] = 0;
    if (channel.writers.first.valid() && has_room(channel, spec))
      wake_writers(channel, false);  // it leaves some to the next
    return true;
  }
  join(channel.writers, id);
  // A poll loop that waits for more than goes in has to begin with what there is.
  if (part == 0) bytes_came(ChannelId(op.arg), op.flags);
  wait_again(cpu, id);
  return false;
}

bool Engine::receive(CpuId cpu, TaskId id, const Op& op) {
  Channel& channel = channels_[static_cast<size_t>(op.arg)];
  const ChannelSpec& spec = workload_.channels[static_cast<size_t>(op.arg)];
  int64_t& got = moved_[id.index()];
  int64_t part = std::min(std::max<int64_t>(0, channel.bytes), op.value - got);
  channel.bytes -= part;
  got += part;
  channel.receiver = id;
  bool wakes = part > 0;
  if (spec.kind == ChannelSpec::Kind::kPipe)
    wakes = take_from_pipe(channel, static_cast<uint32_t>(spec.capacity / kPageSize), part);
  if (spec.kind == ChannelSpec::Kind::kUnix) wakes = 4 * channel.bytes <= spec.capacity;  // unix_writable()
  if (wakes && channel.writers.first.valid()) wake_writers(channel, spec.kind == ChannelSpec::Kind::kUnix);
  if (got == op.value) {
    got = 0;
    return true;
  }
  tasks_[id.index()].receiving = true;
  wait_again(cpu, id);
  return false;
}

void Engine::wait_again(CpuId cpu, TaskId id) {
  --tasks_[id.index()].pc;
  block(cpu, id, Cause::kBlockedToken, kStateInterruptible);
}

void Engine::bytes_came(ChannelId channel, uint8_t op_flags) {
  TaskId receiver = channels_[channel.index()].receiver;
  if (!receiver.valid() || !tasks_[receiver.index()].receiving) return;
  const Op& waits_in = workload_.program(receiver)[tasks_[receiver.index()].pc];
  if (waits_in.kind == OpKind::kReceive && waits_in.arg != channel.value()) return;
  tasks_[receiver.index()].receiving = false;
  try_to_wake_up(receiver, op_flags & kOpSync ? kWfTtwu | kWfSync : kWfTtwu);
}

bool Engine::has_room(const Channel& channel, const ChannelSpec& spec) const {
  if (spec.kind == ChannelSpec::Kind::kPipe) return channel.head - channel.tail < spec.capacity / kPageSize;
  return channel.bytes < spec.capacity;
}

void Engine::wake_writers(Channel& channel, bool all) {
  do {
    try_to_wake_up(take_first(channel.writers), kWfTtwu | kWfSync);
  } while (all && channel.writers.first.valid());
}

// Of a poll loop, those whose bytes are all there: one that waited for the rest would hold up the others. Those of one
// channel stay in order. Where none is, those for more than goes into a channel at once: a writer waits there.
uint64_t Engine::ready_segments(TaskId id, PollLoop& loop, int32_t most) {
  std::span<const Op> program = workload_.program(id);
  uint64_t ready = 0, in_parts = 0;
  ++scans_;
  uint32_t at = loop.base;
  for (int i = 0; i < kWindow && most > 0 && program[at].kind == OpKind::kSelect; ++i) {
    const Op& receive = program[at + 1];
    at += static_cast<uint32_t>(program[at].value);
    Channel& channel = channels_[static_cast<size_t>(receive.arg)];
    if (loop.done >> i & 1 || channel.scan == scans_) continue;
    channel.scan = scans_;
    channel.receiver = id;
    if (channel.bytes < receive.value) {
      if (channel.writers.first.valid()) in_parts |= uint64_t{1} << i;
      continue;
    }
    ready |= uint64_t{1} << i;
    --most;
  }
  return ready != 0 ? ready : in_parts & -in_parts;
}

// The task is at the beginning or the end of a segment of its poll loop: on to the next that has its bytes, as the last
// poll found it, or polls again. True: go on at pc.
bool Engine::select(CpuId cpu, TaskId id, const Op& op) {
  Task& task = tasks_[id.index()];
  PollLoop& loop = poll_loops_[static_cast<size_t>(op.arg)];
  const PollLoopSpec& spec = workload_.poll_loops[static_cast<size_t>(op.arg)];
  std::span<const Op> program = workload_.program(id);
  if (!loop.entered) loop = {.base = task.pc - 1, .entered = true, .polled = true};
  if (loop.running >= 0) {
    loop.done |= uint64_t{1} << loop.running;
    loop.batch &= ~loop.done;
  }
  loop.running = -1;
  for (; loop.done & 1; loop.done >>= 1, loop.batch >>= 1) loop.base += static_cast<uint32_t>(program[loop.base].value);
  task.pc = loop.base + 1;
  if (program[loop.base].kind == OpKind::kSelectEnd) {
    loop.entered = false;
    return true;
  }
  if (loop.batch == 0) {
    if (!loop.polled && spec.round > Work(0)) {
      loop.polled = true;
      --task.pc;
      start_work(cpu, id, spec.round);
      return false;
    }
    loop.batch = ready_segments(id, loop, spec.batch);
    if (loop.batch == 0) {
      task.receiving = true;
      wait_again(cpu, id);
      return false;
    }
    loop.polled = false;
  }
  loop.running = static_cast<int8_t>(std::countr_zero(loop.batch));
  uint32_t at = loop.base;
  for (int i = 0; i < loop.running; ++i) at += static_cast<uint32_t>(program[at].value);
  task.pc = at + 1;
  return true;
}

}  // namespace simsched
