// The parts of build_workload(): following the events gives each task's marks, the marks become
// programs, and names and ancestry give the attributes. Private to replay/.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "replay/build_workload.h"
#include "replay/messages.h"
#include "topology/cache_warmth.h"
#include "topology/machine.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched::replay {

// Index into Recorded::tasks; -1: none.
using TaskIndex = int32_t;
constexpr TaskIndex kNobody = -1;
constexpr uint32_t kNoMark = ~uint32_t{0};

// The kernel's priorities (include/linux/sched/prio.h, 6.12): below kMaxRtPrio real time, kDefaultPrio is nice 0.
constexpr int kDefaultPrio = 120, kMaxRtPrio = 100, kMaxPrio = 140;

// An operation of a task and where in its work it stands.
struct Mark {
  enum class State : uint8_t {
    kLive,
    kDropped,       // it turned out to be none
    kExecSeenLate,  // an exec whose balancing was not seen: it was somewhat before `at`
    kPolled,        // a receive of a poll loop
    kPoll,          // no operation: a poll begins
    kAnswer,        // no operation: a send begins; op.value is its connection
  };
  bool has_op() const { return state < State::kPoll; }
  Work at;  // work that the task has done before it
  Op op;
  TaskIndex task = kNobody;
  State state = State::kLive;
};

struct RecordedTask {
  enum class State : uint8_t { kNew, kRunnable, kRunning, kBlocked, kEnded };

  Pid pid;
  uint32_t first_name = 0, last_name = 0;  // of SchedTrace::names
  TaskIndex parent = kNobody;
  TaskIndex first_waker = kNobody;
  int32_t tree = -1;           // of Circumstances::tasks
  int16_t prio = kNoPrio;      // the first that an event tells
  int16_t prio_now = kNoPrio;  // the last
  bool alive_at_start = false;
  bool exited = false;
  bool kthread = false;  // as far as its name and what it did tell
  bool execs = false;    // a user task for sure
  Nanos start{0};
  CpuId start_cpu;
  Work work{0};  // done in all stretches on a CPU that have ended

  // Where following the events stands.
  State state = State::kNew;
  uint8_t block_flags = 0;
  CpuId cpu;  // it runs or ran there
  CacheWarmth warmth;
  Work refill{0};     // cache refill to do at the start of the stretch on the CPU
  Nanos woken_at{0};  // when it was woken last; 0: never
  Nanos since{0};     // when it entered `state`
  Nanos paced{0};     // the clock of its CPU's pace when it came there
  TokenId token;      // none until it needs one
  uint32_t last_mark = kNoMark;
  Work last_at{0};                // where its last mark stands
  uint32_t early_wake = kNoMark;  // a signal that came while it still ran, and when
  Nanos early_wake_time{0};
  uint32_t exec_balance = kNoMark;  // it woke the stopper of its own CPU, and when
  Nanos exec_balance_time{0};
  uint32_t call = kNoCall;       // of SchedTrace::calls: it is in that
  Work call_work{0};             // where that began
  uint32_t kill_mark = kNoMark;  // a signal came: the mark here, and that of the sender
  uint32_t killer_mark = kNoMark;
  int32_t lock = -1;            // it is blocked for that
  std::vector<Work> lock_work;  // by user of the lock: how far that was when it blocked
  bool talked = false;          // it has sent or woken in it
  bool waits_in_op = false;     // what it is blocked in is an op that blocks by itself
};

struct Recorded {
  std::vector<RecordedTask> tasks;   // a parent before its children
  std::vector<Mark> marks;           // of all tasks; those of one task in the order of its work
  std::vector<Work> exec_distances;  // work between balancing and exec event, where both were seen
  size_t nr_tokens = 0;
  std::vector<ChannelSpec> channels;
  std::vector<std::vector<TaskIndex>> locks;  // the users of each
  std::vector<uint64_t> connections;          // by ChannelId: 0 or one number for both directions
};

// What the names in a recording tell.
class NameFacts {
 public:
  explicit NameFacts(const SchedTrace& trace);

  bool stopper(Pid pid) const { return pid.index() < stopper_.size() && stopper_[pid.index()]; }
  bool kthread(uint32_t name) const { return kthread_[name]; }
  int32_t tree(uint32_t name) const { return tree_[name]; }  // of Circumstances::tasks; -1: of none

 private:
  std::vector<bool> stopper_;  // by pid
  std::vector<bool> kthread_;  // by name
  std::vector<int32_t> tree_;  // by name
};

Recorded follow_events(const SchedTrace& trace, const Machine& machine, BuildReport& report);

// Kernel threads whose wakee_flips at the start can be told, and how many these were.
std::vector<std::pair<Pid, uint32_t>> wakee_flips(const SchedTrace& trace, const Machine& machine);

// Appends the tasks' programs to `workload.ops`, and one TaskSpec a task with its program, pid, parent and start.
void assemble_programs(const Recorded& recorded, Workload& workload);

// A stretch of a task's ops that belongs together in a poll loop.
struct Chunk {
  enum class Kind : uint8_t { kOther, kReceive, kPoll, kAnswer } kind = Kind::kOther;
  size_t first_op = 0;
  uint64_t connection = 0;  // kReceive, kAnswer
};

// The ops of one task, with the receives of its poll loops made into segments where they follow each other. `chunks`
// cover all ops.
std::vector<Op> with_poll_loops(std::span<const Op> ops, std::span<const Chunk> chunks,
                                std::span<const ChannelSpec> channels, std::vector<PollLoopSpec>& loops);

// Names, kthread, affinity, group, policy, nice, slice and background of the specs made by assemble_programs().
void set_attributes(const SchedTrace& trace, const Recorded& recorded, Workload& workload);

// The work in the first `elapsed` of a stretch on `cpu`, without what the simulation will add again: the context switch,
// the refill that goes along with the work, and that a slower core takes longer. `paced`: how much of `elapsed` counts at
// the CPU's top speed (replay/pace.h).
Work work_of_stretch(const Machine& machine, CpuId cpu, Nanos elapsed, Nanos paced, Work refill);
// The refill that a stretch on `cpu` begins with. `busy`: how long `cpu` has run tasks so far.
Work refill_of_stretch(const Machine& machine, CacheWarmth& warmth, Work left, CpuId last_cpu, CpuId cpu, Nanos busy);

// The CPU that a per-CPU kernel thread of this name is bound to; none when it is bound to none.
CpuId bound_to(const std::string& name);
// Whether it is of a kworker of one CPU's pools.
bool is_bound_worker(const std::string& name);

}  // namespace simsched::replay
