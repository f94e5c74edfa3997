// Engine: one simulation, from its start to its results. A Kernel (sim/kernel.h), and what makes it live: events,
// programs, hotplug.
//
// Machine and Workload are shared and must outlive it; all that changes is inside, so any number of
// engines run side by side. Not thread-safe itself: one thread an engine.
#pragma once

#include <memory>
#include <vector>

#include "sim/kernel.h"
#include "sim/metric_table.h"
#include "sim/packets.h"
#include "sim/results.h"
#include "traces/sched_trace.h"

namespace simsched {

// A CPU goes away or comes back at some time.
struct HotplugEvent {
  Nanos at;
  CpuId cpu;
  bool online;
};

struct EngineOptions {
  KernelParams kernel;
  uint64_t seed = 1;
  Nanos duration = Nanos::max();  // stop then; else when every task that is not `background` has exited
  bool record = false;            // keep a SchedTrace
  bool check_invariants = false;  // after every event; for tests
  std::vector<HotplugEvent> hotplug;
};

// All that changes of an Engine beside its Kernel's part.
struct EngineState {
  // Blocked tasks, first come first served: linked by Task::next_waiter.
  struct WaitQueue {
    TaskId first, last;
  };
  struct Token {
    int32_t count = 0;  // below 0: a wait was let go without it
    WaitQueue waiters;
  };
  struct Channel {
    int64_t bytes = 0;   // in it; below 0: a receive was let go without them
    uint64_t scan = 0;   // the last look of a poll loop at it
    TaskId receiver;     // who waited for its bytes last, alone or in a poll loop: may wait for something else by now
    WaitQueue writers;   // blocked for room
    uint32_t pages = 0;  // of a pipe: where its pages begin in pipe_pages_
    uint32_t head = 0, tail = 0;  // pages filled and emptied so far
  };
  struct PollLoop {
    uint64_t done = 0, batch = 0;  // segments from `base` on, a bit each; batch: the last poll found them ready
    uint32_t base = 0;             // op of the first segment that is not done
    int8_t running = -1;           // segment, counted from `base`; -1: none
    bool entered = false;
    bool polled = false;  // the work of asking has been done for the next batch
  };
  std::vector<Token> tokens_;
  std::vector<Channel> channels_;
  std::vector<uint16_t> pipe_pages_;  // bytes in each, a ring a pipe
  std::vector<PollLoop> poll_loops_;
  // Of a task that others wait for: the op that it is at is done in parts.
  struct Holding {
    TaskId first;     // who waits for the least more work, and so on by next_waiter
    Work part, rest;  // of the op: the part in progress, and what comes after it
  };
  std::vector<Holding> holding_;  // by task; empty without locks
  std::vector<Work> waits_;       // by task that waits: for so much work more than the one before it
  std::vector<Nanos> timers_;     // when each is due next
  std::vector<Nanos> until_;      // by task: when its kRuntime is over, 0 before it begins; empty without any
  std::vector<int64_t> moved_;    // by task: bytes of the message in progress that are through; empty without channels
  // Who polls a ring has taken this packet off it.
  struct Poll {
    RingId ring;    // none: none is being polled
    Packet packet;  // being worked on
    int32_t done = 0;  // packets of this poll
  };
  // NET_RX_SOFTIRQ of a CPU: the rings that wait to be polled, in order, and the round in progress.
  struct SoftIrq {
    RingId first, last;  // linked by RingState::next
    uint32_t count = 0;
    uint32_t left = 0;   // of the rings, those of this round
    int32_t budget = 0, rounds = 0;
    Nanos round_ends, ends;
    Work entry{0};           // of interrupts taken, before the next packet
    bool in_thread = false;  // ksoftirqd is at it
    Poll poll;
  };
  struct RingState {
    bool masked = false;  // no interrupt comes until it has been polled empty
    bool raised = false;  // one is on its way to a CPU that sleeps
    RingId next;
  };
  struct PacketEvents {
    int64_t interrupts = 0, rounds = 0, handed_over = 0;
  };
  PacketPlane packets_;
  std::vector<SoftIrq> softirqs_;  // by CPU; empty without packets
  std::vector<RingState> rings_;
  std::vector<Poll> thread_polls_;  // by poll thread with a ring of its own
  std::vector<WaitQueue> packet_waiters_;  // by packet queue
  PacketEvents packet_events_;
  uint64_t scans_ = 0;
  size_t foreground_left_ = 0;  // tasks that keep the simulation alive
  bool ended_ = false;          // the duration is over
  bool stopped_ = false;        // nothing more will happen
  uint64_t nr_events_ = 0;
  uint64_t nr_waits_ = 0, nr_free_waits_ = 0;  // kWait ops; of them, not blocked: the token had been signalled
  Nanos last_exit_;
};

class Engine : public Kernel, private EngineState {
 public:
  // `classes` from the highest to the lowest; one of them must take each policy of the workload.
  Engine(const Machine& machine, const Workload& workload, EngineOptions options,
         std::vector<std::unique_ptr<SchedClass>> classes);
  ~Engine();

  // Runs to the end. Throws Error when the workload can never end (a deadlock, an endless loop
  // without work), naming the task.
  void run();
  // Handles the next event: false when the simulation is over. Throws as run() does.
  bool step();
  // Handles the events up to and at `time`: false when the simulation is over.
  bool run_until(Nanos time);
  // Ends it here and now, unless it is over anyway: what is open is accounted for, and there is a result.
  void stop();
  RunResult result() const;                    // when it is over
  const SchedTrace& trace() const;             // so far, with `record`
  std::vector<CounterTrack> counters() const;  // the same

