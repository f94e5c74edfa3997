// Field numbers of the Perfetto protobuf messages that are written: protos/perfetto/trace/ of Perfetto v49
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
                      kSequenceFlags = 13, kSystemInfo = 45, kTrackDescriptor = 60;
constexpr uint32_t kIncrementalStateCleared = 1;  // of kSequenceFlags
}  // namespace packet
namespace bundle {
constexpr FieldNumber kCpu = 1, kEvent = 2, kLostEvents = 3;
}
namespace ftrace {
constexpr FieldNumber kTimestamp = 1, kPid = 2, kSwitch = 4, kFrequency = 11, kIdle = 13, kWaking = 20,
                      kWakeupNew = 114, kMigrateTask = 491;
}
namespace power {  // cpu_frequency and cpu_idle
constexpr FieldNumber kState = 1, kCpuId = 2;
}
namespace sched_switch {
constexpr FieldNumber kPrevComm = 1, kPrevPid = 2, kPrevPrio = 3, kPrevState = 4, kNextComm = 5, kNextPid = 6,
                      kNextPrio = 7;
}
namespace waking {  // sched_wakeup_new, too
constexpr FieldNumber kComm = 1, kPid = 2, kPrio = 3, kSuccess = 4, kTargetCpu = 5;
}
namespace migrate {
constexpr FieldNumber kComm = 1, kPid = 2, kPrio = 3, kOrigCpu = 4, kDestCpu = 5;
}
namespace process_tree {
constexpr FieldNumber kProcesses = 1;
}
namespace process {
constexpr FieldNumber kPid = 1, kParentPid = 2, kCmdline = 3;
}
namespace system_info {
constexpr FieldNumber kUtsname = 1;
}
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
