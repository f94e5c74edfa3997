// Workload: the tasks of a simulation. Immutable once built; any number of simulations share one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "base/units.h"
#include "topology/machine.h"
#include "workloads/packets.h"
#include "workloads/program.h"
#include "workloads/reservation.h"

namespace simsched {

// include/uapi/linux/sched.h; kStop, above all, is the per-CPU stopper (migration/N) alone.
enum class SchedPolicy : uint8_t {
  kNormal = 0,
  kFifo = 1,
  kRr = 2,
  kBatch = 3,
  kIdle = 5,
  kDeadline = 6,
  kExt = 7,
  kStop = 64
};

constexpr bool is_real_time(SchedPolicy policy) { return policy == SchedPolicy::kFifo || policy == SchedPolicy::kRr; }
// Whether its tasks go before all that are not of such a policy.
constexpr bool precedes_fair(SchedPolicy policy) { return is_real_time(policy) || policy == SchedPolicy::kDeadline; }

struct TaskSpec {
  uint32_t name = 0;      // index into Workload::names
  uint32_t first_op = 0;  // its program is ops[first_op, first_op + nr_ops)
  uint32_t nr_ops = 0;
  int32_t pid = 0;  // as shown in traces and reports
  TaskId parent;    // forks it; none: it starts by itself at `start`
  Nanos start{0};
  Nanos slice{0};   // custom slice (sched_setattr's sched_runtime); 0: the policy's own
  CpuId start_cpu;  // where it ran last before `start`; none: chosen by number
  AffinityId affinity{0};
  GroupId group{0};
  SchedPolicy policy = SchedPolicy::kNormal;
  int8_t nice = 0;
  uint8_t rt_priority = 0;  // 1..99 for real-time policies
  uint16_t reservation = 0;  // of SCHED_DEADLINE: which of Workload::reservations, from 1; 0 for other policies
  uint8_t wakee_flips = 0;  // how often it has woken another task than the last time, before its start
  WorkClass work_class = WorkClass::kScalar;
  uint16_t uclamp_min = 0, uclamp_max = kCapacityScale;  // sched_setattr's sched_util_min, sched_util_max
  uint16_t memory = 0;        // share of its work, of 1024, that waits for memory when that is near and idle
  int32_t footprint_kib = 0;  // what it keeps using of its memory; 0: not modelled
  uint16_t share = 0;  // from 1: it uses that memory together with all tasks that have the same number; 0: its own
  IsaSet isa = 0;      // instruction sets that it executes; a core without one of them ends it (SIGILL)
  bool kthread = false;
  bool background = false;  // does not keep the simulation alive: it ends when all others have exited
};

inline constexpr int64_t kPageSize = 4096;

// A pipe, or one direction of a socket, with one task that reads it.
struct ChannelSpec {
  enum class Kind : uint8_t {
    kStream,  // as many bytes as fit; writers are woken one by one
    kUnix,    // a message goes in whole while there is any room; all writers are woken when three quarters are free
    kPipe,    // pages; a write that fits goes into the last one, and one writer is woken when a page of a full pipe is
              // free
  };
  int64_t capacity = 0;  // bytes, of a pipe whole pages; 0: no bound
  Kind kind = Kind::kStream;
};

// A task that waits for any of several messages and handles what is there, then asks again.
struct PollLoopSpec {
  Work round;         // of asking once: the poll and what goes along with it
  int32_t batch = 1;  // messages handled after one poll, at most
};

// The tasks that use a lock: Workload::lock_users[first, first + count).
struct LockSpec {
  uint32_t first = 0, count = 0;
};

constexpr int32_t kDefaultGroupWeight = 100;

// A task group, as the files of a cgroup (v2) describe it.
struct GroupSpec {
  std::string name{};                    // "web"; empty: of a session (autogroup)
  GroupId parent{0};                     // comes before it; the root is its own
  int32_t weight = kDefaultGroupWeight;  // cpu.weight, 1 to 10000
  bool idle = false;                     // cpu.idle: runs when nothing else wants to; its weight counts nothing
  Nanos quota = Nanos::max();            // cpu.max: CPU time in each period; max: as much as there is
  Nanos period{100'000'000};
  Nanos burst{0};      // cpu.max.burst: of the quota that was left over, so much may be used later
  AffinityId cpus{0};  // cpuset.cpus, of which it has what its parent has
};

// What somebody outside does to a task or group at some time: an op that names it.
struct TimedChange {
  Nanos at;
  Nanos every{0};  // again and again from then on; 0: once
  Op op;
};

class Workload {
 public:
  std::string name;
  std::vector<std::string> names;  // distinct task names
  std::vector<TaskSpec> tasks;     // by TaskId; a parent need not precede its child
  std::vector<Op> ops;
  std::vector<CpuSet> affinities{1};  // by AffinityId; [0] is unused: every CPU
  size_t nr_tokens = 0;
  std::vector<TokenId> given;            // tokens that are there from the start: an entry each
  std::vector<Nanos> timers;             // of kTimer, by number: when each begins
  std::vector<ChannelSpec> channels;     // by ChannelId
  std::vector<PollLoopSpec> poll_loops;  // by number
  std::vector<LockSpec> locks;           // by number
  std::vector<TaskId> lock_users;
  Packets packets;
  // Made from a recording: each of its waits was met once. One that nothing will meet any more is let go and counted,
  // instead of ending the simulation.
  bool recorded = false;
  std::vector<GroupSpec> groups{1};  // by GroupId; [0] is the root, of which nothing can be set
  std::vector<GroupSpec> settings;   // by number: what a group becomes by kChangeGroup, all but name and parent
  std::vector<TimedChange> changes;
  std::vector<Reservation> reservations;
  std::vector<std::string> notes;      // sentences on what it leaves out of where it comes from, for people

  std::span<const Op> program(TaskId task) const {
    const TaskSpec& spec = tasks[task.index()];
    return {ops.data() + spec.first_op, spec.nr_ops};
  }
  const std::string& task_name(TaskId task) const { return names[tasks[task.index()].name]; }

  size_t nr_groups() const { return groups.size(); }
  std::string group_path(GroupId group) const;  // "web/inner"; of the root "/"

  uint32_t intern_name(const std::string& text);  // index into names
  AffinityId intern_affinity(const CpuSet& cpus);
  uint16_t intern_reservation(const Reservation& reservation);  // its number, from 1

  // That so many may be added. Throws Error, without a place, where tasks or operations would be more than a simulation
  // is made for: 4,194,304 and 67,108,864.
  void check_room(size_t more_tasks, size_t more_ops) const;

  // Appends a task that runs `program`, starts by itself at 0 and has pid 1000 + its number; the
  // caller sets the rest.
  TaskId add_task(const std::string& task_name, std::span<const Op> program);
  // Appends one more task that shares the program and all attributes of `task` but its pid.
  TaskId clone_task(TaskId task);

  // For a machine of other size than the workload was made for: start CPUs wrap round, affinities
  // are cut to the CPUs that exist, and one that has none left becomes "every CPU". Tasks that may run on every CPU
  // stay away from the isolated ones, as all that init starts.
  void fit(size_t nr_cpus, const CpuSet& isolated = {});

  // Checks every index, loop target and range, and that each forked task is forked exactly once, by
  // its parent; throws Error naming the task. `nr_cpus` 0: any machine.
  void check(size_t nr_cpus) const;

 private:
  std::unordered_map<std::string, uint32_t> name_index_;  // of names; catches up with those added directly
};

}  // namespace simsched
