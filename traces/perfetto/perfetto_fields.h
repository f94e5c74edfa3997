// Field numbers of the Perfetto protobuf messages that are written or read: protos/perfetto/trace/ of Perfetto v49
// (trace_packet.proto, ftrace/ftrace_event.proto, ftrace/sched.proto, ps/process_tree.proto,
// track_event/*.proto, system_info.proto).
#pragma once

#include <cstdint>

namespace simsched::perfetto {

using FieldNumber = uint32_t;

namespace trace {
constexpr FieldNumber kPacket = 1;
}
namespace packet {
constexpr FieldNumber kFtraceEvents = 1, kProcessTree = 2, kTimestamp = 8, kTrustedSequenceId = 10, kTrackEvent = 11,
                      kSequenceFlags = 13, kFtraceStats = 34, kDropped = 42, kSystemInfo = 45, kCompressed = 50,
                      kTrackDescriptor = 60, kCpuInfo = 67, kMachineId = 98, kZstdCompressed = 133;
constexpr uint32_t kIncrementalStateCleared = 1;  // of kSequenceFlags
}  // namespace packet
namespace bundle {
constexpr FieldNumber kCpu = 1, kEvent = 2, kLostEvents = 3, kCompactSched = 4, kClock = 5, kLastReadEvent = 9,
                      kPreviousEnd = 10;
constexpr int64_t kLocalClock = 3;  // of kClock
}
namespace ftrace {
constexpr FieldNumber kTimestamp = 1, kPid = 2, kSwitch = 4, kCommonFlags = 5, kCpuFrequency = 11, kCpuIdle = 13,
                      kWakeup = 17, kWaking = 20, kWakeupNew = 114, kNewTask = 235, kRename = 236, kExec = 237,
                      kExit = 238, kFork = 239, kMigrateTask = 491;
}
namespace sched_switch {
constexpr FieldNumber kPrevComm = 1, kPrevPid = 2, kPrevPrio = 3, kPrevState = 4, kNextComm = 5, kNextPid = 6,
                      kNextPrio = 7;
}
namespace compact {
constexpr FieldNumber kSwitchTimestamp = 1, kSwitchPrevState = 2, kSwitchNextPid = 3, kSwitchNextPrio = 4,
                      kInternTable = 5, kSwitchNextComm = 6, kWakingTimestamp = 7, kWakingPid = 8,
                      kWakingTargetCpu = 9, kWakingPrio = 10, kWakingComm = 11, kWakingFlags = 12;
}
namespace waking {  // sched_wakeup and sched_wakeup_new, too
constexpr FieldNumber kComm = 1, kPid = 2, kPrio = 3, kSuccess = 4, kTargetCpu = 5;
}
namespace migrate {
constexpr FieldNumber kComm = 1, kPid = 2, kPrio = 3, kOrigCpu = 4, kDestCpu = 5;
}
namespace fork {
constexpr FieldNumber kChildComm = 3, kChildPid = 4;
}
namespace new_task {
constexpr FieldNumber kPid = 1, kComm = 2;
}
namespace rename {
constexpr FieldNumber kPid = 1, kNewComm = 3;
}
namespace exec {  // sched_process_exit, too, which has the command in place of the file
constexpr FieldNumber kFilename = 1, kPid = 2;
}
namespace power {  // cpu_frequency, cpu_idle
constexpr FieldNumber kState = 1, kCpuId = 2;
}
namespace process_tree {
constexpr FieldNumber kProcesses = 1;
}
namespace process {
constexpr FieldNumber kPid = 1, kParentPid = 2, kCmdline = 3;
}
namespace system_info {
constexpr FieldNumber kUtsname = 1, kNumCpus = 8;
}
namespace cpu_info {
constexpr FieldNumber kCpus = 1, kFrequencies = 2, kCapacity = 3;
}
namespace ftrace_stats {
constexpr FieldNumber kPhase = 1, kCpuStats = 2, kOverrun = 3;
constexpr int64_t kEndOfTrace = 2;  // of kPhase
}  // namespace ftrace_stats
namespace utsname {
constexpr FieldNumber kSysname = 1, kRelease = 3;
}
namespace track {
constexpr FieldNumber kUuid = 1, kName = 2, kThread = 4, kCounter = 8;
}
namespace thread {
constexpr FieldNumber kPid = 1, kTid = 2;
}
namespace track_event {
constexpr FieldNumber kType = 9, kTrackUuid = 11, kName = 23, kCounterValue = 30;
constexpr int32_t kTypeSliceBegin = 1, kTypeSliceEnd = 2, kTypeCounter = 4;
}  // namespace track_event

}  // namespace simsched::perfetto
