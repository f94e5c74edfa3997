// A load for the guest (scx_port/proof/guest/oracle.cc): the programs of a Workload (workloads/program.h) as the bytes
// of one file: the header, the tasks, the operations. Standard library alone: the guest is linked statically, and built
// for other processors, too.
#pragma once

#include <cstdint>

namespace simsched::load {

// What a kernel can be asked to do. Meanings are those of workloads/program.h.
enum class OpKind : uint8_t {
  kCompute,      // value: ns of CPU time
  kSleep,        // value: ns
  kSleepUntil,   // value: ns since the load began
  kSleepPeriod,  // value: ns
  kWait,         // arg: token
  kSignal,       // arg: token
  kFork,         // arg: task
  kWaitChild,
  kExec,
  kExit,
  kYield,
  kSetNice,  // value: nice
  kLoop,     // arg: op of the program; value: times, 0 for ever; slot: counter
};

struct Op {
  OpKind kind;
  uint8_t slot;
  uint16_t unused;
  int32_t arg;
  int64_t value;
};
static_assert(sizeof(Op) == 16);

constexpr int kLoopSlots = 4;
constexpr int kNameSize = 16;  // TASK_COMM_LEN

struct Task {
  char name[kNameSize];
  uint32_t first_op, nr_ops;
  // Waits for tokens in read(2), so that it is woken as a pipe wakes its reader (WF_SYNC); otherwise in futex(2).
  uint32_t reads;
  uint32_t unused;
};

constexpr uint32_t kMagic = 0x31646c73;  // "sld1"

struct Header {
  uint32_t magic, nr_tasks, nr_ops, nr_tokens;
};

constexpr const char* kLaunch = "launch";  // the last task, which starts the others

}  // namespace simsched::load