  // A snapshot: becomes like `other` between two of its events, and goes on as it would. Both were made from the same
  // machine, workload (the very objects), options (but `record` may be off here), and classes. No memory is allocated
  // but where more is in use than ever before here.
  void assign(const Engine& other);
  uint64_t nr_events() const { return nr_events_; }

 private:
  // engine.cc: the loop
  void handle(const Event& event);
  void start_recorder();
  void record_figures();
  void tick(CpuId cpu);
  bool finished() const;
  bool only_timers_left();

  // results.cc
  Totals totals() const;
  void group_tasks(RunResult& result) const;
  void report_groups(RunResult& result) const;
  bool starved(const Task& task) const;  // it hardly ever had the CPU that it waited for
  std::string starved_text() const;      // empty: nobody was

  // check.cc: what must hold, and what to say when it does not
  [[noreturn]] void report_deadlock() const;
  void check_invariants() const;
  bool has_runnable(CpuId cpu) const;

  // changes of the workload: execute.cc
  bool apply_change(const TimedChange& change);  // false: what it is about is no more
  void change(const Op& op, TaskId self);

  // hotplug.cc
  void change_hotplug(const HotplugEvent& change);
  void update_online();

  // execute.cc: programs
  void advance(CpuId cpu);
  void block(CpuId cpu, TaskId task, Cause cause, uint16_t trace_state);
  void leave_kernel(CpuId cpu, Task& task);
  void end_frame(Task& task, Nanos period);
  void sleep_until(CpuId cpu, TaskId task, Nanos time, uint8_t op_flags, Cause cause, uint16_t trace_state);
  void fork(CpuId cpu, TaskId parent, TaskId child);
  void start_exit(CpuId cpu, TaskId task);
  void exit_task(CpuId cpu, TaskId task, uint64_t Metrics::*outcome = &Metrics::exits);
  TokenId token_of(CpuId cpu, const Op& op) const;
  void signal(TokenId token, uint8_t op_flags);
  bool wait(CpuId cpu, TaskId task, const Op& op);
  bool barrier(CpuId cpu, TaskId task, const Op& op);
  bool timer(CpuId cpu, TaskId task, const Op& op);
  bool runtime(CpuId cpu, TaskId task, const Op& op);
  void start_work(CpuId cpu, TaskId task, Work work);
  void join(WaitQueue& queue, TaskId task);
  TaskId take_first(WaitQueue& queue);

  // illegal.cc: a core lacks what a task needs
  void end_illegal(CpuId cpu, TaskId task);

  // channels.cc: messages. True: done, go on; false: the task has blocked and does the op again when it is woken
  bool send(CpuId cpu, TaskId task, const Op& op);
  bool receive(CpuId cpu, TaskId task, const Op& op);
  bool select(CpuId cpu, TaskId task, const Op& op);
  uint64_t ready_segments(TaskId task, PollLoop& loop, int32_t most);
  void bytes_came(ChannelId channel, uint8_t op_flags);
  int64_t put(Channel& channel, const ChannelSpec& spec, int64_t bytes);
  int64_t put_in_pipe(Channel& channel, uint32_t pages, int64_t bytes);
  bool take_from_pipe(Channel& channel, uint32_t pages, int64_t bytes);
  bool has_room(const Channel& channel, const ChannelSpec& spec) const;
  void wake_writers(Channel& channel, bool all);
  void wait_again(CpuId cpu, TaskId task);

  // packet_ops.cc: tasks that take packets or poll. False: the task has blocked, or works
  bool packet_in(CpuId cpu, TaskId task, const Op& op);
  bool poll(CpuId cpu, TaskId task, const Op& op);
  bool poll_softirq(CpuId cpu, TaskId task, CpuId of);
  bool poll_own_ring(CpuId cpu, TaskId task, PollThreadId thread);
  bool end_poll(CpuId cpu, TaskId task);
  void start_packets();

  // softirq.cc: packets in soft interrupts
  void arm_ring(RingId ring);
  void packet_comes(RingId ring);
  CpuId irq_cpu(RingId ring) const;
  void start_softirq(CpuId cpu);
  void softirq_done(CpuId cpu);
  void go_on_softirq(CpuId cpu);
  void begin_softirq(CpuId cpu, SoftIrq& softirq);
  void begin_round(SoftIrq& softirq);
  Work next_packet(CpuId cpu, SoftIrq& softirq);
  bool take_packet(Poll& poll);
  void finish_packet(Poll& poll);
  void poll_later(SoftIrq& softirq, RingId ring);
  void unmask(RingId ring);
  void wake_ksoftirqd(CpuId cpu);
  Nanos in_ticks(int64_t ticks);
  void adopt_rings(CpuId gone);

  // packet_results.cc
  NamedGroups packet_results(const RunResult& result) const;

  // locks.cc
  TaskId holder_for(const Op& op, TaskId waiter) const;
  void wait_for_lock(CpuId cpu, TaskId task, const Op& op);
  void cut_op(TaskId holder, Work left);
  bool let_lock_go(CpuId cpu, TaskId holder);
  void let_all_locks_go(TaskId holder);
  void wake_lock_waiter(Holding& holding);

  // rescue.cc: a replay that cannot go on
  bool let_one_go();
  bool let_go(TaskId task);
  bool leave_queue(TaskId task);
  bool remove(WaitQueue& queue, TaskId task);

  // kills.cc
  bool await_kill(CpuId cpu, TaskId task, const Op& op);
  void kill(TaskId task);
  void end(TaskId task);
  void give_up_children(TaskId task);
  bool at_kill(TaskId task) const;
  void go_to_kill(TaskId task);
  void start_task(TaskId task);

  std::vector<TaskId> ksoftirqd_;  // by CPU; none where no packets come
  const EngineOptions options_;
  bool ends_with_foreground_ = false;
};

}  // namespace simsched
