// The constants of sched_ext: include/linux/sched/ext.h and kernel/sched/ext_internal.h, Linux 6.18 (later ones
// are marked). The values are the kernel's.
#pragma once

#include <cstdint>

namespace simsched::ext {

// Dispatch queues (enum scx_dsq_id_flags). A user queue's id is below 2^63.
constexpr uint64_t kDsqFlagBuiltin = uint64_t{1} << 63;
constexpr uint64_t kDsqFlagLocalOn = uint64_t{1} << 62;
constexpr uint64_t kDsqInvalid = kDsqFlagBuiltin | 0;
constexpr uint64_t kDsqGlobal = kDsqFlagBuiltin | 1;
constexpr uint64_t kDsqLocal = kDsqFlagBuiltin | 2;
constexpr uint64_t kDsqBypass = kDsqFlagBuiltin | 3;
constexpr uint64_t kDsqLocalOn = kDsqFlagBuiltin | kDsqFlagLocalOn;
constexpr uint64_t kDsqLocalCpuMask = 0xffffffff;

constexpr uint64_t kSliceDfl = 20'000'000;  // ns
constexpr uint64_t kSliceBypass = 5'000'000;
constexpr uint64_t kSliceInf = UINT64_MAX;

enum OpsFlag : uint64_t {
  kOpsKeepBuiltinIdle = 1 << 0,
  kOpsEnqLast = 1 << 1,
  kOpsEnqExiting = 1 << 2,
  kOpsSwitchPartial = 1 << 3,
  kOpsEnqMigrationDisabled = 1 << 4,
  kOpsAllowQueuedWakeup = 1 << 5,
  kOpsBuiltinIdlePerNode = 1 << 6,
  kOpsAlwaysEnqImmed = 1 << 7,    // 7.1
  kOpsHasCgroupWeight = 1 << 16,  // deprecated, ignored
  kOpsAllFlags = 0xff | kOpsHasCgroupWeight,
};

enum EnqFlag : uint64_t {
  kEnqWakeup = 0x01,
  kEnqHead = uint64_t{1} << 16,
  kEnqCpuSelected = uint64_t{1} << 20,
  kEnqPreempt = uint64_t{1} << 32,
  kEnqImmed = uint64_t{1} << 33,  // 7.1
  kEnqReenq = uint64_t{1} << 40,
  kEnqLast = uint64_t{1} << 41,
  kEnqInternalMask = uint64_t{0xff} << 56,
  kEnqClearOpss = uint64_t{1} << 56,
  kEnqDsqPriq = uint64_t{1} << 57,
};

enum DeqFlag : uint64_t {
  kDeqSleep = 0x01,
  kDeqCoreSchedExec = uint64_t{1} << 32,
  kDeqSchedChange = uint64_t{1} << 33,  // 7.1
};
enum KickFlag : uint64_t { kKickIdle = 1, kKickPreempt = 2, kKickWait = 4 };
enum PickIdleFlag : uint64_t { kPickIdleCore = 1, kPickIdleInNode = 2 };
enum WakeFlagScx : uint64_t { kWakeFork = 0x04, kWakeTtwu = 0x08, kWakeSync = 0x10 };

// p->scx.flags
enum TaskFlag : uint32_t {
  kTaskQueued = 1 << 0,
  kTaskInCustody = 1 << 1,  // 7.1
  kTaskResetRunnableAt = 1 << 2,
  kTaskDeqdForSleep = 1 << 3,
  kTaskImmed = 1 << 5,        // from here: 7.1
  kTaskReenqKfunc = 1 << 12,  // why enqueue() is called again
  kTaskReenqImmed = 2 << 12,
  kTaskReenqPreempted = 3 << 12,
  kTaskReenqReasons = 7 << 12,
};

enum class ExitKind : uint32_t {
  kNone = 0,
  kDone = 1,
  kUnreg = 64,
  kUnregBpf = 65,
  kUnregKern = 66,
  kSysrq = 67,
  kError = 1024,
  kErrorBpf = 1025,
  kErrorStall = 1026,
};
constexpr uint64_t kEcodeActRestart = uint64_t{1} << 48;
constexpr uint64_t kEcodeRsnHotplug = uint64_t{1} << 32;

constexpr uint32_t kDspMaxBatch = 32;  // default of ops.dispatch_max_batch
constexpr int kDspMaxLoops = 32;
constexpr uint32_t kCpuPerfOne = 1024;
constexpr uint32_t kCgroupWeightDfl = 100, kCgroupWeightMin = 1, kCgroupWeightMax = 10000;

// Errors as the kernel returns them.
constexpr int32_t kEPERM = 1, kENOENT = 2, kENOMEM = 12, kEBUSY = 16, kEEXIST = 17, kENODEV = 19, kEINVAL = 22,
                  kEPROTO = 71, kEOPNOTSUPP = 95;

}  // namespace simsched::ext
