// Ops: what a sched_ext scheduler implements: the kernel's struct sched_ext_ops (6.18), as an abstract class. A BPF
// program is one (scx_port/host/bpf_ops.h), a C++ policy can be another; both see the kernel through ExtClass
// (policies/ext/ext_class.h), whose public members are the kfuncs.
//
// Tasks are TaskIds here; stoppers and tasks of higher classes never appear, but init_task() and exit_task() are called
// for every task of the workload, as in the kernel.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "base/units.h"
#include "policies/ext/constants.h"
#include "workloads/workload.h"

namespace simsched::ext {

class ExtClass;

enum class Op : uint8_t {
  kSelectCpu,
  kEnqueue,
  kDequeue,
  kDispatch,
  kTick,
  kRunnable,
  kRunning,
  kStopping,
  kQuiescent,
  kYield,
  kCoreSchedBefore,
  kSetWeight,
  kSetCpumask,
  kUpdateIdle,
  kCpuAcquire,
  kCpuRelease,
  kInitTask,
  kExitTask,
  kEnable,
  kDisable,
  kDump,
  kDumpCpu,
  kDumpTask,
  kCgroupInit,
  kCgroupExit,
  kCgroupPrepMove,
  kCgroupMove,
  kCgroupCancelMove,
  kCgroupSetWeight,
  kCgroupSetBandwidth,
  kCgroupSetIdle,
  kCpuOnline,
  kCpuOffline,
  kInit,
  kExit,
};
constexpr int kNrOps = 35;
const char* op_name(Op op);  // "select_cpu"

// cpu.max as the callbacks on cgroups have it.
inline uint64_t period_us(const GroupSpec& group) { return static_cast<uint64_t>(group.period / 1_us); }
inline uint64_t quota_us(const GroupSpec& group) {
  return group.quota == Nanos::max() ? ~uint64_t{0} : static_cast<uint64_t>(group.quota / 1_us);
}

struct OpsInfo {
  std::string name;
  uint64_t flags = 0;               // OpsFlag
  uint32_t dispatch_max_batch = 0;  // 0: kDspMaxBatch
  Nanos timeout{0};                 // 0: 30 s, which is also the most
  uint64_t hotplug_seq = 0;         // 0: not checked
  uint64_t implemented = 0;         // a bit for each Op
  bool has(Op op) const { return implemented >> static_cast<int>(op) & 1; }
};

// The part of a task that both the kernel and the policy write (struct sched_ext_entity). It lies where the policy
// wants it: in guest memory for a BPF program.
struct TaskFields {
  uint64_t* slice = nullptr;  // ns
  uint64_t* dsq_vtime = nullptr;
  uint32_t* weight = nullptr;   // 1..10000, nice 0 is 100
  uint32_t* flags = nullptr;    // TaskFlag
  uint8_t* disallow = nullptr;  // set by init_task(): the task stays fair
  uint64_t* runnable_at = nullptr;  // jiffies; may be none
};

struct ExitInfo {
  ExitKind kind = ExitKind::kNone;
  int64_t exit_code = 0;
  std::string reason;   // "runnable task stall"
  std::string message;  // "cc1[1234] failed to run for 30.357s"
  std::string dump;
};

// The callbacks. One that the policy does not implement (OpsInfo::implemented) is never called.
class Ops {
 public:
  virtual ~Ops() = default;

  virtual const OpsInfo& info() const = 0;
  // Called once before all else; `ext_class` outlives the Ops.
  virtual void attach(ExtClass& ext_class) = 0;
  // Becomes like `other`, made and attached as this was, for a kernel with the same inputs; between two callbacks.
  virtual void assign(const Ops& other) = 0;
  // The task comes into being / is gone for good: make room for its fields / any use of them is an error from now on.
  virtual void adopt_task(TaskId task) = 0;
  virtual void drop_task(TaskId task) = 0;
  // Of a task between these two; they stay where they are, but for assign().
  virtual TaskFields fields_of(TaskId task) = 0;
  // Whether the last callback ended in a fault of the policy's own (a bad pointer, ...); sets the message and the
  // process' exit code (base/exit_code.h).
  virtual bool faulted(std::string* /*message*/, int* /*exit_code*/) { return false; }

  virtual int32_t select_cpu(TaskId, CpuId /*prev*/, uint64_t /*wake_flags*/) { return -1; }
  virtual void enqueue(TaskId, uint64_t /*enq_flags*/) {}
  virtual void dequeue(TaskId, uint64_t /*deq_flags*/) {}
  virtual void dispatch(CpuId, TaskId /*prev, or none*/) {}
  virtual void tick(TaskId) {}
  virtual void runnable(TaskId, uint64_t /*enq_flags*/) {}
  virtual void running(TaskId) {}
  virtual void stopping(TaskId, bool /*runnable*/) {}
  virtual void quiescent(TaskId, uint64_t /*deq_flags*/) {}
  virtual bool yield(TaskId /*from*/, TaskId /*to, or none*/) { return false; }
  virtual void set_weight(TaskId, uint32_t) {}
  virtual void set_cpumask(TaskId, const CpuSet&) {}
  virtual void update_idle(CpuId, bool /*idle*/) {}
  virtual void cpu_acquire(CpuId) {}
  virtual void cpu_release(CpuId, int32_t /*reason: 0 rt, 1 dl, 2 stop, 3 unknown*/, TaskId /*by, or none*/) {}
  virtual void cpu_online(CpuId) {}
  virtual void cpu_offline(CpuId) {}
  virtual int32_t init_task(TaskId, bool /*fork*/) { return 0; }
  virtual void exit_task(TaskId, bool /*cancelled*/) {}
  virtual void enable(TaskId) {}
  virtual void disable(TaskId) {}
  virtual std::string dump() { return {}; }
  virtual int32_t cgroup_init(GroupId, uint32_t /*weight*/) { return 0; }
  virtual void cgroup_exit(GroupId) {}
  virtual int32_t cgroup_prep_move(TaskId, GroupId /*from*/, GroupId /*to*/) { return 0; }
  virtual void cgroup_move(TaskId, GroupId /*from*/, GroupId /*to*/) {}
  virtual void cgroup_set_weight(GroupId, uint32_t) {}
  virtual void cgroup_set_bandwidth(GroupId, uint64_t /*period_us*/, uint64_t /*quota_us*/, uint64_t /*burst_us*/) {}
  virtual void cgroup_set_idle(GroupId, bool) {}
  virtual int32_t init() { return 0; }
  virtual void exit(const ExitInfo&) {}

  // While a callback runs: the CPU whose run queue the kernel would have locked, and the line of the policy's source
  // that calls a kfunc (empty: not known).
  virtual CpuId locked_cpu() const { return {}; }
  virtual std::string call_site() const { return {}; }

  // Not a callback of the kernel's: the group of a task is another one, whether the policy hears of it or not.
  virtual void task_regrouped(TaskId) {}
  // Nor this: the timer with this key, set by ExtClass::set_timer(), has run out.
  virtual void timer(uint64_t /*key*/) {}
  // Nor that: a tracepoint that programs may hang on. Only called when wants_sched_switch().
  virtual bool wants_sched_switch() const { return false; }
  virtual void sched_switch(CpuId, TaskId /*prev, or none: idle or stopper*/, TaskId /*next*/) {}

  // Figures of its own for the results, by name.
  virtual std::vector<std::pair<std::string, int64_t>> counters() { return {}; }
};

}  // namespace simsched::ext
